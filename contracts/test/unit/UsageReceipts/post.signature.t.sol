// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IQuorumVerifier} from "../../../src/interfaces/IQuorumVerifier.sol";
import {IUsageReceipts} from "../../../src/interfaces/IUsageReceipts.sol";
import {Batch, ReceiptGroup} from "../../../src/libraries/ReceiptTypes.sol";
import {ReceiptsFixture} from "../../support/ReceiptsFixture.sol";

/// @notice The gateway's signature under a batch. Every batch here is in its place, has its root, and is attested.
contract PostSignatureTest is ReceiptsFixture {
    bytes32 private constant TOP = keccak256("top");
    uint256 private constant ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    address private next;
    uint256 private nextKey;

    function setUp() public override {
        super.setUp();
        (next, nextKey) = account("next signer");
    }

    function _rotate(address key, uint64 from) private {
        vm.prank(operator);
        receipts.rotateSigner(lane, key, from);
    }

    function _of(uint64 seqFrom, uint32 count) private view returns (Batch memory) {
        return _batch(lane, seqFrom, count, 1_000, TOP);
    }

    function _postBy(Batch memory batch, uint256 key) private returns (bytes32) {
        return receipts.post(batch, TOP, signed(key, _groupDigest(batch)), _attest(batch, 7));
    }

    function _refusedBy(Batch memory batch, uint256 key) private {
        _refused(batch, signed(key, _groupDigest(batch)));
    }

    function _refused(Batch memory batch, bytes memory signature) private {
        bytes memory attestation = _attest(batch, 31);
        vm.expectRevert(abi.encodeWithSelector(IUsageReceipts.NotSignedByGateway.selector, batch.laneId));
        receipts.post(batch, TOP, signature, attestation);
        assertTrue(receipts.postedOf(receipts.batchIdOf(batch.laneId, batch.seqFrom)).state == IUsageReceipts.State.None, "not posted");
    }

    function test_missing() public {
        Batch memory batch = _of(1, 10);
        _refused(batch, "");
        _refused(batch, new bytes(65));
        bytes memory signature = _sign(batch);
        _refused(batch, bytes.concat(signature, hex"00"));
        _postBy(batch, signerKey);
    }

    function testFuzz_malformed(bytes calldata signature) public {
        _refused(_of(1, 10), signature);
    }

    function test_short_forms() public {
        Batch memory batch = _of(1, 10);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(signerKey, _groupDigest(batch));
        // ERC-2098, and a v of 0 or 1.
        _refused(batch, abi.encodePacked(r, bytes32(uint256(s) | (uint256(v - 27) << 255))));
        _refused(batch, abi.encodePacked(r, s, v - 27));
    }

    function test_malleable() public {
        Batch memory batch = _of(1, 10);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(signerKey, _groupDigest(batch));
        (uint8 w, bytes32 t) = (v == 27 ? 28 : 27, bytes32(ORDER - uint256(s)));
        assertEq(ecrecover(_groupDigest(batch), w, r, t), signer, "the twin recovers");
        _refused(batch, abi.encodePacked(r, t, w));
    }

    function testFuzz_foreign_keys(uint256 key) public {
        key = bound(key, 1, ORDER - 1);
        vm.assume(key != signerKey);
        _refusedBy(_of(1, 10), key);
    }

    /// @notice Neither the operator, who registers keys, nor a signer of the gateway's other lane.
    function test_keys_of_the_gateway_that_are_not_the_lanes() public {
        (, uint256 operatorKey) = account("operator");
        _refusedBy(_of(1, 10), operatorKey);
        _registerLane(GATEWAY, 1, next);
        _refusedBy(_of(1, 10), nextKey);
    }

    function test_a_key_before_and_after_its_range() public {
        _rotate(next, 11);
        _refusedBy(_of(1, 10), nextKey);
        _postBy(_of(1, 10), signerKey);
        _refusedBy(_of(11, 10), signerKey);
        _postBy(_of(11, 10), nextKey);
    }

    function test_signed_before_the_key_was_rotated_away() public {
        Batch memory batch = _of(1, 10);
        _postBy(batch, signerKey);
        batch = _of(11, 10);
        bytes memory signature = _sign(batch);
        _rotate(next, 11);
        _refused(batch, signature);
        _postBy(batch, nextKey);
    }

    function test_a_batch_that_spans_a_rotation_and_its_halves() public {
        _rotate(next, 11);
        _refusedBy(_of(1, 20), signerKey);
        _refusedBy(_of(1, 20), nextKey);
        _postBy(_of(1, 10), signerKey);
        _postBy(_of(11, 10), nextKey);
    }

    /// @notice To the last seq of a range, and not one further.
    function testFuzz_the_end_of_a_range(uint32 length) public {
        length = uint32(bound(length, 1, type(uint32).max - 1));
        _rotate(next, uint64(length) + 1);
        _refusedBy(_of(1, length + 1), signerKey);
        _postBy(_of(1, length), signerKey);
        _refusedBy(_of(uint64(length) + 1, 1), signerKey);
        _postBy(_of(uint64(length) + 1, 1), nextKey);
    }

    /// @notice A key that came again is valid at both ends of a batch in which another's range lies.
    function test_a_key_that_came_again() public {
        _rotate(next, 11);
        _rotate(signer, 21);
        assertEq(receipts.signerAt(lane, 1), receipts.signerAt(lane, 30), "one signer at both ends");
        _refusedBy(_of(1, 30), signerKey);
        _postBy(_of(1, 10), signerKey);
        _postBy(_of(11, 10), nextKey);
        _postBy(_of(21, 10), signerKey);
    }

    function test_a_rotation_to_the_same_key() public {
        _rotate(signer, 11);
        _refusedBy(_of(1, 20), signerKey);
        _postBy(_of(1, 10), signerKey);
        _postBy(_of(11, 10), signerKey);
    }

    function test_of_other_content() public {
        Batch memory batch = _of(1, 10);
        _refused(batch, _sign(_batch(lane, 1, 10, 1_001, TOP)));
        _refused(batch, _sign(_batch(lane, 1, 10, 1_000, keccak256("another top"))));
        _refused(batch, _sign(_of(1, 9)));
        _refused(batch, _sign(_of(2, 10)));
    }

    /// @notice Each field of the group counts, though the root binds most of them already.
    function test_of_a_group_that_differs_in_one_field() public {
        Batch memory batch = _of(1, 10);
        ReceiptGroup[6] memory groups;
        for (uint256 i = 0; i < 6; i++) {
            groups[i] = ReceiptGroup(batch.root, 10, 1_000, lane, 1, 10);
        }
        groups[0].root = TOP;
        groups[1].count = 11;
        groups[2].total = 999;
        groups[3].laneId = bytes32(uint256(lane) + 1);
        groups[4].seqFrom = 2;
        groups[5].seqTo = 11;
        for (uint256 i = 0; i < 6; i++) {
            _refused(batch, signed(signerKey, harness.digest(harness.hashGroup(groups[i]), address(receipts))));
        }
    }

    /// @notice What oracles sign is no word of the gateway, nor is a hash without its domain.
    function test_of_another_type() public {
        Batch memory batch = _of(1, 10);
        _refused(batch, signed(signerKey, receipts.digestOf(batch)));
        _refused(batch, signed(signerKey, batch.root));
        ReceiptGroup memory group = ReceiptGroup(batch.root, 10, 1_000, lane, 1, 10);
        _refused(batch, signed(signerKey, harness.hashGroup(group)));
    }

    function test_replayed_on_another_lane() public {
        bytes32 other = _registerLane(GATEWAY, 1, signer);
        _refused(_batch(other, 1, 10, 1_000, TOP), _sign(_of(1, 10)));
    }

    function test_replayed_on_another_chain() public {
        Batch memory batch = _of(1, 10);
        bytes memory signature = _sign(batch);
        vm.chainId(block.chainid + 1);
        _refused(batch, signature);
    }

    function test_replayed_on_another_contract() public {
        Batch memory batch = _of(1, 10);
        ReceiptGroup memory group = ReceiptGroup(batch.root, 10, 1_000, lane, 1, 10);
        _refused(batch, signed(signerKey, harness.digest(harness.hashGroup(group), address(faults))));
    }

    function test_replayed_at_the_next_place() public {
        Batch memory batch = _of(1, 10);
        _postBy(batch, signerKey);
        _refused(_of(11, 10), _sign(batch));
    }

    /// @notice An account's code is not asked: it can neither say yes to what its key did not sign, nor deny what it did.
    function test_a_signer_with_code() public {
        Batch memory batch = _of(1, 10);
        // Answers 0x1626ba7e, the yes of ERC-1271, to everything.
        vm.etch(signer, hex"631626ba7e60e01b5f5260205ff3");
        (bool ok, bytes memory answer) = signer.call("");
        assertTrue(ok && bytes4(answer) == 0x1626ba7e, "it says yes");
        _refusedBy(batch, nextKey);
        vm.etch(signer, hex"5f5ffd");
        _postBy(batch, signerKey);
    }

    /// @notice The quorum, which is dear to ask, is asked last.
    function test_the_quorum_is_not_asked_for_what_the_gateway_did_not_sign() public {
        Batch memory batch = _of(1, 10);
        bytes memory signature = signed(nextKey, _groupDigest(batch));
        vm.expectCall(address(quorum), abi.encodeWithSelector(quorum.verify.selector), 0);
        vm.expectRevert(abi.encodeWithSelector(IUsageReceipts.NotSignedByGateway.selector, lane));
        receipts.post(batch, TOP, signature, "");
    }

    /// @notice The gateway's word alone does not post: the attestation is asked all the same.
    function test_the_gateway_alone_posts_nothing() public {
        Batch memory batch = _of(1, 10);
        (bytes memory signature, bytes memory attestation) = (_sign(batch), _attest(batch, 0));
        vm.expectRevert(abi.encodeWithSelector(IQuorumVerifier.QuorumTooSmall.selector, 0, 3));
        receipts.post(batch, TOP, signature, attestation);
    }
}
