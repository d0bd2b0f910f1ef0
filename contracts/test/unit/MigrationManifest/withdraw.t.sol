// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMigrationManifest} from "../../../src/interfaces/IMigrationManifest.sol";
import {ManifestSetup} from "./ManifestSetup.sol";

contract ManifestWithdrawTest is ManifestSetup {
    function test_AllOfItOnce() public {
        enter(alice, 10);
        enter(bob, 5);
        enter(alice, 1);
        vm.expectEmit(address(manifest));
        emit IMigrationManifest.Left(0, alice, 11, 5);
        vm.prank(alice);
        assertEq(manifest.withdraw(), 11, "amount");
        assertEq(credits.balanceOf(alice), 1_000e6, "all back");
        assertEq(manifest.entryOf(0).amount, 0, "the place stays");
        assertEq(manifest.entryOf(1).amount, 5, "nobody else moves");
        vm.expectRevert(abi.encodeWithSelector(IMigrationManifest.NothingEntered.selector, alice));
        vm.prank(alice);
        manifest.withdraw();
    }

    function test_NotByWhoNeverEntered() public {
        enter(bob, 5);
        vm.expectRevert(abi.encodeWithSelector(IMigrationManifest.NothingEntered.selector, alice));
        vm.prank(alice);
        manifest.withdraw();
    }

    function test_GoesOnWhilePaused() public {
        enter(alice, 10);
        governor.setPausedUntil(type(uint64).max);
        vm.prank(alice);
        manifest.withdraw();
        assertEq(credits.balanceOf(alice), 1_000e6, "all back");
    }

    function test_AFreezeThatIsNotSealedEndsByItself() public {
        enter(alice, 10);
        freezeNow();
        vm.warp(NOW + manifest.FROZEN_MAX() - 1);
        assertPhase(IMigrationManifest.Phase.Frozen);
        vm.expectRevert(wrongPhase(IMigrationManifest.Phase.Frozen));
        vm.prank(alice);
        manifest.withdraw();
        vm.warp(NOW + manifest.FROZEN_MAX());
        assertPhase(IMigrationManifest.Phase.Open);
        vm.prank(alice);
        assertEq(manifest.withdraw(), 10, "nobody is asked");
        assertEq(manifest.root(), bytes32(0), "no root");
    }

    function test_NotOnceSealed() public {
        enter(alice, 10);
        sealNow();
        vm.warp(block.timestamp + 365 days);
        vm.expectRevert(wrongPhase(IMigrationManifest.Phase.Sealed));
        vm.prank(alice);
        manifest.withdraw();
    }

    function testFuzz_ThereAndBackIsNothing(uint128[5] calldata amounts) public {
        uint256 total = 0;
        for (uint160 i = 0; i < 5; ++i) {
            uint128 amount = uint128(bound(amounts[i], 1, type(uint120).max));
            enrich(address(0x1000 + i), amount);
            enter(address(0x1000 + i), amount);
            total += amount;
        }
        assertEq(manifest.total(), total, "total");
        for (uint160 i = 5; i > 0; --i) {
            vm.prank(address(0x1000 + i - 1));
            manifest.withdraw();
        }
        assertEq(manifest.total(), 0, "nothing");
        assertEq(credits.balanceOf(address(manifest)), 0, "nothing");
    }
}
