// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IReceiptFaults} from "../../../src/interfaces/IReceiptFaults.sol";
import {IUsageReceipts} from "../../../src/interfaces/IUsageReceipts.sol";
import {Batch, Receipt} from "../../../src/libraries/ReceiptTypes.sol";
import {FaultsFixture} from "../../support/FaultsFixture.sol";
import {ReceiptTree} from "../../support/ReceiptTree.sol";

contract ProveWrongKeyTest is FaultsFixture {
    IReceiptFaults.Fault private constant FAULT = IReceiptFaults.Fault.WrongKey;
    address private next;
    uint256 private nextKey;

    function setUp() public override {
        super.setUp();
        (next, nextKey) = account("next signer");
        vm.prank(operator);
        receipts.rotateSigner(lane, next, 50);
    }

    function test_the_old_key_after_its_range() public {
        bytes32 proof = keccak256(abi.encode(FAULT, lane, signer));
        _expectProven(FAULT, lane, proof);
        faults.proveWrongKey(_signed(_receipt(lane, 50), signerKey));
        _assertSlashes(1);
        assertTrue(receipts.laneOf(lane).closed, "closed");
    }

    function test_the_next_key_before_its_range() public {
        faults.proveWrongKey(_signed(_receipt(lane, 49), nextKey));
        _assertSlashes(1);
    }

    function test_in_a_group_that_spans_the_rotation() public {
        Receipt[] memory run = _run(lane, 48, 4);
        IReceiptFaults.Evidence memory before = _grouped(run, 1, signerKey);
        _expectNoFault(FAULT);
        faults.proveWrongKey(before);
        faults.proveWrongKey(_grouped(run, 2, signerKey));
        _assertSlashes(1);
    }

    function test_a_key_is_punished_once_however_much_it_signs() public {
        faults.proveWrongKey(_signed(_receipt(lane, 50), signerKey));
        IReceiptFaults.Evidence memory e = _signed(_receipt(lane, 51), signerKey);
        vm.expectRevert(abi.encodeWithSelector(IReceiptFaults.NothingNew.selector, keccak256(abi.encode(FAULT, lane, signer))));
        faults.proveWrongKey(e);
        faults.proveWrongKey(_signed(_receipt(lane, 5), nextKey));
        _assertSlashes(2);
    }

    /// What the threat model admits: who rotates its key out from under what it has signed answers once for the key, not for each fault. It never answers for nothing.
    function test_rotating_after_the_fact_leaves_one_fault_of_the_key() public {
        IReceiptFaults.Evidence[2] memory first = [_signed(_receipt(lane, 60), nextKey), _signed(_receipt(lane, 61), nextKey)];
        IReceiptFaults.Evidence[2] memory second = [_signed(_receipt(lane, 60), nextKey), _signed(_receipt(lane, 61), nextKey)];
        for (uint256 i = 0; i < 2; ++i) {
            second[i].receipt.responseHash = keccak256("another answer");
            second[i] = _signed(second[i].receipt, nextKey);
        }
        uint256 before = vm.snapshotState();
        faults.proveEquivocation(first[0], second[0]);
        faults.proveEquivocation(first[1], second[1]);
        _assertSlashes(2);
        vm.revertToState(before);

        vm.prank(operator);
        receipts.rotateSigner(lane, named("third signer"), 60);
        vm.expectRevert(IReceiptFaults.NotBound.selector);
        faults.proveEquivocation(first[0], second[0]);
        faults.proveWrongKey(first[0]);
        vm.expectRevert(abi.encodeWithSelector(IReceiptFaults.NothingNew.selector, keccak256(abi.encode(FAULT, lane, next))));
        faults.proveWrongKey(second[1]);
        _assertSlashes(1);
        assertTrue(receipts.laneOf(lane).closed, "closed");
    }

    function test_valid_keys_are_no_fault() public {
        IReceiptFaults.Evidence memory e = _signed(_receipt(lane, 49), signerKey);
        _expectNoFault(FAULT);
        faults.proveWrongKey(e);
        e = _signed(_receipt(lane, 50), nextKey);
        _expectNoFault(FAULT);
        faults.proveWrongKey(e);
    }

    function testFuzz_a_stranger_key_proves_nothing(uint256 key, uint64 seq) public {
        key = bound(key, 1, 1e30);
        seq = uint64(bound(seq, 0, 1e18));
        IReceiptFaults.Evidence memory e = _signed(_receipt(lane, seq), key);
        vm.expectRevert(IReceiptFaults.NotBound.selector);
        faults.proveWrongKey(e);
    }

    function test_a_key_of_another_lane_proves_nothing() public {
        IReceiptFaults.Evidence memory e = _signed(_receipt(otherLane, 5), nextKey);
        vm.expectRevert(IReceiptFaults.NotBound.selector);
        faults.proveWrongKey(e);
    }

    function test_a_posted_batch_shows_no_wrong_key() public {
        Receipt[] memory run = _run(lane, 1, 3);
        _postRun(run);
        IReceiptFaults.Evidence memory e = _batched(run, 1);
        e.signature = signed(nextKey, harness.digest(harness.hash(run[1]), address(receipts)));
        vm.expectRevert(IReceiptFaults.NotBound.selector);
        faults.proveWrongKey(e);
    }

    /// @notice A gateway that rotates the key away from under a batch that it signed keeps the batch from being posted, and pays for it.
    function test_rotating_away_from_a_signed_batch_is_proven_by_it() public {
        Receipt[] memory run = _run(otherLane, 1, 4);
        IReceiptFaults.Evidence memory e = _grouped(run, 2, signerKey);
        vm.prank(operator);
        receipts.rotateSigner(otherLane, next, 2);
        Batch memory batch = _batchOf(ReceiptTree.build(otherLane, 1, _leaves(run)));
        assertEq(e.signature, _sign(batch), "the group is all of the batch");
        bytes32 top = ReceiptTree.build(otherLane, 1, _leaves(run)).top;
        bytes memory attestation = _attest(batch, 7);
        vm.expectRevert(abi.encodeWithSelector(IUsageReceipts.NotSignedByGateway.selector, otherLane));
        receipts.post(batch, top, e.signature, attestation);
        faults.proveWrongKey(e);
        _assertSlashes(1);
    }

    function test_what_a_wrong_key_signed_binds_to_nothing_else() public {
        Receipt memory r = _receipt(lane, 50);
        r.amount = 1;
        IReceiptFaults.Evidence memory e = _signed(r, signerKey);
        vm.expectRevert(IReceiptFaults.NotBound.selector);
        faults.proveWrongAmount(e, _tariff());
    }
}
