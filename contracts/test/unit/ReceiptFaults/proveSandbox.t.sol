// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IReceiptFaults} from "../../../src/interfaces/IReceiptFaults.sol";
import {Receipt} from "../../../src/libraries/ReceiptTypes.sol";
import {FaultsFixture} from "../../support/FaultsFixture.sol";

contract ProveSandboxTest is FaultsFixture {
    IReceiptFaults.Fault private constant FAULT = IReceiptFaults.Fault.SandboxReceipt;

    function testFuzz_any_mode_but_live(uint8 mode) public {
        vm.assume(mode != 0);
        Receipt[] memory run = _run(lane, 1, 4);
        run[3].mode = mode;
        bytes32 batchId = _postRun(run);
        _expectProven(FAULT, lane, keccak256(abi.encode(FAULT, lane, uint64(4))));
        faults.proveSandbox(_batched(run, 3));
        _assertFaulty(batchId);
        assertTrue(faults.isBadBatch(batchId), "attested wrongly");
        _assertSlashes(1);
    }

    function test_signed() public {
        Receipt memory r = _receipt(lane, 9);
        r.mode = 1;
        IReceiptFaults.Evidence memory e = _signed(r, signerKey);
        faults.proveSandbox(e);
        _assertSlashes(1);
        _nothingNew(keccak256(abi.encode(FAULT, lane, uint64(9))), FAULT, e, e);
    }

    function test_live_receipts_are_no_fault() public {
        Receipt[] memory run = _run(lane, 1, 4);
        _postRun(run);
        IReceiptFaults.Evidence memory e = _batched(run, 3);
        _noFault(FAULT, e, e);
    }

    function test_in_a_lane_that_is_not_registered_it_is_where_it_belongs() public {
        Receipt memory r = _receipt(keccak256("placeholder"), 9);
        r.mode = 1;
        IReceiptFaults.Evidence memory e = _signed(r, signerKey);
        vm.expectRevert(IReceiptFaults.NotBound.selector);
        faults.proveSandbox(e);
    }
}
