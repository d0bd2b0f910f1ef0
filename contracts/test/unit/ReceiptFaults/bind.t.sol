// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IReceiptFaults} from "../../../src/interfaces/IReceiptFaults.sol";
import {Receipt, ReceiptGroup, SumNode} from "../../../src/libraries/ReceiptTypes.sol";
import {FaultsFixture} from "../../support/FaultsFixture.sol";

/// @notice What binds a gateway to a receipt, and what only looks as if it did. The receipt is a sandbox's, so whatever binds is proven.
contract BindEvidenceTest is FaultsFixture {
    IReceiptFaults.Fault private constant FAULT = IReceiptFaults.Fault.SandboxReceipt;
    uint256 private constant ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    function _run() private view returns (Receipt[] memory run) {
        run = _run(lane, 1, 5);
        run[2].mode = 1;
    }

    function _unbound(IReceiptFaults.Evidence memory e) private {
        _refused(abi.encodePacked(IReceiptFaults.NotBound.selector), FAULT, e, e);
    }

    function _bound(IReceiptFaults.Evidence memory e) private {
        uint256 state = vm.snapshotState();
        _ask(FAULT, e, e);
        _assertSlashes(1);
        vm.revertToState(state);
    }

    function test_all_three_forms_bind() public {
        Receipt[] memory run = _run();
        _postRun(run);
        _bound(_batched(run, 2));
        _bound(_signed(run[2], signerKey));
        _bound(_grouped(run, 2, signerKey));
    }

    function test_a_strangers_signature() public {
        (, uint256 thief) = account("thief");
        _unbound(_signed(_run()[2], thief));
        _unbound(_grouped(_run(), 2, thief));
    }

    function test_a_malleable_signature() public {
        IReceiptFaults.Evidence memory e = _signed(_run()[2], signerKey);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(signerKey, harness.digest(harness.hash(e.receipt), address(receipts)));
        e.signature = abi.encodePacked(r, bytes32(ORDER - uint256(s)), v == 27 ? uint8(28) : uint8(27));
        _unbound(e);
    }

    function testFuzz_malformed_signatures(bytes calldata signature) public {
        IReceiptFaults.Evidence memory e = _signed(_run()[2], signerKey);
        e.signature = signature;
        _unbound(e);
        e = _grouped(_run(), 2, signerKey);
        e.signature = signature;
        _unbound(e);
    }

    function test_signatures_of_another_chain_and_contract() public {
        IReceiptFaults.Evidence memory e = _signed(_run()[2], signerKey);
        e.signature = signed(signerKey, harness.digest(harness.hash(e.receipt), address(faults)));
        _unbound(e);
        e = _signed(_run()[2], signerKey);
        vm.chainId(block.chainid + 1);
        _unbound(e);
    }

    function test_a_signature_over_the_bare_hash() public {
        IReceiptFaults.Evidence memory e = _signed(_run()[2], signerKey);
        e.signature = signed(signerKey, harness.hash(e.receipt));
        _unbound(e);
    }

    function test_a_signature_over_something_else_of_the_lane() public {
        IReceiptFaults.Evidence memory e = _signed(_run()[2], signerKey);
        // A group's signature is none of a receipt, and the other way round.
        IReceiptFaults.Evidence memory group = _grouped(_run(), 2, signerKey);
        (e.signature, group.signature) = (group.signature, e.signature);
        _unbound(e);
        _unbound(group);
    }

    /// @notice What an account says of its own signatures counts for nothing: code at the key's address could deny them.
    function test_a_signer_that_became_a_contract_cannot_deny() public {
        vm.etch(signer, hex"60006000fd");
        _bound(_signed(_run()[2], signerKey));
    }

    function test_a_key_outside_its_range() public {
        (address next, uint256 nextKey) = account("next signer");
        vm.prank(operator);
        receipts.rotateSigner(lane, next, 3);
        _unbound(_signed(_run()[2], signerKey));
        _bound(_signed(_run()[2], nextKey));
        _unbound(_grouped(_run(), 2, signerKey));
    }

    function test_unknown_lanes() public {
        Receipt memory r = _run()[2];
        r.laneId = keccak256("none");
        _unbound(_signed(r, signerKey));
        r.laneId = bytes32(0);
        _unbound(_signed(r, signerKey));
    }

    function test_a_batch_that_is_another_or_none() public {
        Receipt[] memory run = _run();
        IReceiptFaults.Evidence memory e = _batched(run, 2);
        _unbound(e);
        _postRun(run);
        e.seqFrom = 2;
        _unbound(e);
        (e.seqFrom, e.index) = (1, 3);
        _unbound(e);
        (e.seqFrom, e.index) = (0, 3);
        _unbound(e);
        (e.seqFrom, e.index) = (1, 2);
        e.receipt.amount += 1;
        _unbound(e);
        e.receipt.amount -= 1;
        e.path[0].sum += 1;
        _unbound(e);
        e.path[0].sum -= 1;
        _bound(e);
    }

    /// @notice A leaf whose receipt has another seq is a fault of its own, and evidence of no other: the fault's name would be that of another place.
    function test_a_leaf_that_is_not_where_its_receipt_says() public {
        Receipt[] memory run = _run();
        run[2].seq = 9;
        _postRun(run);
        _unbound(_batched(run, 2));
    }

    function test_a_group_of_another_lane_or_place() public {
        Receipt[] memory run = _run();
        IReceiptFaults.Evidence memory e = _groupedAt(run[2], otherLane, 1, _leaves(run), 2, signerKey);
        _unbound(e);
        e = _groupedAt(run[2], lane, 2, _leaves(run), 2, signerKey);
        _unbound(e);
        e = _grouped(run, 2, signerKey);
        e.index = 1;
        _unbound(e);
        e = _grouped(run, 2, signerKey);
        e.group.total += 1;
        _unbound(e);
        e = _grouped(run, 2, signerKey);
        e.group.seqTo += 1;
        _unbound(e);
    }

    function testFuzz_hostile_trees_bind_nothing(
        uint64 seqFrom,
        uint32 index,
        SumNode[] memory path,
        ReceiptGroup memory group,
        bytes memory signature
    ) public {
        IReceiptFaults.Evidence memory e;
        (e.receipt, e.seqFrom, e.index, e.path, e.group, e.signature) = (_run()[2], seqFrom, index, path, group, signature);
        for (uint256 form = 0; form < 3; form++) {
            e.form = IReceiptFaults.Form(form);
            _unbound(e);
        }
        // As near as it gets: everything right but the path or the signature.
        e.group = _grouped(_run(), 2, signerKey).group;
        (e.form, e.index) = (IReceiptFaults.Form.Group, 2);
        _unbound(e);
    }
}
