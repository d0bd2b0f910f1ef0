// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IUsageReceipts} from "../../../src/interfaces/IUsageReceipts.sol";
import {Params} from "../../../src/libraries/Params.sol";
import {ReceiptsFixture} from "../../support/ReceiptsFixture.sol";

contract FinaliseTest is ReceiptsFixture {
    bytes32 private batchId;

    function setUp() public override {
        super.setUp();
        batchId = _post(lane, 1, 10, "top");
    }

    function testFuzz_anyone_at_the_second_and_not_before(address caller) public {
        uint64 finalAt = uint64(block.timestamp) + WINDOW;
        vm.warp(finalAt - 1);
        vm.expectRevert(abi.encodeWithSelector(IUsageReceipts.TooEarly.selector, finalAt));
        receipts.finalise(lane, 1);
        vm.warp(finalAt);
        vm.expectEmit(address(receipts));
        emit IUsageReceipts.BatchFinal(batchId, lane, 10);
        vm.prank(caller);
        receipts.finalise(lane, 1);
        assertEq(uint256(receipts.postedOf(batchId).state), uint256(IUsageReceipts.State.Final), "state");
    }

    function test_once() public {
        vm.warp(block.timestamp + WINDOW);
        receipts.finalise(lane, 1);
        vm.expectRevert(abi.encodeWithSelector(IUsageReceipts.WrongState.selector, batchId, IUsageReceipts.State.Final));
        receipts.finalise(lane, 1);
    }

    function test_only_what_is_posted() public {
        bytes32 none = receipts.batchIdOf(lane, 2);
        vm.expectRevert(abi.encodeWithSelector(IUsageReceipts.WrongState.selector, none, IUsageReceipts.State.None));
        receipts.finalise(lane, 2);
    }

    function test_a_shorter_window_later_does_not_hasten_it() public {
        governor.set(Params.DISPUTE_WINDOW, 1);
        vm.warp(block.timestamp + 10);
        vm.expectPartialRevert(IUsageReceipts.TooEarly.selector);
        receipts.finalise(lane, 1);
    }

    function test_in_any_order() public {
        _post(lane, 11, 10, "top");
        vm.warp(block.timestamp + WINDOW);
        receipts.finalise(lane, 11);
        receipts.finalise(lane, 1);
    }
}
