// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IReceiptFaults} from "../../../src/interfaces/IReceiptFaults.sol";
import {Receipt, SumNode} from "../../../src/libraries/ReceiptTypes.sol";
import {FaultsFixture} from "../../support/FaultsFixture.sol";
import {ReceiptTree} from "../../support/ReceiptTree.sol";

contract ProveMisplacedTest is FaultsFixture {
    IReceiptFaults.Fault private constant FAULT = IReceiptFaults.Fault.Misplaced;

    /// @dev Three leaves of lane `lane` from seq 1 on, the middle one with `r` and `amount`; posted.
    function _posted(Receipt memory r, uint128 amount) private returns (IReceiptFaults.Evidence memory e, bytes32 batchId) {
        Receipt[] memory run = _run(lane, 1, 3);
        SumNode[] memory leaves = _leaves(run);
        leaves[1] = ReceiptTree.leafOf(harness.hash(r), amount);
        batchId = _postTree(ReceiptTree.build(lane, 1, leaves));
        e.receipt = r;
        e.form = IReceiptFaults.Form.Batch;
        (e.seqFrom, e.index, e.path) = (1, 1, ReceiptTree.path(leaves, 1));
        e.group.laneId = lane;
    }

    function _proves(Receipt memory r, uint128 amount) private {
        (IReceiptFaults.Evidence memory e, bytes32 batchId) = _posted(r, amount);
        _expectProven(FAULT, lane, keccak256(abi.encode(FAULT, lane, uint64(2))));
        faults.proveMisplaced(e, amount);
        _assertFaulty(batchId);
        assertTrue(faults.isBadBatch(batchId), "attested wrongly");
        _assertSlashes(1);
        vm.expectPartialRevert(IReceiptFaults.NothingNew.selector);
        faults.proveMisplaced(e, amount);
    }

    function test_another_seq() public {
        _proves(_receipt(lane, 7), 32);
    }

    function test_another_lane() public {
        _proves(_receipt(foreignLane, 2), 32);
    }

    function testFuzz_another_amount(uint128 amount) public {
        vm.assume(amount != 32);
        // The sum of the tree must stay within uint128.
        _proves(_receipt(lane, 2), uint128(bound(amount, 33, type(uint128).max - 64)));
    }

    function test_a_credit_that_adds_to_the_sum() public {
        Receipt memory r = _receipt(lane, 2);
        r.kind = 4;
        _proves(r, 32);
    }

    function test_in_a_signed_group() public {
        SumNode[] memory leaves = _leaves(_run(lane, 8, 3));
        Receipt memory r = _receipt(lane, 10);
        r.seq = 9;
        r.amount = 31;
        leaves[2] = ReceiptTree.leafOf(harness.hash(r), 31);
        IReceiptFaults.Evidence memory e = _groupedAt(r, lane, 8, leaves, 2, signerKey);
        _expectProven(FAULT, lane, keccak256(abi.encode(FAULT, lane, uint64(10))));
        faults.proveMisplaced(e, 31);
        _assertSlashes(1);
    }

    function test_honest_leaves_are_no_fault() public {
        (IReceiptFaults.Evidence memory e,) = _posted(_receipt(lane, 2), 32);
        _expectNoFault(FAULT);
        faults.proveMisplaced(e, 32);
        vm.expectRevert(IReceiptFaults.NotBound.selector);
        faults.proveMisplaced(e, 31);
        e = _grouped(_run(lane, 8, 3), 2, signerKey);
        _expectNoFault(FAULT);
        faults.proveMisplaced(e, 32);
        Receipt memory credit = _receipt(otherLane, 2);
        credit.kind = 4;
        Receipt[] memory run = _run(otherLane, 1, 3);
        run[1] = credit;
        _postRun(run);
        e = _batched(run, 1);
        e.group.laneId = otherLane;
        _expectNoFault(FAULT);
        faults.proveMisplaced(e, 0);
    }

    function test_nothing_binds_without_a_tree() public {
        IReceiptFaults.Evidence memory e = _signed(_receipt(lane, 2), signerKey);
        e.group.laneId = lane;
        vm.expectRevert(IReceiptFaults.NotBound.selector);
        faults.proveMisplaced(e, 32);
        (e,) = _posted(_receipt(lane, 7), 32);
        e.group.laneId = otherLane;
        vm.expectRevert(IReceiptFaults.NotBound.selector);
        faults.proveMisplaced(e, 32);
        e.group.laneId = keccak256("none");
        vm.expectRevert(IReceiptFaults.NotBound.selector);
        faults.proveMisplaced(e, 32);
    }

    function test_a_group_that_others_signed() public {
        (, uint256 thief) = account("thief");
        SumNode[] memory leaves = _leaves(_run(lane, 8, 3));
        IReceiptFaults.Evidence memory e = _groupedAt(_receipt(lane, 8), lane, 9, leaves, 0, thief);
        vm.expectRevert(IReceiptFaults.NotBound.selector);
        faults.proveMisplaced(e, 32);
    }
}
