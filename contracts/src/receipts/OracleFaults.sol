// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IOracleFaults, IReceiptFaults} from "../interfaces/IReceiptFaults.sol";
import {IQuorumVerifier} from "../interfaces/IQuorumVerifier.sol";
import {IStakeManager} from "../interfaces/IStakeManager.sol";
import {IUsageReceipts} from "../interfaces/IUsageReceipts.sol";
import {Guard} from "../libraries/Guard.sol";
import {Batch} from "../libraries/ReceiptTypes.sol";

/// @title Objective faults of oracles
/// @dev It does not stop the lane: which of two contradicting batches is right is not known, and the gateway need not have signed either. Its own faults are proven by `ReceiptFaults`.
contract OracleFaults is IOracleFaults, Guard {
    /// @dev Tags in the names of faults.
    enum Kind {
        DoubleAttestation,
        BadAttestation
    }

    IUsageReceipts public immutable receipts;
    IQuorumVerifier public immutable quorum;
    IStakeManager public immutable stakes;
    IReceiptFaults public immutable faults;

    /// @inheritdoc IOracleFaults
    mapping(bytes32 proof => bool) public isPunished;

    constructor(IUsageReceipts receipts_, IQuorumVerifier quorum_, IStakeManager stakes_, IReceiptFaults faults_) {
        if (address(receipts_) == address(0) || address(quorum_) == address(0)) revert ZeroAddress();
        if (address(stakes_) == address(0) || address(faults_) == address(0)) revert ZeroAddress();
        (receipts, quorum, stakes, faults) = (receipts_, quorum_, stakes_, faults_);
    }

    /// @inheritdoc IOracleFaults
    function proveDoubleAttestation(
        Batch calldata first,
        bytes calldata firstAttestation,
        Batch calldata second,
        bytes calldata secondAttestation
    ) external nonReentrant returns (uint256 slashed) {
        bool overlap = first.seqFrom <= second.seqTo && second.seqFrom <= first.seqTo;
        if (first.laneId != second.laneId || !overlap || first.root == second.root) revert NoFault();
        // Signers of sets of any time: a fault does not lapse with its epoch.
        address[5] memory signed = _signers(first, firstAttestation);
        address[5] memory again = _signers(second, secondAttestation);
        uint64 from = first.seqFrom > second.seqFrom ? first.seqFrom : second.seqFrom;
        for (uint256 i = 0; i < 5; i++) {
            // By address, not by place: the two sets may differ.
            if (!_isAmong(signed[i], again)) continue;
            if (_slash(first.laneId, signed[i], keccak256(abi.encode(Kind.DoubleAttestation, first.laneId, from, signed[i])))) slashed++;
        }
        if (slashed == 0) revert NothingNew();
    }

    /// @inheritdoc IOracleFaults
    function proveBadAttestation(Batch calldata batch, bytes calldata attestation) external nonReentrant returns (uint256 slashed) {
        bytes32 batchId = receipts.batchIdOf(batch.laneId, batch.seqFrom);
        // The root is what the bad leaf was proven under; it binds all that the fault depends on. Another epoch or data hash with it is as wrong.
        if (!faults.isBadBatch(batchId) || receipts.postedOf(batchId).root != batch.root) revert NoFault();
        address[5] memory signed = _signers(batch, attestation);
        for (uint256 i = 0; i < 5; i++) {
            if (signed[i] == address(0)) continue;
            if (_slash(batch.laneId, signed[i], keccak256(abi.encode(Kind.BadAttestation, batchId, signed[i])))) slashed++;
        }
        if (slashed == 0) revert NothingNew();
    }

    /// @return signers the operators who signed, each at its place in the set; zero for those who did not.
    function _signers(Batch calldata batch, bytes calldata attestation) private view returns (address[5] memory signers) {
        uint256 mask = quorum.verifyAt(receipts.digestOf(batch), batch.epoch, attestation);
        address[5] memory operators = quorum.epochOf(batch.epoch).operators;
        for (uint256 i = 0; i < 5; i++) {
            if ((mask >> i) & 1 == 1) signers[i] = operators[i];
        }
    }

    function _isAmong(address operator, address[5] memory signers) private pure returns (bool) {
        if (operator == address(0)) return false;
        for (uint256 i = 0; i < 5; i++) {
            if (signers[i] == operator) return true;
        }
        return false;
    }

    /// @dev Whoever starves this call of gas gains nothing: the operator stays unpunished and can be proven again.
    function _slash(bytes32 laneId, address operator, bytes32 proof) private returns (bool) {
        if (isPunished[proof]) return false;
        try stakes.proposeProven(stakes.oracleStakeId(operator), proof) returns (bytes32 slashId) {
            isPunished[proof] = true;
            emit OracleFaultProven(laneId, operator, proof, slashId);
            return true;
        } catch {
            return false;
        }
    }
}
