// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IReceiptFaults} from "../../../src/interfaces/IReceiptFaults.sol";
import {Receipt} from "../../../src/libraries/ReceiptTypes.sol";
import {FaultsFixture} from "../../support/FaultsFixture.sol";

contract ProveDoubleReceiptTest is FaultsFixture {
    IReceiptFaults.Fault private constant FAULT = IReceiptFaults.Fault.DoubleReceipt;

    /// @dev The call of `r` once more, at another place.
    function _again(Receipt memory r, bytes32 laneId, uint64 seq) private view returns (Receipt memory again) {
        again = _receipt(laneId, seq);
        (again.callId, again.attempt) = (r.callId, r.attempt);
    }

    function test_at_two_places_of_a_lane() public {
        Receipt memory r = _receipt(lane, 4);
        bytes32 proof = keccak256(abi.encode(FAULT, GATEWAY, r.callId, r.attempt, keccak256(abi.encode(lane, lane))));
        _expectProven(FAULT, lane, proof);
        faults.proveDoubleReceipt(_signed(r, signerKey), _signed(_again(r, lane, 9), signerKey));
        _assertSlashes(1);
        _nothingNew(proof, FAULT, _signed(_again(r, lane, 10), signerKey), _signed(r, signerKey));
    }

    function test_in_two_lanes_both_are_stopped() public {
        Receipt[] memory run = _run(lane, 1, 3);
        Receipt[] memory others = _run(otherLane, 1, 5);
        others[2] = _again(run[0], otherLane, 3);
        bytes32 one = _postRun(run);
        bytes32 other = _postRun(others);
        faults.proveDoubleReceipt(_batched(run, 0), _batched(others, 2));
        _assertFaulty(one);
        _assertFaulty(other);
        assertTrue(receipts.laneOf(lane).closed && receipts.laneOf(otherLane).closed, "both lanes");
        _assertSlashes(1);
    }

    function test_two_gateways_may_have_the_same_call_id() public {
        Receipt memory r = _receipt(lane, 4);
        _noFault(FAULT, _signed(r, signerKey), _signed(_again(r, foreignLane, 4), signerKey));
    }

    function test_another_attempt_is_another_receipt() public {
        Receipt memory r = _receipt(lane, 4);
        Receipt memory again = _again(r, lane, 5);
        again.attempt = 2;
        _noFault(FAULT, _signed(r, signerKey), _signed(again, signerKey));
    }

    function test_a_credit_repeats_the_call_that_it_credits() public {
        Receipt memory r = _receipt(lane, 4);
        Receipt memory credit = _again(r, lane, 5);
        (credit.kind, credit.refHash) = (4, harness.hash(r));
        _noFault(FAULT, _signed(r, signerKey), _signed(credit, signerKey));
        _noFault(FAULT, _signed(credit, signerKey), _signed(r, signerKey));
    }

    function test_one_place_is_an_equivocation_and_not_punished_twice() public {
        Receipt memory r = _receipt(lane, 4);
        Receipt memory twin = _receipt(lane, 4);
        twin.responseHash = keccak256("another answer");
        _noFault(FAULT, _signed(r, signerKey), _signed(twin, signerKey));
        _noFault(FAULT, _signed(r, signerKey), _signed(r, signerKey));
    }
}
