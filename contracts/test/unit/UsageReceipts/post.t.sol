// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IQuorumScheme, IQuorumVerifier} from "../../../src/interfaces/IQuorumVerifier.sol";
import {IUsageReceipts} from "../../../src/interfaces/IUsageReceipts.sol";
import {Params} from "../../../src/libraries/Params.sol";
import {Batch} from "../../../src/libraries/ReceiptTypes.sol";
import {ReceiptTree} from "../../support/ReceiptTree.sol";
import {ReceiptsFixture} from "../../support/ReceiptsFixture.sol";

contract PostTest is ReceiptsFixture {
    bytes32 private constant TOP = keccak256("top");

    function _refused(Batch memory batch, bytes memory reason) private {
        (bytes memory signature, bytes memory attestation) = (_sign(batch), _attest(batch, 7));
        vm.expectRevert(reason);
        receipts.post(batch, TOP, signature, attestation);
    }

    function testFuzz_posts(uint32 count, uint128 total, address caller) public {
        count = uint32(bound(count, 1, type(uint32).max));
        Batch memory batch = _batch(lane, 1, count, total, TOP);
        bytes memory call = abi.encodeCall(receipts.post, (batch, TOP, _sign(batch), _attest(batch, 0x1c)));
        bytes32 expected = keccak256(abi.encode(lane, uint256(1)));
        uint64 finalAt = uint64(block.timestamp) + WINDOW;
        vm.expectEmit(address(receipts));
        emit IUsageReceipts.BatchPosted(expected, lane, batch.root, batch.dataHash, 1, count, total, 1, count, finalAt);
        vm.prank(caller);
        (, bytes memory answer) = address(receipts).call(call);
        bytes32 batchId = abi.decode(answer, (bytes32));
        assertEq(batchId, expected, "batch id");
        assertEq(receipts.batchIdOf(lane, 1), expected, "batch id by view");
        IUsageReceipts.Posted memory posted = receipts.postedOf(batchId);
        assertEq(posted.root, batch.root, "root");
        assertEq(posted.total, total, "total");
        assertEq(posted.count, count, "count");
        assertEq(posted.finalAt, finalAt, "final at");
        assertEq(uint256(posted.state), uint256(IUsageReceipts.State.Posted), "state");
        assertEq(receipts.laneOf(lane).nextSeq, uint256(count) + 1, "next seq");
    }

    function test_batches_follow_each_other() public {
        _post(lane, 1, 10, TOP);
        _refused(_batch(lane, 12, 5, 0, TOP), abi.encodeWithSelector(IUsageReceipts.NotContiguous.selector, lane, 12, 11));
        _refused(_batch(lane, 10, 5, 0, TOP), abi.encodeWithSelector(IUsageReceipts.NotContiguous.selector, lane, 10, 11));
        _refused(_batch(lane, 1, 10, 1_000, TOP), abi.encodeWithSelector(IUsageReceipts.NotContiguous.selector, lane, 1, 11));
        _post(lane, 11, 5, TOP);
        assertEq(receipts.laneOf(lane).nextSeq, 16, "next seq");
    }

    function test_a_lane_begins_at_one() public {
        _refused(_batch(lane, 0, 5, 0, TOP), abi.encodeWithSelector(IUsageReceipts.NotContiguous.selector, lane, 0, 1));
    }

    function test_the_range_is_as_long_as_the_count() public {
        Batch memory batch = _batch(lane, 1, 10, 0, TOP);
        batch.seqTo = 11;
        _refused(batch, abi.encodePacked(IUsageReceipts.CountMismatch.selector));
        batch.seqTo = 9;
        _refused(batch, abi.encodePacked(IUsageReceipts.CountMismatch.selector));
        batch.seqTo = 0;
        batch.count = 0;
        batch.root = ReceiptTree.rootOf(TOP, 0, 0, lane, 1);
        _refused(batch, abi.encodePacked(IUsageReceipts.CountMismatch.selector));
    }

    function test_the_root_binds_all() public {
        Batch memory batch = _batch(lane, 1, 10, 500, TOP);
        bytes memory reason = abi.encodePacked(IUsageReceipts.RootMismatch.selector);
        batch.total = 501;
        _refused(batch, reason);
        batch = _batch(lane, 1, 10, 500, TOP);
        (batch.count, batch.seqTo) = (11, 11);
        _refused(batch, reason);
        batch = _batch(lane, 1, 10, 500, keccak256("another top"));
        _refused(batch, reason);
        // The root of another place, and of another lane.
        batch = _batch(lane, 2, 10, 500, TOP);
        (batch.seqFrom, batch.seqTo) = (1, 10);
        _refused(batch, reason);
        bytes32 other = _registerLane(GATEWAY, 1, signer);
        batch = _batch(lane, 1, 10, 500, TOP);
        batch.laneId = other;
        _refused(batch, reason);
        // The top itself is no root.
        batch = _batch(lane, 1, 10, 500, TOP);
        batch.root = TOP;
        _refused(batch, reason);
    }

    function test_unknown_and_closed_lanes() public {
        _refused(_batch("none", 1, 10, 0, TOP), abi.encodeWithSelector(IUsageReceipts.LaneUnknown.selector, bytes32("none")));
        vm.prank(operator);
        receipts.closeLane(lane);
        _refused(_batch(lane, 1, 10, 0, TOP), abi.encodeWithSelector(IUsageReceipts.LaneClosed.selector, lane));
    }

    function test_a_quorum_must_attest_exactly_this() public {
        Batch memory batch = _batch(lane, 1, 10, 500, TOP);
        bytes memory signature = _sign(batch);
        bytes memory few = _attest(batch, 3);
        vm.expectRevert(abi.encodeWithSelector(IQuorumVerifier.QuorumTooSmall.selector, 2, 3));
        receipts.post(batch, TOP, signature, few);
        Batch memory other = _batch(lane, 1, 10, 500, TOP);
        other.dataHash = keccak256("other data");
        bytes memory wrong = _attest(other, 7);
        vm.expectRevert(IQuorumScheme.SignatureInvalid.selector);
        receipts.post(batch, TOP, signature, wrong);
        bytes memory right = _attest(batch, 7);
        quorum.setEpoch(2);
        vm.expectRevert(abi.encodeWithSelector(IQuorumVerifier.EpochStale.selector, 1, 0));
        receipts.post(batch, TOP, signature, right);
    }

    function test_an_attestation_holds_on_one_chain_and_for_one_contract() public {
        Batch memory batch = _batch(lane, 1, 10, 500, TOP);
        bytes32 digest = receipts.digestOf(batch);
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Tallystick"),
                keccak256("1"),
                block.chainid,
                address(receipts)
            )
        );
        bytes32 typeHash = keccak256(
            "Batch(bytes32 root,bytes32 dataHash,uint64 epoch,uint32 count,uint128 total,bytes32 laneId,uint64 seqFrom,uint64 seqTo)"
        );
        bytes32 structHash = keccak256(
            abi.encode(typeHash, batch.root, batch.dataHash, uint256(1), uint256(10), uint256(500), lane, uint256(1), uint256(10))
        );
        assertEq(digest, keccak256(abi.encodePacked(hex"1901", domain, structHash)), "digest");
        bytes memory attestation = _attest(batch, 7);
        vm.chainId(block.chainid + 1);
        // The gateway signs for the other chain, so only the attestation is of this one.
        bytes memory signature = _sign(batch);
        vm.expectRevert(IQuorumScheme.SignatureInvalid.selector);
        receipts.post(batch, TOP, signature, attestation);
    }

    function test_the_window_that_held_then_is_kept() public {
        bytes32 first = _post(lane, 1, 10, TOP);
        governor.set(Params.DISPUTE_WINDOW, 3 * WINDOW);
        bytes32 second = _post(lane, 11, 10, TOP);
        assertEq(receipts.postedOf(first).finalAt, block.timestamp + WINDOW, "first");
        assertEq(receipts.postedOf(second).finalAt, block.timestamp + 3 * WINDOW, "second");
    }

    function test_a_gateway_that_left_is_no_obstacle_to_evidence() public {
        registry.set(GATEWAY, address(0));
        _post(lane, 1, 10, TOP);
    }

    function test_lanes_do_not_touch_each_other() public {
        bytes32 other = _registerLane(GATEWAY, 1, signer);
        _post(lane, 1, 10, TOP);
        _post(other, 1, 3, TOP);
        assertEq(receipts.laneOf(lane).nextSeq, 11, "one");
        assertEq(receipts.laneOf(other).nextSeq, 4, "other");
    }

    /// @notice A lane that is full takes nothing more: it would need a seq after the last.
    function test_the_last_seq_of_all_cannot_be_posted() public {
        bytes32 slot = bytes32(uint256(keccak256(abi.encode(lane, _lanesSlot()))) + 1);
        uint64 last = type(uint64).max;
        vm.store(address(receipts), slot, bytes32(uint256(last - 1) << 32));
        assertEq(receipts.laneOf(lane).nextSeq, last - 1, "the lane is nearly full");
        _refused(_batch(lane, last - 1, 2, 0, TOP), abi.encodeWithSignature("Panic(uint256)", 0x11));
        _post(lane, last - 1, 1, TOP);
        assertEq(receipts.laneOf(lane).nextSeq, last, "full");
    }

    /// @dev Of the mapping of lanes: the one slot whose entry holds the fixture's gateway.
    function _lanesSlot() private view returns (uint256 slot) {
        while (vm.load(address(receipts), keccak256(abi.encode(lane, slot))) != GATEWAY) slot++;
    }
}
