// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IUsageReceipts} from "../../../src/interfaces/IUsageReceipts.sol";
import {ReceiptsFixture} from "../../support/ReceiptsFixture.sol";

contract MarkFaultyTest is ReceiptsFixture {
    bytes32 private batchId;

    function setUp() public override {
        super.setUp();
        batchId = _post(lane, 1, 10, "top");
    }

    function test_it_can_never_be_final_and_the_lane_is_closed() public {
        vm.expectEmit(address(receipts));
        emit IUsageReceipts.BatchFaulty(batchId, lane);
        vm.expectEmit(address(receipts));
        emit IUsageReceipts.LaneWasClosed(lane, 11);
        vm.prank(address(faults));
        receipts.markFaulty(lane, 1);
        assertTrue(receipts.laneOf(lane).closed, "closed");
        vm.warp(block.timestamp + WINDOW);
        vm.expectRevert(abi.encodeWithSelector(IUsageReceipts.WrongState.selector, batchId, IUsageReceipts.State.Faulty));
        receipts.finalise(lane, 1);
    }

    function test_a_second_batch_of_the_closed_lane() public {
        bytes32 second = _post(lane, 11, 10, "top");
        vm.startPrank(address(faults));
        receipts.markFaulty(lane, 1);
        receipts.markFaulty(lane, 11);
        assertEq(uint256(receipts.postedOf(second).state), uint256(IUsageReceipts.State.Faulty), "state");
    }

    function test_after_the_window_until_it_is_final() public {
        vm.warp(block.timestamp + 2 * WINDOW);
        vm.prank(address(faults));
        receipts.markFaulty(lane, 1);
    }

    function test_neither_final_nor_unposted_nor_twice() public {
        _post(lane, 11, 10, "top");
        vm.warp(block.timestamp + WINDOW);
        receipts.finalise(lane, 1);
        vm.startPrank(address(faults));
        vm.expectRevert(abi.encodeWithSelector(IUsageReceipts.WrongState.selector, batchId, IUsageReceipts.State.Final));
        receipts.markFaulty(lane, 1);
        bytes32 none = receipts.batchIdOf(lane, 5);
        vm.expectRevert(abi.encodeWithSelector(IUsageReceipts.WrongState.selector, none, IUsageReceipts.State.None));
        receipts.markFaulty(lane, 5);
        receipts.markFaulty(lane, 11);
        bytes32 twice = receipts.batchIdOf(lane, 11);
        vm.expectRevert(abi.encodeWithSelector(IUsageReceipts.WrongState.selector, twice, IUsageReceipts.State.Faulty));
        receipts.markFaulty(lane, 11);
    }

    function testFuzz_only_the_prover(address caller) public {
        vm.assume(caller != address(faults));
        vm.startPrank(caller);
        vm.expectRevert(abi.encodeWithSelector(IUsageReceipts.OnlyProver.selector, caller));
        receipts.markFaulty(lane, 1);
        vm.expectRevert(abi.encodeWithSelector(IUsageReceipts.OnlyProver.selector, caller));
        receipts.closeFaulty(lane);
    }

    function test_closing_marks_nothing() public {
        vm.expectEmit(address(receipts));
        emit IUsageReceipts.LaneWasClosed(lane, 11);
        vm.startPrank(address(faults));
        receipts.closeFaulty(lane);
        assertEq(uint256(receipts.postedOf(batchId).state), uint256(IUsageReceipts.State.Posted), "state");
        vm.expectRevert(abi.encodeWithSelector(IUsageReceipts.LaneClosed.selector, lane));
        receipts.closeFaulty(lane);
        vm.expectRevert(abi.encodeWithSelector(IUsageReceipts.LaneUnknown.selector, bytes32("none")));
        receipts.closeFaulty("none");
    }
}
