// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IUsageReceipts} from "../../../src/interfaces/IUsageReceipts.sol";
import {Batch} from "../../../src/libraries/ReceiptTypes.sol";
import {ReceiptsFixture} from "../../support/ReceiptsFixture.sol";

contract CloseLaneTest is ReceiptsFixture {
    function test_no_more_batches_and_what_is_posted_becomes_final() public {
        _post(lane, 1, 10, "top");
        vm.expectEmit(address(receipts));
        emit IUsageReceipts.LaneWasClosed(lane, 11);
        vm.prank(operator);
        receipts.closeLane(lane);
        assertTrue(receipts.laneOf(lane).closed, "closed");
        Batch memory next = _batch(lane, 11, 10, 0, "top");
        (bytes memory signature, bytes memory attestation) = (_sign(next), _attest(next, 7));
        vm.expectRevert(abi.encodeWithSelector(IUsageReceipts.LaneClosed.selector, lane));
        receipts.post(next, "top", signature, attestation);
        vm.warp(block.timestamp + WINDOW);
        receipts.finalise(lane, 1);
    }

    function test_only_the_operator() public {
        vm.expectRevert(abi.encodeWithSelector(IUsageReceipts.NotGateway.selector, stranger, GATEWAY));
        vm.prank(stranger);
        receipts.closeLane(lane);
    }

    function test_once_and_known_lanes_only() public {
        vm.startPrank(operator);
        vm.expectRevert(abi.encodeWithSelector(IUsageReceipts.LaneUnknown.selector, keccak256("other")));
        receipts.closeLane(keccak256("other"));
        receipts.closeLane(lane);
        vm.expectRevert(abi.encodeWithSelector(IUsageReceipts.LaneClosed.selector, lane));
        receipts.closeLane(lane);
    }
}
