// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMigrationManifest} from "../../../src/interfaces/IMigrationManifest.sol";
import {ManifestSetup} from "./ManifestSetup.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

contract ManifestRollbackTest is ManifestSetup {
    function test_TheGovernorAtAnyTimeBeforeSealing() public {
        enter(alice, 10);
        freezeNow();
        vm.expectEmit(address(manifest));
        emit IMigrationManifest.RolledBack();
        vm.prank(council);
        manifest.rollback();
        assertPhase(IMigrationManifest.Phase.Open);
        vm.prank(alice);
        assertEq(manifest.withdraw(), 10, "nothing happened to it");
    }

    function test_AnyoneOnceItIsFrozenTooLong() public {
        enter(alice, 10);
        freezeNow();
        vm.warp(NOW + manifest.FROZEN_MAX() - 1);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, bob));
        vm.prank(bob);
        manifest.rollback();
        vm.warp(NOW + manifest.FROZEN_MAX());
        vm.prank(bob);
        manifest.rollback();
        assertPhase(IMigrationManifest.Phase.Open);
        assertEq(manifest.frozenAt(), 0, "cleared");
    }

    function test_NotWhileOpenAndNeverOnceSealed() public {
        enter(alice, 10);
        vm.startPrank(council);
        vm.expectRevert(wrongPhase(IMigrationManifest.Phase.Open));
        manifest.rollback();
        vm.stopPrank();
        sealNow();
        vm.warp(NOW + 365 days);
        vm.expectRevert(wrongPhase(IMigrationManifest.Phase.Sealed));
        vm.prank(council);
        manifest.rollback();
    }
}
