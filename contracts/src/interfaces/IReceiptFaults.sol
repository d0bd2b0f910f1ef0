// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Receipt, ReceiptGroup, SumNode, Tariff, Batch} from "../libraries/ReceiptTypes.sol";

/// @title Objective faults of gateways, proven on chain
/// @notice Each function takes the evidence, checks it, and proposes the penalty against the stake behind the lane. It does not matter who brings it. What cannot be decided from
/// the evidence alone (how many tokens a model really used at level 0) is no fault here. Every form of evidence carries the gateway's own signature, by a key that its operator
/// registered, and needs no trust in anybody: not in who brings it, and not in the oracles, who cannot post a batch that the gateway did not sign.
///
/// A proof also stops the lane: a batch that is posted and not final becomes faulty, and no further batch is taken. A fault is punished once, whatever the form and order of its
/// evidence; a later proof of the same fault is taken where it marks one more batch. Where less can be slashed than half the penalty of
/// the least stake (it is gone, or what slashes may take is used up) the lane is stopped all the same, and the same proof can be brought again.
interface IReceiptFaults {
    enum Form {
        /// In a posted batch: `index` and `path` under the batch at `seqFrom`, whatever its state. Uses no `group` and no `signature`: the gateway's was checked when it was posted.
        Batch,
        /// Signed by itself: EIP-712 digest under the domain of `UsageReceipts`. Uses `signature` only.
        Signed,
        /// In a signed commit group: `group`, `index`, `path`, `signature`.
        Group
    }

    /// @notice A receipt and what binds the lane's gateway to it. The lane is that of the receipt; signatures are by the key that is valid at the receipt's seq.
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
        /// A sandbox receipt in a live lane.
        SandboxReceipt,
        /// A leaf of a tree that is not what its receipt says: another lane, another place, another amount.
        Misplaced
    }

    /// @notice The evidence does not bind the lane's gateway to the receipt.
    error NotBound();
    /// @notice The receipts are what they should be: there is no such fault.
    error NoFault(Fault fault);
    error TariffMismatch(bytes32 given, bytes32 expected);
    /// @notice The fault `proof` is punished already (or its stake cannot be slashed) and the lane is stopped.
    error NothingNew(bytes32 proof);
    error ZeroAddress();

    /// @notice `proof` names the fault. `slashId` is 0 where this proof took nothing: it only marked a batch or closed the lane.
    event FaultProven(Fault indexed fault, bytes32 indexed laneId, bytes32 indexed proof, bytes32 slashId);

    /// @return whether the penalty for the fault `proof` was proposed.
    function isPunished(bytes32 proof) external view returns (bool);
    /// @return whether a fault that shows in one receipt alone (wrong amount, sandbox, misplaced) was proven in this batch: whoever attested it did so wrongly.
    function isBadBatch(bytes32 batchId) external view returns (bool);

    /// @notice The same lane and seq, two hashes. The fault: (lane, seq).
    function proveEquivocation(Evidence calldata first, Evidence calldata second) external returns (bytes32 slashId);
    /// @notice The same call and attempt at two places of one gateway's lanes; credits are no such receipts, for they repeat the call that they credit. The fault: (gateway, call, attempt, both lanes).
    function proveDoubleReceipt(Evidence calldata first, Evidence calldata second) external returns (bytes32 slashId);
    /// @notice Metered receipts and those charged at the bound (kinds 1 and 3) must price each line under the tariff, rounded up, units strictly ascending, and sum to the amount;
    /// burns (kind 2) and credits (kind 4) must sum to it. No other kind, and no more than 64 lines, is lawful. Pass the tariff that the receipt names. The fault: (lane, seq).
    function proveWrongAmount(Evidence calldata evidence, Tariff calldata tariff) external returns (bytes32 slashId);
    /// @notice Both of the same source and gateway. Either `second.sourceSeq` is `first.sourceSeq + 1` and the sums do not follow each other (`sourceSpent` rises by what was charged,
    /// and falls by what a credit gives back), or both have the same `sourceSeq` at two places: a source's history must not fork, or half of what was spent could be hidden from its donor.
    /// Seqs of a source begin at 1. The fault: (gateway, source, `second.sourceSeq`, both lanes).
    function proveBrokenChain(Evidence calldata first, Evidence calldata second) external returns (bytes32 slashId);
    /// @notice Only keys that were a signer of the lane at some seq bind its gateway; any other key's signature proves nothing. Signed or Group: a posted batch was signed by the right key.
    /// The signature that a batch was to be posted by is evidence too, as a group's: who rotates the key away from under what it signed is proven by it.
    /// The fault: (lane, key). Not (lane, seq): whoever stole a key that was rotated out could make a new fault of every seq.
    function proveWrongKey(Evidence calldata evidence) external returns (bytes32 slashId);
    /// @notice A receipt of a lane that is registered here must be live. The fault: (lane, seq).
    function proveSandbox(Evidence calldata evidence) external returns (bytes32 slashId);
    /// @notice In the tree at place `index` stands the leaf (receipt, `leafAmount`), and the receipt is of another lane or seq, or adds another amount to a tree. Batch or Group.
    /// The lane is that of the tree, `group.laneId`, in both forms. The fault: (lane, place).
    function proveMisplaced(Evidence calldata evidence, uint128 leafAmount) external returns (bytes32 slashId);
}

/// @title Objective faults of oracles
/// @notice Each operator whose signature is proven under contradicting or wrong batches answers with its own stake, once per fault. Operators whose stake cannot be slashed are passed
/// over: one who left must not shield the others.
interface IOracleFaults {
    error NoFault();
    /// @notice No operator was left to be slashed for it.
    error NothingNew();
    error ZeroAddress();

    /// @notice `proof` names the fault of this operator.
    event OracleFaultProven(bytes32 indexed laneId, address indexed operator, bytes32 indexed proof, bytes32 slashId);

    /// @return whether the penalty for the fault `proof` was proposed.
    function isPunished(bytes32 proof) external view returns (bool);
    /// @notice Two batches of different roots that overlap in one lane, both attested. Slashes every operator who signed both. The same root twice contradicts nothing: what was
    /// attested and not posted in time must be attested again under the next epoch. Other than that an operator attests one range of a lane once. The fault: (lane, first seq of the overlap, operator).
    function proveDoubleAttestation(
        Batch calldata first,
        bytes calldata firstAttestation,
        Batch calldata second,
        bytes calldata secondAttestation
    ) external returns (uint256 slashed);
    /// @notice A faulty receipt stood in a batch that they attested, where the fault shows in the form of one receipt alone (`IReceiptFaults.isBadBatch`).
    /// Oracles attest form, places and tariff arithmetic, so each signer answers for it. The fault: (batch, operator).
    function proveBadAttestation(Batch calldata batch, bytes calldata attestation) external returns (uint256 slashed);
}
