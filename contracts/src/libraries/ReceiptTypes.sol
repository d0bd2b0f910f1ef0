// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice One class of billed units of a receipt.
/// @param unit the class, from the registry of units (1 input, 2 cached input … 9 requests).
/// @param quantity how much of it, in the unit's own measure.
/// @param amount what it cost, in credit base units (6 decimals).
struct UsageLine {
    uint16 unit;
    uint64 quantity;
    uint128 amount;
}

/// @notice The record of one hold, which is one attempt at one call. Field order is the EIP-712 order and is frozen.
/// @param kind 1 metered, 2 burned, 3 charged at the bound, 4 credit.
/// @param mode 0 live, 1 sandbox: a live lane must not carry it.
/// @param refHash of a credit: the hash of the receipt that it credits; 0 otherwise.
/// @param sourceSeq counts the receipts of a source from 1, across lanes.
/// @param charged what the hold took from the source's cap, in the cap's units.
/// @param sourceSpent the source's running total after this receipt.
/// @param seq the place in the lane.
/// @param amount the sum of the lines' amounts, in credit base units.
struct Receipt {
    uint8 kind;
    uint8 mode;
    bytes32 callId;
    uint16 attempt;
    bytes32 refHash;
    bytes32 jobId;
    bytes32 tenantId;
    bytes32 sourceId;
    uint64 sourceSeq;
    uint64 charged;
    uint64 sourceSpent;
    bytes32 providerId;
    bytes32 laneId;
    uint64 seq;
    bytes32 channelId;
    bytes32 tariffId;
    uint64 startedAt;
    uint64 endedAt;
    UsageLine[] lines;
    uint128 amount;
    bytes32 requestHash;
    bytes32 responseHash;
    bytes32 attestationHash;
    bytes32 detailHash;
}

/// @notice `price` credit base units for every `per` units; `rounding` is always 1 (up).
struct TariffLine {
    uint16 unit;
    uint128 price;
    uint64 per;
    uint8 rounding;
}

/// @notice Lines in strictly ascending order of unit. Its EIP-712 struct hash is the `tariffId` of receipts.
struct Tariff {
    uint32 version;
    TariffLine[] lines;
}

/// @notice What oracles attest and `UsageReceipts` posts: one root over consecutive receipts of a lane. The gateway signs the same root, count, total and place as a `ReceiptGroup`.
/// @param root the Merkle-sum root, which binds `total`, `count`, `laneId` and `seqFrom` as well.
/// @param dataHash of all leaves as the oracles hold and serve them.
/// @param epoch the set of oracles that attests.
struct Batch {
    bytes32 root;
    bytes32 dataHash;
    uint64 epoch;
    uint32 count;
    uint128 total;
    bytes32 laneId;
    uint64 seqFrom;
    uint64 seqTo;
}

/// @notice Consecutive receipts of a lane, as the gateway signs them: a commit group, or all of a batch. It is the same tree and the same signature, so a signed group can be posted as a batch.
struct ReceiptGroup {
    bytes32 root;
    uint32 count;
    uint128 total;
    bytes32 laneId;
    uint64 seqFrom;
    uint64 seqTo;
}

/// @notice A node of the Merkle-sum tree.
struct SumNode {
    bytes32 hash;
    uint128 sum;
}
