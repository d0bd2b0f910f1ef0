// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMigrationManifest} from "../../../src/interfaces/IMigrationManifest.sol";
import {ManifestSetup} from "./ManifestSetup.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

contract ManifestSealTest is ManifestSetup {
    function setUp() public override {
        super.setUp();
        enter(alice, 10);
        enter(bob, 5);
    }

    function test_RedeemsTheCreditsToTheBridge() public {
        bytes32 root = rootNow();
        freezeNow();
        manifest.tally(2);
        vm.warp(NOW + 24 hours);
        vm.expectEmit(address(manifest));
        emit IMigrationManifest.Sealed_(root, 15, bridge);
        vm.prank(council);
        manifest.seal();
        assertPhase(IMigrationManifest.Phase.Sealed);
        assertEq(credits.asset().balanceOf(bridge), 15, "the reserve behind them");
        assertEq(credits.balanceOf(address(manifest)), 0, "no credits are left");
        vm.expectRevert(wrongPhase(IMigrationManifest.Phase.Sealed));
        vm.prank(council);
        manifest.seal();
    }

    function test_NotBeforeTheReviewNorAfterFrozenMax() public {
        vm.startPrank(council);
        vm.expectRevert(wrongPhase(IMigrationManifest.Phase.Open));
        manifest.seal();
        vm.stopPrank();
        freezeNow();
        manifest.tally(2);
        vm.warp(NOW + 24 hours - 1);
        vm.startPrank(council);
        vm.expectRevert(abi.encodeWithSelector(IMigrationManifest.TooEarly.selector, NOW + 24 hours));
        manifest.seal();
        vm.warp(NOW + 7 days);
        vm.expectRevert(abi.encodeWithSelector(IMigrationManifest.FrozenTooLong.selector, NOW));
        manifest.seal();
        vm.warp(NOW + 7 days - 1);
        manifest.seal();
        vm.stopPrank();
    }

    function test_NotBeforeAllIsTallied() public {
        freezeNow();
        vm.warp(NOW + 24 hours);
        vm.startPrank(council);
        vm.expectRevert(abi.encodeWithSelector(IMigrationManifest.TallyUnfinished.selector, 0, 2));
        manifest.seal();
        manifest.tally(1);
        vm.expectRevert(abi.encodeWithSelector(IMigrationManifest.TallyUnfinished.selector, 1, 2));
        manifest.seal();
        manifest.tally(1);
        manifest.seal();
        vm.stopPrank();
    }

    /// A freeze that was rolled back leaves nothing behind that the next one could be sealed with.
    function test_NotWithTheTallyOfAnEarlierFreeze() public {
        freezeNow();
        manifest.tally(2);
        vm.prank(council);
        manifest.rollback();
        vm.warp(NOW + 24 hours);
        freezeNow();
        vm.warp(NOW + 48 hours);
        vm.expectRevert(abi.encodeWithSelector(IMigrationManifest.TallyUnfinished.selector, 0, 2));
        vm.prank(council);
        manifest.seal();
    }

    function testFuzz_OnlyTheGovernor(address caller) public {
        vm.assume(caller != council);
        freezeNow();
        manifest.tally(2);
        vm.warp(NOW + 24 hours);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, caller));
        vm.prank(caller);
        manifest.seal();
    }
}
