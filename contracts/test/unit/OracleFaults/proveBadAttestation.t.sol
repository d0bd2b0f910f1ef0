// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IOracleFaults} from "../../../src/interfaces/IReceiptFaults.sol";
import {Batch, Receipt} from "../../../src/libraries/ReceiptTypes.sol";
import {OracleFaults} from "../../../src/receipts/OracleFaults.sol";
import {FaultsFixture} from "../../support/FaultsFixture.sol";
import {ReceiptTree} from "../../support/ReceiptTree.sol";

contract ProveBadAttestationTest is FaultsFixture {
    Batch private batch;
    bytes32 private batchId;

    /// @dev Posts five receipts of which the third is a sandbox's.
    function _faulty() private returns (Receipt[] memory run) {
        run = _run(lane, 1, 5);
        run[2].mode = 1;
        batch = _batchOf(ReceiptTree.build(lane, 1, _leaves(run)));
        batchId = _postRun(run);
    }

    function _slashes(address oracle) private view returns (uint256) {
        return stakes.slashes(stakes.oracleStakeId(oracle));
    }

    function _refused(bytes4 reason, uint256 mask) private {
        bytes memory attestation = _attest(batch, mask);
        vm.expectRevert(reason);
        oracleFaults.proveBadAttestation(batch, attestation);
    }

    function test_each_signer_answers() public {
        faults.proveSandbox(_batched(_faulty(), 2));
        bytes memory attestation = _attest(batch, 0x1c);
        for (uint256 i = 2; i < 5; i++) {
            bytes32 proof = keccak256(abi.encode(OracleFaults.Kind.BadAttestation, batchId, oracles[i]));
            bytes32 slashId = keccak256(abi.encode(stakes.oracleStakeId(oracles[i]), proof));
            vm.expectEmit(address(oracleFaults));
            emit IOracleFaults.OracleFaultProven(lane, oracles[i], proof, slashId);
        }
        vm.prank(stranger);
        assertEq(oracleFaults.proveBadAttestation(batch, attestation), 3, "slashed");
        for (uint256 i = 0; i < 5; i++) {
            assertEq(_slashes(oracles[i]), i < 2 ? 0 : 1, "slashes");
        }
        _refused(IOracleFaults.NothingNew.selector, 0x1c);
        // Another proof of the same attestation names two more.
        assertEq(oracleFaults.proveBadAttestation(batch, _attest(batch, 0x07)), 2, "the others");
    }

    function test_not_before_the_receipt_is_proven_faulty() public {
        _faulty();
        _refused(IOracleFaults.NoFault.selector, 7);
    }

    function test_a_fault_that_no_batch_shows_is_not_theirs() public {
        Receipt[] memory run = _faulty();
        Receipt memory twin = _receipt(lane, 1);
        twin.responseHash = keccak256("another answer");
        faults.proveEquivocation(_batched(run, 0), _signed(twin, signerKey));
        _assertFaulty(batchId);
        _refused(IOracleFaults.NoFault.selector, 7);
        // The sandbox receipt in it is.
        faults.proveSandbox(_batched(run, 2));
        assertEq(oracleFaults.proveBadAttestation(batch, _attest(batch, 7)), 3, "slashed");
    }

    function test_a_signature_alone_is_no_batch() public {
        Receipt[] memory run = _faulty();
        faults.proveSandbox(_signed(run[2], signerKey));
        _refused(IOracleFaults.NoFault.selector, 7);
        faults.proveSandbox(_batched(run, 2));
        assertEq(oracleFaults.proveBadAttestation(batch, _attest(batch, 7)), 3, "slashed");
    }

    function test_only_the_batch_that_was_posted() public {
        faults.proveSandbox(_batched(_faulty(), 2));
        batch = _batch(lane, 1, 5, 0, "another");
        _refused(IOracleFaults.NoFault.selector, 7);
    }

    function test_the_same_root_in_another_epoch_too() public {
        faults.proveSandbox(_batched(_faulty(), 2));
        address[5] memory next = oracles;
        next[0] = named("next");
        quorum.setOperators(2, next);
        quorum.setEpoch(2);
        batch.epoch = 2;
        assertEq(oracleFaults.proveBadAttestation(batch, _attest(batch, 7)), 3, "slashed");
        assertEq(_slashes(next[0]), 1, "of the next set");
    }

    function test_after_it_is_final() public {
        Receipt[] memory run = _faulty();
        vm.warp(block.timestamp + WINDOW);
        receipts.finalise(lane, 1);
        faults.proveSandbox(_batched(run, 2));
        quorum.setEpoch(7);
        assertEq(oracleFaults.proveBadAttestation(batch, _attest(batch, 7)), 3, "slashed");
    }

    function test_one_who_left_does_not_shield_the_others() public {
        faults.proveSandbox(_batched(_faulty(), 2));
        stakes.empty(stakes.oracleStakeId(oracles[1]), true);
        assertEq(oracleFaults.proveBadAttestation(batch, _attest(batch, 7)), 2, "the others");
        _refused(IOracleFaults.NothingNew.selector, 7);
    }
}
