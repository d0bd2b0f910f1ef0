// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IReceiptFaults} from "../../../src/interfaces/IReceiptFaults.sol";
import {IUsageReceipts} from "../../../src/interfaces/IUsageReceipts.sol";
import {Receipt} from "../../../src/libraries/ReceiptTypes.sol";
import {FaultsFixture} from "../../support/FaultsFixture.sol";

contract ProveEquivocationTest is FaultsFixture {
    IReceiptFaults.Fault private constant FAULT = IReceiptFaults.Fault.Equivocation;

    /// @dev The same place with another answer.
    function _twin(Receipt memory r) private pure returns (Receipt memory twin) {
        twin = abi.decode(abi.encode(r), (Receipt));
        twin.responseHash = keccak256("another answer");
    }

    function _proof(uint64 seq) private view returns (bytes32) {
        return keccak256(abi.encode(FAULT, lane, seq));
    }

    function test_two_signed_receipts_close_the_lane() public {
        Receipt memory r = _receipt(lane, 4);
        _expectProven(FAULT, lane, _proof(4));
        vm.prank(stranger);
        bytes32 slashId = faults.proveEquivocation(_signed(r, signerKey), _signed(_twin(r), signerKey));
        assertEq(slashId, _slashId(_proof(4)), "slash id");
        assertTrue(receipts.laneOf(lane).closed, "closed");
        assertTrue(faults.isPunished(_proof(4)), "punished");
        _assertSlashes(1);
    }

    function test_a_posted_batch_against_a_signed_group() public {
        Receipt[] memory run = _run(lane, 1, 6);
        bytes32 batchId = _postRun(run);
        Receipt[] memory group = _run(lane, 3, 3);
        group[1] = _twin(group[1]);
        faults.proveEquivocation(_grouped(group, 1, signerKey), _batched(run, 3));
        _assertFaulty(batchId);
        assertTrue(!faults.isBadBatch(batchId), "oracles could not see it in the batch alone");
        _assertSlashes(1);
    }

    function test_once_whatever_the_form_and_order() public {
        Receipt[] memory run = _run(lane, 1, 6);
        bytes32 batchId = _postRun(run);
        IReceiptFaults.Evidence memory one = _signed(run[3], signerKey);
        IReceiptFaults.Evidence memory other = _signed(_twin(run[3]), signerKey);
        faults.proveEquivocation(one, other);
        assertTrue(_state(batchId) == IUsageReceipts.State.Posted, "signed evidence marks no batch");
        _nothingNew(_proof(4), FAULT, other, one);
        Receipt memory third = _twin(run[3]);
        third.amount = 0;
        _nothingNew(_proof(4), FAULT, one, _signed(third, signerKey));
        // A later proof by the batch marks it, and takes nothing more.
        vm.expectEmit(address(faults));
        emit IReceiptFaults.FaultProven(FAULT, lane, _proof(4), 0);
        assertEq(faults.proveEquivocation(_batched(run, 3), other), bytes32(0), "no slash");
        _assertFaulty(batchId);
        _assertSlashes(1);
        _nothingNew(_proof(4), FAULT, _batched(run, 3), other);
    }

    function test_of_a_final_batch_the_lane_is_closed_only() public {
        Receipt[] memory run = _run(lane, 1, 6);
        bytes32 batchId = _postRun(run);
        vm.warp(block.timestamp + WINDOW);
        receipts.finalise(lane, 1);
        faults.proveEquivocation(_batched(run, 3), _signed(_twin(run[3]), signerKey));
        assertTrue(_state(batchId) == IUsageReceipts.State.Final, "final stays final");
        assertTrue(receipts.laneOf(lane).closed, "closed");
        _assertSlashes(1);
    }

    function test_the_same_receipt_in_all_forms_is_no_fault() public {
        Receipt[] memory run = _run(lane, 1, 6);
        _postRun(run);
        IReceiptFaults.Evidence[3] memory forms = [_batched(run, 3), _signed(run[3], signerKey), _grouped(_run(lane, 3, 3), 1, signerKey)];
        for (uint256 i = 0; i < 3; i++) {
            for (uint256 j = 0; j < 3; j++) {
                _noFault(FAULT, forms[i], forms[j]);
            }
        }
    }

    function test_two_places_are_no_equivocation() public {
        _noFault(FAULT, _signed(_receipt(lane, 4), signerKey), _signed(_receipt(lane, 5), signerKey));
        _noFault(FAULT, _signed(_receipt(lane, 4), signerKey), _signed(_receipt(otherLane, 4), signerKey));
    }

    function test_a_faulty_lane_can_be_proven_further() public {
        Receipt memory r = _receipt(lane, 4);
        faults.proveEquivocation(_signed(r, signerKey), _signed(_twin(r), signerKey));
        r = _receipt(lane, 5);
        faults.proveEquivocation(_signed(r, signerKey), _signed(_twin(r), signerKey));
        _assertSlashes(2);
    }
}
