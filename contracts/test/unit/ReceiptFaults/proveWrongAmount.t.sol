// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IReceiptFaults} from "../../../src/interfaces/IReceiptFaults.sol";
import {IUsageReceipts} from "../../../src/interfaces/IUsageReceipts.sol";
import {Receipt, Tariff} from "../../../src/libraries/ReceiptTypes.sol";
import {FaultsFixture} from "../../support/FaultsFixture.sol";

contract ProveWrongAmountTest is FaultsFixture {
    IReceiptFaults.Fault private constant FAULT = IReceiptFaults.Fault.WrongAmount;

    function _wrong(uint64 seq) private view returns (Receipt memory r) {
        r = _receipt(lane, seq);
        r.lines[0].amount = 9;
        r.amount = 33;
    }

    function test_in_a_batch_it_marks_the_batch_and_its_attestation() public {
        Receipt[] memory run = _run(lane, 1, 5);
        run[2] = _wrong(3);
        bytes32 batchId = _postRun(run);
        _expectProven(FAULT, lane, keccak256(abi.encode(FAULT, lane, uint64(3))));
        faults.proveWrongAmount(_batched(run, 2), _tariff());
        _assertFaulty(batchId);
        assertTrue(faults.isBadBatch(batchId), "attested wrongly");
        _assertSlashes(1);
    }

    function test_signed_first_and_marked_later() public {
        Receipt[] memory run = _run(lane, 1, 5);
        run[2] = _wrong(3);
        bytes32 batchId = _postRun(run);
        faults.proveWrongAmount(_signed(run[2], signerKey), _tariff());
        assertTrue(!faults.isBadBatch(batchId), "not by a signature");
        assertTrue(_state(batchId) == IUsageReceipts.State.Posted, "not marked yet");
        faults.proveWrongAmount(_batched(run, 2), _tariff());
        _assertFaulty(batchId);
        assertTrue(faults.isBadBatch(batchId), "attested wrongly");
        _assertSlashes(1);
        IReceiptFaults.Evidence memory e = _batched(run, 2);
        _nothingNew(keccak256(abi.encode(FAULT, lane, uint64(3))), FAULT, e, e);
    }

    function test_a_final_batch_is_bad_all_the_same() public {
        Receipt[] memory run = _run(lane, 1, 5);
        run[4] = _wrong(5);
        bytes32 batchId = _postRun(run);
        vm.warp(block.timestamp + WINDOW);
        receipts.finalise(lane, 1);
        faults.proveWrongAmount(_batched(run, 4), _tariff());
        assertTrue(_state(batchId) == IUsageReceipts.State.Final, "final stays final");
        assertTrue(faults.isBadBatch(batchId), "attested wrongly");
    }

    function test_a_second_fault_in_a_faulty_batch() public {
        Receipt[] memory run = _run(lane, 1, 5);
        (run[2], run[3]) = (_wrong(3), _wrong(4));
        _postRun(run);
        faults.proveWrongAmount(_batched(run, 2), _tariff());
        faults.proveWrongAmount(_batched(run, 3), _tariff());
        _assertSlashes(2);
    }

    function test_in_a_group() public {
        Receipt[] memory run = _run(lane, 8, 3);
        run[2] = _wrong(10);
        faults.proveWrongAmount(_grouped(run, 2, signerKey), _tariff());
        _assertSlashes(1);
        assertTrue(receipts.laneOf(lane).closed, "closed");
    }

    function test_every_way_to_be_wrong() public {
        Receipt memory r = _receipt(lane, 1);
        r.amount += 1;
        faults.proveWrongAmount(_signed(r, signerKey), _tariff());
        r = _receipt(lane, 2);
        (r.kind, r.lines[1].unit) = (3, 6);
        faults.proveWrongAmount(_signed(r, signerKey), _tariff());
        r = _receipt(lane, 3);
        (r.kind, r.amount) = (2, 31);
        faults.proveWrongAmount(_signed(r, signerKey), _tariff());
        r = _receipt(lane, 4);
        r.kind = 7;
        faults.proveWrongAmount(_signed(r, signerKey), _tariff());
        r = _receipt(lane, 5);
        (r.kind, r.amount) = (4, 0);
        faults.proveWrongAmount(_signed(r, signerKey), _tariff());
        _assertSlashes(5);
    }

    function test_a_tariff_that_nobody_may_price_by() public {
        Tariff memory tariff = _tariff();
        tariff.lines[1].per = 0;
        Receipt memory r = _receipt(lane, 1);
        r.tariffId = harness.tariffId(tariff);
        faults.proveWrongAmount(_signed(r, signerKey), tariff);
        _assertSlashes(1);
    }

    function test_the_tariff_must_be_the_one_named() public {
        Tariff memory tariff = _tariff();
        bytes32 named_ = harness.tariffId(tariff);
        tariff.lines[0].price = 6;
        bytes32 given = harness.tariffId(tariff);
        IReceiptFaults.Evidence memory e = _signed(_receipt(lane, 1), signerKey);
        vm.expectRevert(abi.encodeWithSelector(IReceiptFaults.TariffMismatch.selector, given, named_));
        faults.proveWrongAmount(e, tariff);
    }

    function test_honest_receipts_of_every_kind() public {
        for (uint8 kind = 1; kind <= 4; kind++) {
            Receipt memory r = _receipt(lane, kind);
            r.kind = kind;
            IReceiptFaults.Evidence memory e = _signed(r, signerKey);
            _expectNoFault(FAULT);
            faults.proveWrongAmount(e, _tariff());
        }
    }

    function test_a_burn_of_what_the_caller_got_may_cost_anything() public {
        Receipt memory r = _receipt(lane, 1);
        (r.kind, r.lines[0].amount, r.amount) = (2, 3, 27);
        IReceiptFaults.Evidence memory e = _signed(r, signerKey);
        _expectNoFault(FAULT);
        faults.proveWrongAmount(e, _tariff());
    }
}
