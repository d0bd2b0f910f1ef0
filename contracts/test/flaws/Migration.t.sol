// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMigrationManifest} from "../../src/interfaces/IMigrationManifest.sol";
import {ManifestSetup} from "../unit/MigrationManifest/ManifestSetup.sol";
import {FlawedClaims, FlawedManifest} from "./FlawedManifest.sol";

/// @notice A rollback after the new chain paid spends twice where that is possible; here it is not.
contract MigrationFlawsTest is ManifestSetup {
    function test_ARollbackAfterMintingSpendsTwice() public {
        FlawedManifest flawed = new FlawedManifest();
        FlawedClaims flawedClaims = new FlawedClaims(flawed);
        flawed.give(alice, 100);
        vm.startPrank(alice);
        flawed.enter(100);
        flawed.freeze();
        flawedClaims.claim();
        flawed.rollback();
        flawed.withdraw();
        vm.stopPrank();
        assertEq(flawed.free(alice) + flawedClaims.free(alice), 200, "twice what she had");
    }

    /// Ours pays on the new chain only what is sealed on the old one (`MigrationInvariant`), and what is sealed cannot be undone by anybody, however long one waits.
    function test_NothingIsUndoneOnceItIsSealed() public {
        enter(alice, 100);
        sealNow();
        bytes memory expected = wrongPhase(IMigrationManifest.Phase.Sealed);
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectRevert(expected);
            vm.prank(council);
            manifest.rollback();
            vm.expectRevert(expected);
            vm.prank(alice);
            manifest.withdraw();
            vm.warp(block.timestamp + manifest.FROZEN_MAX());
        }
        assertEq(credits.balanceOf(alice), 1_000e6 - 100, "once");
        assertEq(credits.balanceOf(address(manifest)), 0, "nothing is left to take");
    }
}
