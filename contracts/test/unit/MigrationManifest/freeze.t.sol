// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMigrationManifest} from "../../../src/interfaces/IMigrationManifest.sol";
import {Roles} from "../../../src/libraries/Roles.sol";
import {ManifestSetup} from "./ManifestSetup.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

contract FreezeTest is ManifestSetup {
    function test_StopsEntriesAndWithdrawals() public {
        enter(alice, 10);
        enter(bob, 5);
        vm.expectEmit(address(manifest));
        emit IMigrationManifest.Frozen(15, 2, NOW + 24 hours);
        vm.prank(council);
        manifest.freeze();
        assertPhase(IMigrationManifest.Phase.Frozen);
        assertEq(manifest.frozenAt(), NOW, "since");
        assertEq(manifest.root(), bytes32(0), "no root before the tally");
        assertEq(manifest.tallied(), 0, "nothing tallied");
        vm.expectRevert(wrongPhase(IMigrationManifest.Phase.Frozen));
        enter(alice, 1);
        vm.expectRevert(wrongPhase(IMigrationManifest.Phase.Frozen));
        vm.prank(alice);
        manifest.withdraw();
    }

    /// An entry that was taken back keeps its place, but is nothing to move.
    function test_NotWithoutCredits() public {
        vm.prank(council);
        vm.expectRevert(IMigrationManifest.ZeroAmount.selector);
        manifest.freeze();
        enter(alice, 10);
        vm.prank(alice);
        manifest.withdraw();
        vm.prank(council);
        vm.expectRevert(IMigrationManifest.ZeroAmount.selector);
        manifest.freeze();
    }

    /// A governor who acts after a delay schedules the call long before: what is entered and taken back meanwhile cannot make it fail.
    function test_EntriesAfterItWasScheduledAreFrozenAsWell() public {
        address slow = named("slow council");
        manager.grantRole(Roles.GOVERNOR, slow, 2 days);
        enter(alice, 10);
        bytes memory call = abi.encodeCall(IMigrationManifest.freeze, ());
        vm.prank(slow);
        manager.schedule(address(manifest), call, 0);
        vm.warp(NOW + 2 days);
        enter(bob, 5);
        enter(alice, 1);
        vm.prank(bob);
        manifest.withdraw();
        vm.expectEmit(address(manifest));
        emit IMigrationManifest.Frozen(11, 2, NOW + 3 days);
        vm.prank(slow);
        manager.execute(address(manifest), call);
        manifest.tally(2);
        assertEq(manifest.root(), rootNow(), "the root of what is in it");
    }

    function test_OnlyOnce() public {
        enter(alice, 10);
        freezeNow();
        vm.expectRevert(wrongPhase(IMigrationManifest.Phase.Frozen));
        vm.prank(council);
        manifest.freeze();
        manifest.tally(1);
        vm.warp(NOW + 24 hours);
        vm.startPrank(council);
        manifest.seal();
        vm.expectRevert(wrongPhase(IMigrationManifest.Phase.Sealed));
        manifest.freeze();
        vm.stopPrank();
    }

    function test_NotAgainBeforeOwnersHadADayToLeave() public {
        enter(alice, 10);
        freezeNow();
        // It ran out, and nobody touched it since: the day counts from when it opened by itself.
        uint64 opened = NOW + manifest.FROZEN_MAX();
        expectTooEarly(opened, opened + 24 hours);
        expectTooEarly(opened + 24 hours - 1, opened + 24 hours);
        vm.warp(opened + 24 hours);
        freezeNow();
        vm.warp(opened + 30 hours);
        vm.prank(council);
        manifest.rollback();
        assertEq(manifest.openedAt(), opened + 30 hours, "opened by governance");
        expectTooEarly(opened + 54 hours - 1, opened + 54 hours);
        vm.warp(opened + 54 hours);
        freezeNow();
    }

    function expectTooEarly(uint64 now_, uint64 readyAt) private {
        vm.warp(now_);
        vm.expectRevert(abi.encodeWithSelector(IMigrationManifest.TooEarly.selector, readyAt));
        vm.prank(council);
        manifest.freeze();
    }

    function testFuzz_OnlyTheGovernor(address caller) public {
        vm.assume(caller != council);
        enter(alice, 10);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, caller));
        vm.prank(caller);
        manifest.freeze();
    }
}
