// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IParamGovernor} from "../../../src/interfaces/IParamGovernor.sol";
import {IUsageReceipts} from "../../../src/interfaces/IUsageReceipts.sol";
import {ReceiptsFixture} from "../../support/ReceiptsFixture.sol";

contract RegisterLaneTest is ReceiptsFixture {
    function testFuzz_registers(uint32 index, address key, bool perReceiptMint) public {
        vm.assume(key != address(0) && index != 0);
        bytes32 expected = keccak256(abi.encode(block.chainid, address(receipts), GATEWAY, uint256(index)));
        vm.expectEmit(address(receipts));
        emit IUsageReceipts.LaneRegistered(expected, GATEWAY, index, key, perReceiptMint);
        vm.prank(operator);
        bytes32 laneId = receipts.registerLane(GATEWAY, index, key, perReceiptMint);
        assertEq(laneId, expected, "lane id");
        IUsageReceipts.Lane memory made = receipts.laneOf(laneId);
        assertEq(made.gatewayId, GATEWAY, "gateway");
        assertEq(made.index, index, "index");
        assertEq(made.nextSeq, 1, "a lane begins at 1");
        assertTrue(!made.closed && made.perReceiptMint == perReceiptMint, "flags");
        assertEq(receipts.signerAt(laneId, 1), key, "signer");
        assertEq(receipts.signerAt(laneId, 0), address(0), "nobody signs seq 0");
        assertTrue(receipts.isSigner(laneId, key), "is a signer");
    }

    function test_another_chain_has_another_lane() public {
        bytes32 here = receipts.laneIdOf(GATEWAY, 0);
        vm.chainId(block.chainid + 1);
        assertTrue(receipts.laneIdOf(GATEWAY, 0) != here, "lane ids name the chain");
    }

    function test_only_the_operator() public {
        vm.expectRevert(abi.encodeWithSelector(IUsageReceipts.NotGateway.selector, stranger, GATEWAY));
        vm.prank(stranger);
        receipts.registerLane(GATEWAY, 1, signer, false);
    }

    function test_an_unknown_gateway_has_no_operator() public {
        bytes32 unknown = keccak256("unknown");
        vm.expectRevert(abi.encodeWithSelector(IUsageReceipts.NotGateway.selector, operator, unknown));
        vm.prank(operator);
        receipts.registerLane(unknown, 1, signer, false);
    }

    function test_once_only() public {
        vm.expectRevert(abi.encodeWithSelector(IUsageReceipts.LaneExists.selector, lane));
        vm.prank(operator);
        receipts.registerLane(GATEWAY, 0, stranger, true);
    }

    function test_a_closed_lane_is_not_registered_anew() public {
        vm.startPrank(operator);
        receipts.closeLane(lane);
        vm.expectRevert(abi.encodeWithSelector(IUsageReceipts.LaneExists.selector, lane));
        receipts.registerLane(GATEWAY, 0, signer, false);
    }

    function test_a_signer_is_needed() public {
        vm.expectRevert(IUsageReceipts.ZeroAddress.selector);
        vm.prank(operator);
        receipts.registerLane(GATEWAY, 1, address(0), false);
    }

    function test_a_pause_closes_this_entry_and_no_other() public {
        uint64 until = uint64(block.timestamp + 2 * WINDOW);
        governor.pauseUntil(until);
        vm.expectRevert(abi.encodeWithSelector(IParamGovernor.EntryPaused.selector, until));
        vm.prank(operator);
        receipts.registerLane(GATEWAY, 1, signer, false);
        // Evidence, rotation and closing go on.
        _post(lane, 1, 10, "top");
        vm.prank(operator);
        receipts.rotateSigner(lane, stranger, 11);
        vm.warp(block.timestamp + WINDOW);
        receipts.finalise(lane, 1);
        vm.prank(operator);
        receipts.closeLane(lane);
    }
}
