// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Receipt, ReceiptGroup, SumNode, Tariff, Batch} from "../libraries/ReceiptTypes.sol";

/// @title Objective faults of gateways, proven on chain
/// @notice Each function takes the evidence, checks it with no trust in anybody, and proposes the penalty against the stake behind the lane. What cannot be decided from the
/// evidence alone (how many tokens a model really used at level 0) is no fault here.
interface IReceiptFaults {
    enum Form {
        /// In a posted batch: `index` and `path` under the batch at `seqFrom`.
        Batch,
        /// Signed by itself: EIP-712 digest under the domain of `UsageReceipts`.
        Signed,
        /// In a signed commit group: `group`, `index`, `path`.
        Group
    }

    /// @notice A receipt and what binds the lane's gateway to it.
    struct Evidence {
        Receipt receipt;
        Form form;
        uint64 seqFrom;
        uint32 index;
        SumNode[] path;
        ReceiptGroup group;
        bytes signature;
    }

    enum Fault {
        /// The same lane and seq with two hashes.
        Equivocation,
        /// The same call and attempt twice, by one gateway.
        DoubleReceipt,
        /// The amount is not that of the lines under the tariff.
        WrongAmount,
        /// Two receipts of one source that follow each other do not add up.
        BrokenChain,
        /// Signed by a key of the lane that was not valid at that seq.
        WrongKey,
        /// A sandbox receipt in a live lane's batch.
        SandboxReceipt
    }

    /// @notice The evidence does not bind the lane's gateway to the receipt.
    error NotBound();
    /// @notice The receipts are what they should be: there is no such fault.
    error NoFault(Fault fault);
    error TariffMismatch(bytes32 given, bytes32 expected);

    /// @notice `proof` names the fault: the same fault is proven once.
    event FaultProven(Fault indexed fault, bytes32 indexed laneId, bytes32 indexed proof, bytes32 slashId);

    function proveEquivocation(Evidence calldata first, Evidence calldata second) external returns (bytes32 slashId);
    function proveDoubleReceipt(Evidence calldata first, Evidence calldata second) external returns (bytes32 slashId);
    /// @notice Metered receipts and those charged at the bound (kinds 1 and 3) must price each line under the tariff, rounded up, and sum to the amount; burns (kind 2) and
    /// credits (kind 4) must sum to it. Pass the tariff that the receipt names.
    function proveWrongAmount(Evidence calldata evidence, Tariff calldata tariff) external returns (bytes32 slashId);
    /// @notice `second.sourceSeq` is `first.sourceSeq + 1` of the same source, both by one gateway.
    function proveBrokenChain(Evidence calldata first, Evidence calldata second) external returns (bytes32 slashId);
    /// @notice Only keys that were a signer of the lane at some seq bind its gateway; any other key's signature proves nothing.
    function proveWrongKey(Evidence calldata evidence) external returns (bytes32 slashId);
    function proveSandbox(Evidence calldata evidence) external returns (bytes32 slashId);
}

/// @title Objective faults of oracles
interface IOracleFaults {
    error NoFault();
    event OracleFaultProven(bytes32 indexed laneId, address indexed operator, bytes32 indexed proof, bytes32 slashId);

    /// @notice Two different batches that overlap in one lane, both attested. Slashes every operator who signed both.
    function proveDoubleAttestation(
        Batch calldata first,
        bytes calldata firstAttestation,
        Batch calldata second,
        bytes calldata secondAttestation
    ) external returns (uint256 slashed);
    /// @notice A faulty receipt stood in a batch that they attested, where the fault shows in the form of one receipt alone (wrong amount, sandbox).
    /// Oracles attest form and tariff arithmetic, so each signer answers for it. `batchId` must be marked faulty by that proof.
    function proveBadAttestation(Batch calldata batch, bytes calldata attestation) external returns (uint256 slashed);
}
