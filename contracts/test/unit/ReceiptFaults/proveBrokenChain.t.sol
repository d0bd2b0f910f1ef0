// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IReceiptFaults} from "../../../src/interfaces/IReceiptFaults.sol";
import {Receipt} from "../../../src/libraries/ReceiptTypes.sol";
import {FaultsFixture} from "../../support/FaultsFixture.sol";

contract ProveBrokenChainTest is FaultsFixture {
    IReceiptFaults.Fault private constant FAULT = IReceiptFaults.Fault.BrokenChain;

    /// @dev The next of the source of `first`, at a place of its own.
    function _next(Receipt memory first, bytes32 laneId, uint64 charged, uint64 spent) private view returns (Receipt memory next) {
        next = _receipt(laneId, first.seq + 3);
        (next.sourceId, next.sourceSeq) = (first.sourceId, first.sourceSeq + 1);
        (next.charged, next.sourceSpent) = (charged, spent);
    }

    function _prove(Receipt memory first, Receipt memory second) private {
        faults.proveBrokenChain(_signed(first, signerKey), _signed(second, signerKey));
    }

    function _refused(Receipt memory first, Receipt memory second) private {
        IReceiptFaults.Evidence memory a = _signed(first, signerKey);
        IReceiptFaults.Evidence memory b = _signed(second, signerKey);
        _expectNoFault(FAULT);
        faults.proveBrokenChain(a, b);
    }

    function testFuzz_the_sum_must_follow(uint64 spent, uint64 charged, uint64 after_) public {
        Receipt memory first = _receipt(lane, 4);
        first.sourceSpent = spent;
        Receipt memory second = _next(first, lane, charged, after_);
        if (uint256(spent) + charged == after_) return _refused(first, second);
        bytes32 proof = keccak256(abi.encode(FAULT, GATEWAY, first.sourceId, uint64(5), keccak256(abi.encode(lane, lane))));
        IReceiptFaults.Evidence memory a = _signed(first, signerKey);
        IReceiptFaults.Evidence memory b = _signed(second, signerKey);
        _expectProven(FAULT, lane, proof);
        faults.proveBrokenChain(a, b);
        _assertSlashes(1);
    }

    function testFuzz_honest_sums(uint64 spent, uint64 charged, uint8 kind) public {
        kind = uint8(bound(kind, 1, 3));
        spent = uint64(bound(spent, 0, type(uint64).max - charged));
        Receipt memory first = _receipt(lane, 4);
        first.sourceSpent = spent;
        Receipt memory second = _next(first, lane, charged, spent + charged);
        second.kind = kind;
        _refused(first, second);
    }

    function testFuzz_a_credit_gives_back(uint64 spent, uint64 given, uint64 off) public {
        given = uint64(bound(given, 0, spent));
        Receipt memory first = _receipt(lane, 4);
        first.sourceSpent = spent;
        Receipt memory second = _next(first, lane, given, spent - given);
        second.kind = 4;
        _refused(first, second);
        vm.assume(off != spent - given);
        second.sourceSpent = off;
        _prove(first, second);
        _assertSlashes(1);
    }

    function test_a_sum_that_wraps_is_broken() public {
        Receipt memory first = _receipt(lane, 4);
        first.sourceSpent = type(uint64).max;
        _prove(first, _next(first, lane, 10, 9));
        _assertSlashes(1);
    }

    function test_across_lanes_of_one_gateway() public {
        Receipt memory first = _receipt(lane, 4);
        _refused(first, _next(first, otherLane, 10, 50));
        _prove(first, _next(first, otherLane, 10, 51));
        assertTrue(receipts.laneOf(lane).closed && receipts.laneOf(otherLane).closed, "both lanes");
        _assertSlashes(1);
    }

    function test_not_across_gateways() public {
        Receipt memory first = _receipt(lane, 4);
        _refused(first, _next(first, foreignLane, 10, 51));
    }

    function test_not_across_sources_nor_gaps_nor_backwards() public {
        Receipt memory first = _receipt(lane, 4);
        Receipt memory second = _next(first, lane, 10, 51);
        second.sourceId = keccak256("another source");
        _refused(first, second);
        second = _next(first, lane, 10, 51);
        second.sourceSeq = 6;
        _refused(first, second);
        _refused(_next(first, lane, 10, 51), first);
    }

    function test_a_history_does_not_fork() public {
        Receipt[] memory run = _run(lane, 1, 6);
        Receipt memory fork = _receipt(otherLane, 2);
        (fork.sourceId, fork.sourceSeq, fork.charged, fork.sourceSpent) = (run[3].sourceId, 4, 10, 40);
        bytes32 batchId = _postRun(run);
        faults.proveBrokenChain(_batched(run, 3), _signed(fork, signerKey));
        _assertFaulty(batchId);
        assertTrue(!faults.isBadBatch(batchId), "oracles could not see it in the batch alone");
        _assertSlashes(1);
    }

    function test_one_place_is_an_equivocation_and_not_punished_twice() public {
        Receipt memory twin = _receipt(lane, 4);
        twin.responseHash = keccak256("another answer");
        _refused(_receipt(lane, 4), twin);
        _refused(_receipt(lane, 4), _receipt(lane, 4));
    }

    function test_seqs_of_a_source_begin_at_one() public {
        Receipt memory first = _receipt(lane, 4);
        first.sourceSeq = 0;
        _refused(first, _next(first, lane, 10, 999));
        Receipt memory second = _receipt(lane, 5);
        second.sourceSeq = 0;
        _refused(first, second);
    }

    function test_the_last_seq_of_a_source_has_no_next() public {
        Receipt memory first = _receipt(lane, 4);
        first.sourceSeq = type(uint64).max;
        Receipt memory second = _receipt(lane, 5);
        second.sourceSeq = 0;
        _refused(first, second);
    }
}
