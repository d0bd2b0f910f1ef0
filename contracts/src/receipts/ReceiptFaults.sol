// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IReceiptFaults} from "../interfaces/IReceiptFaults.sol";
import {IStakeManager} from "../interfaces/IStakeManager.sol";
import {IUsageReceipts} from "../interfaces/IUsageReceipts.sol";
import {Guard} from "../libraries/Guard.sol";
import {ReceiptHash} from "../libraries/ReceiptHash.sol";
import {Receipt, ReceiptGroup, Tariff} from "../libraries/ReceiptTypes.sol";
import {SumTree} from "../libraries/SumTree.sol";
import {TariffPrice} from "../libraries/TariffPrice.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";

/// @title Objective faults of gateways, proven on chain
contract ReceiptFaults is IReceiptFaults, Guard {
    /// @dev A receipt whose lane's gateway is bound to it.
    struct Bound {
        bytes32 hash;
        bytes32 gatewayId;
    }

    IUsageReceipts public immutable receipts;
    IStakeManager public immutable stakes;

    /// @inheritdoc IReceiptFaults
    mapping(bytes32 proof => bool) public isPunished;
    /// @inheritdoc IReceiptFaults
    mapping(bytes32 batchId => bool) public isBadBatch;

    constructor(IUsageReceipts receipts_, IStakeManager stakes_) {
        if (address(receipts_) == address(0) || address(stakes_) == address(0)) revert ZeroAddress();
        (receipts, stakes) = (receipts_, stakes_);
    }

    /// @inheritdoc IReceiptFaults
    function proveEquivocation(Evidence calldata first, Evidence calldata second) external nonReentrant returns (bytes32 slashId) {
        Bound memory a = _bind(first);
        Bound memory b = _bind(second);
        if (!_samePlace(first.receipt, second.receipt) || a.hash == b.hash) revert NoFault(Fault.Equivocation);
        bytes32 proof = keccak256(abi.encode(Fault.Equivocation, first.receipt.laneId, first.receipt.seq));
        return _prove(Fault.Equivocation, second.receipt.laneId, a.gatewayId, proof, _stopBoth(first, second));
    }

    /// @inheritdoc IReceiptFaults
    function proveDoubleReceipt(Evidence calldata first, Evidence calldata second) external nonReentrant returns (bytes32 slashId) {
        Bound memory a = _bind(first);
        Bound memory b = _bind(second);
        Receipt calldata r = first.receipt;
        Receipt calldata s = second.receipt;
        bool sameCall = a.gatewayId == b.gatewayId && r.callId == s.callId && r.attempt == s.attempt;
        // Two receipts at one place are an equivocation: one misdeed is not punished as two.
        if (!sameCall || r.kind == 4 || s.kind == 4 || _samePlace(r, s)) revert NoFault(Fault.DoubleReceipt);
        bytes32 proof = keccak256(abi.encode(Fault.DoubleReceipt, a.gatewayId, r.callId, r.attempt, _lanes(r, s)));
        return _prove(Fault.DoubleReceipt, s.laneId, a.gatewayId, proof, _stopBoth(first, second));
    }

    /// @inheritdoc IReceiptFaults
    function proveWrongAmount(Evidence calldata evidence, Tariff calldata tariff) external nonReentrant returns (bytes32 slashId) {
        Bound memory bound = _bind(evidence);
        Receipt calldata r = evidence.receipt;
        bytes32 tariffId = TariffPrice.idOf(tariff);
        if (tariffId != r.tariffId) revert TariffMismatch(tariffId, r.tariffId);
        if (TariffPrice.isLawful(r, tariff)) revert NoFault(Fault.WrongAmount);
        return _proveOne(Fault.WrongAmount, evidence, bound.gatewayId);
    }

    /// @inheritdoc IReceiptFaults
    function proveBrokenChain(Evidence calldata first, Evidence calldata second) external nonReentrant returns (bytes32 slashId) {
        Bound memory a = _bind(first);
        Bound memory b = _bind(second);
        if (a.gatewayId != b.gatewayId || !_isBroken(first.receipt, second.receipt)) revert NoFault(Fault.BrokenChain);
        Receipt calldata s = second.receipt;
        bytes32 proof = keccak256(abi.encode(Fault.BrokenChain, a.gatewayId, s.sourceId, s.sourceSeq, _lanes(first.receipt, s)));
        return _prove(Fault.BrokenChain, s.laneId, a.gatewayId, proof, _stopBoth(first, second));
    }

    /// @inheritdoc IReceiptFaults
    function proveWrongKey(Evidence calldata evidence) external nonReentrant returns (bytes32 slashId) {
        Receipt calldata r = evidence.receipt;
        bytes32 gatewayId = _gatewayOf(r.laneId);
        // The key was right when the batch was posted, and ranges of what is posted never change.
        if (evidence.form == Form.Batch) revert NotBound();
        address key = _keyOf(evidence, ReceiptHash.hash(r));
        if (!receipts.isSigner(r.laneId, key)) revert NotBound();
        if (key == receipts.signerAt(r.laneId, r.seq)) revert NoFault(Fault.WrongKey);
        bytes32 proof = keccak256(abi.encode(Fault.WrongKey, r.laneId, key));
        return _prove(Fault.WrongKey, r.laneId, gatewayId, proof, _stop(evidence, r.laneId));
    }

    /// @inheritdoc IReceiptFaults
    function proveSandbox(Evidence calldata evidence) external nonReentrant returns (bytes32 slashId) {
        Bound memory bound = _bind(evidence);
        // That the lane is live is not asked: a lane that is registered here is.
        if (evidence.receipt.mode == 0) revert NoFault(Fault.SandboxReceipt);
        return _proveOne(Fault.SandboxReceipt, evidence, bound.gatewayId);
    }

    /// @inheritdoc IReceiptFaults
    function proveMisplaced(Evidence calldata evidence, uint128 leafAmount) external nonReentrant returns (bytes32 slashId) {
        Receipt calldata r = evidence.receipt;
        bytes32 laneId = evidence.group.laneId;
        bytes32 gatewayId = _gatewayOf(laneId);
        bytes32 hash = ReceiptHash.hash(r);
        uint64 place;
        if (evidence.form == Form.Batch) {
            if (!receipts.includes(laneId, evidence.seqFrom, hash, leafAmount, evidence.index, evidence.path)) revert NotBound();
            place = evidence.seqFrom + evidence.index;
        } else if (evidence.form == Form.Group) {
            if (!_inGroup(evidence, hash, leafAmount)) revert NotBound();
            // A group that would reach past the largest seq reverts here: it has no such place.
            place = evidence.group.seqFrom + evidence.index;
            address key = _recover(ReceiptHash.hashGroup(evidence.group), evidence.signature);
            if (key == address(0) || key != receipts.signerAt(laneId, place)) revert NotBound();
        } else {
            revert NotBound();
        }
        if (r.laneId == laneId && r.seq == place && leafAmount == ReceiptHash.leafAmount(r)) revert NoFault(Fault.Misplaced);
        bytes32 proof = keccak256(abi.encode(Fault.Misplaced, laneId, place));
        bool changed = _stop(evidence, laneId);
        if (_recordBad(evidence, laneId)) changed = true;
        return _prove(Fault.Misplaced, laneId, gatewayId, proof, changed);
    }

    /// @dev Whether `second` does not follow `first`, or forks from the same place in the source's history.
    function _isBroken(Receipt calldata first, Receipt calldata second) private pure returns (bool) {
        if (first.sourceId != second.sourceId || first.sourceSeq == 0) return false;
        // At one place of a lane two receipts are an equivocation.
        if (first.sourceSeq == second.sourceSeq) return !_samePlace(first, second);
        if (uint256(first.sourceSeq) + 1 != second.sourceSeq) return false;
        if (second.kind == 4) return uint256(second.sourceSpent) + second.charged != first.sourceSpent;
        return uint256(first.sourceSpent) + second.charged != second.sourceSpent;
    }

    function _samePlace(Receipt calldata first, Receipt calldata second) private pure returns (bool) {
        return first.laneId == second.laneId && first.seq == second.seq;
    }

    /// @dev The lanes of both, in whatever order they come. They are part of a fault's name, or the gateway could commit it in a lane that it gives up, and then go on in others.
    function _lanes(Receipt calldata first, Receipt calldata second) private pure returns (bytes32) {
        return Hashes.commutativeKeccak256(first.laneId, second.laneId);
    }

    /// @dev Reverts unless the evidence binds the gateway of the receipt's lane.
    function _bind(Evidence calldata evidence) private view returns (Bound memory bound) {
        Receipt calldata r = evidence.receipt;
        bound.gatewayId = _gatewayOf(r.laneId);
        bound.hash = ReceiptHash.hash(r);
        if (evidence.form == Form.Batch) {
            if (r.seq != uint256(evidence.seqFrom) + evidence.index) revert NotBound();
            uint128 amount = ReceiptHash.leafAmount(r);
            // In whatever state: what was posted stays evidence of what the gateway signed. The signature itself is not asked for: nothing is posted without it.
            if (!receipts.includes(r.laneId, evidence.seqFrom, bound.hash, amount, evidence.index, evidence.path)) revert NotBound();
        } else {
            address key = _keyOf(evidence, bound.hash);
            if (key == address(0) || key != receipts.signerAt(r.laneId, r.seq)) revert NotBound();
        }
    }

    function _gatewayOf(bytes32 laneId) private view returns (bytes32 gatewayId) {
        IUsageReceipts.Lane memory lane = receipts.laneOf(laneId);
        if (lane.nextSeq == 0) revert NotBound();
        return lane.gatewayId;
    }

    /// @return the key that signed the receipt by itself or the group that it is in; zero where none did.
    function _keyOf(Evidence calldata evidence, bytes32 hash) private view returns (address) {
        if (evidence.form == Form.Signed) return _recover(hash, evidence.signature);
        Receipt calldata r = evidence.receipt;
        ReceiptGroup calldata group = evidence.group;
        bool placed = group.laneId == r.laneId && r.seq == uint256(group.seqFrom) + evidence.index;
        if (!placed || !_inGroup(evidence, hash, ReceiptHash.leafAmount(r))) return address(0);
        return _recover(ReceiptHash.hashGroup(group), evidence.signature);
    }

    function _inGroup(Evidence calldata evidence, bytes32 hash, uint128 amount) private pure returns (bool) {
        ReceiptGroup calldata group = evidence.group;
        SumTree.Root memory tree = SumTree.Root(group.root, group.total, group.count, group.laneId, group.seqFrom);
        return SumTree.verify(tree, hash, amount, evidence.index, evidence.path);
    }

    /// @dev Recovered, never asked of the signer's account: a contract, or an account that was delegated to one, could deny what its key signed and so escape every proof.
    function _recover(bytes32 structHash, bytes calldata signature) private view returns (address key) {
        (key,,) = ECDSA.tryRecoverCalldata(ReceiptHash.digest(structHash, address(receipts)), signature);
    }

    /// @dev A fault that shows in one receipt alone.
    function _proveOne(Fault fault, Evidence calldata evidence, bytes32 gatewayId) private returns (bytes32) {
        bytes32 laneId = evidence.receipt.laneId;
        bool changed = _stop(evidence, laneId);
        if (_recordBad(evidence, laneId)) changed = true;
        return _prove(fault, laneId, gatewayId, keccak256(abi.encode(fault, laneId, evidence.receipt.seq)), changed);
    }

    function _recordBad(Evidence calldata evidence, bytes32 laneId) private returns (bool) {
        if (evidence.form != Form.Batch) return false;
        bytes32 batchId = receipts.batchIdOf(laneId, evidence.seqFrom);
        if (isBadBatch[batchId]) return false;
        isBadBatch[batchId] = true;
        return true;
    }

    function _stopBoth(Evidence calldata first, Evidence calldata second) private returns (bool) {
        bool one = _stop(first, first.receipt.laneId);
        bool other = _stop(second, second.receipt.laneId);
        return one || other;
    }

    /// @return whether a batch was marked or a lane closed.
    function _stop(Evidence calldata evidence, bytes32 laneId) private returns (bool) {
        if (evidence.form == Form.Batch) {
            bytes32 batchId = receipts.batchIdOf(laneId, evidence.seqFrom);
            if (receipts.postedOf(batchId).state == IUsageReceipts.State.Posted) {
                receipts.markFaulty(laneId, evidence.seqFrom);
                return true;
            }
        }
        if (receipts.laneOf(laneId).closed) return false;
        receipts.closeFaulty(laneId);
        return true;
    }

    /// @dev A stake that cannot be slashed does not shield the lane. Whoever starves this call of gas gains nothing: the fault stays unpunished and can be proven again.
    function _prove(Fault fault, bytes32 laneId, bytes32 gatewayId, bytes32 proof, bool changed) private returns (bytes32 slashId) {
        if (!isPunished[proof]) {
            try stakes.proposeProven(gatewayId, proof) returns (bytes32 id) {
                isPunished[proof] = true;
                (slashId, changed) = (id, true);
            } catch {}
        }
        if (!changed) revert NothingNew(proof);
        emit FaultProven(fault, laneId, proof, slashId);
    }
}
