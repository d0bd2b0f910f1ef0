// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IReceiptFaults} from "../../../src/interfaces/IReceiptFaults.sol";
import {Receipt} from "../../../src/libraries/ReceiptTypes.sol";
import {FaultsFixture} from "../../support/FaultsFixture.sol";

/// At the place 0 a lane has no key, so its signer is the zero address; and a signature that is none recovers to that address. The two must never meet.
contract NobodysSignatureTest is FaultsFixture {
    function test_noSignatureAtPlaceZeroBindsNobody() public {
        Receipt memory one = _receipt(lane, 0);
        Receipt memory two = _receipt(lane, 0);
        two.callId = "another";
        IReceiptFaults.Evidence memory a = _signed(one, signerKey);
        IReceiptFaults.Evidence memory b = _signed(two, signerKey);
        (a.signature, b.signature) = ("", "");
        vm.expectRevert(IReceiptFaults.NotBound.selector);
        faults.proveEquivocation(a, b);
        vm.expectRevert(IReceiptFaults.NotBound.selector);
        faults.proveSandbox(a);
        _assertSlashes(0);
    }

    function test_norInAGroup() public {
        Receipt[] memory run = _run(lane, 0, 2);
        IReceiptFaults.Evidence memory e = _grouped(run, 0, signerKey);
        e.signature = new bytes(65);
        vm.expectRevert(IReceiptFaults.NotBound.selector);
        faults.proveSandbox(e);
        // Another amount than the receipt's: misplaced, if the group were anybody's.
        run[0].seq = 5;
        e = _groupedAt(run[0], lane, 0, _leaves(run), 0, signerKey);
        e.signature = new bytes(65);
        vm.expectRevert(IReceiptFaults.NotBound.selector);
        faults.proveMisplaced(e, run[0].amount);
        _assertSlashes(0);
    }
}
