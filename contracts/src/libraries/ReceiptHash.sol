// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Batch, Receipt, ReceiptGroup, UsageLine} from "./ReceiptTypes.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

/// @title Hashes of receipts, groups and batches
/// @notice EIP-712 struct hashes, without a domain: `laneId` binds chain and contract already, so a leaf of the tree is made once. A signature is over `digest`, which adds the domain.
library ReceiptHash {
    bytes32 internal constant USAGE_LINE_TYPE = keccak256("UsageLine(uint16 unit,uint64 quantity,uint128 amount)");
    bytes32 internal constant RECEIPT_TYPE = keccak256(
        "Receipt(uint8 kind,uint8 mode,bytes32 callId,uint16 attempt,bytes32 refHash,bytes32 jobId,bytes32 tenantId,bytes32 sourceId,uint64 sourceSeq,uint64 charged,uint64 sourceSpent,bytes32 providerId,bytes32 laneId,uint64 seq,bytes32 channelId,bytes32 tariffId,uint64 startedAt,uint64 endedAt,UsageLine[] lines,uint128 amount,bytes32 requestHash,bytes32 responseHash,bytes32 attestationHash,bytes32 detailHash)UsageLine(uint16 unit,uint64 quantity,uint128 amount)"
    );
    bytes32 internal constant GROUP_TYPE =
        keccak256("ReceiptGroup(bytes32 root,uint32 count,uint128 total,bytes32 laneId,uint64 seqFrom,uint64 seqTo)");
    bytes32 internal constant BATCH_TYPE = keccak256(
        "Batch(bytes32 root,bytes32 dataHash,uint64 epoch,uint32 count,uint128 total,bytes32 laneId,uint64 seqFrom,uint64 seqTo)"
    );
    bytes32 private constant DOMAIN_TYPE = keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");

    /// @return the receipt's hash: what leaves of the tree and `refHash` of a credit carry.
    function hash(Receipt calldata receipt) internal pure returns (bytes32) {
        // In parts, because that many values at once do not fit the stack. All are words, so the parts joined are abi.encode of the whole.
        return keccak256(bytes.concat(_calls(receipt), _places(receipt), _charges(receipt)));
    }

    function _calls(Receipt calldata r) private pure returns (bytes memory) {
        return abi.encode(RECEIPT_TYPE, r.kind, r.mode, r.callId, r.attempt, r.refHash, r.jobId, r.tenantId);
    }

    function _places(Receipt calldata r) private pure returns (bytes memory) {
        return abi.encode(r.sourceId, r.sourceSeq, r.charged, r.sourceSpent, r.providerId, r.laneId, r.seq, r.channelId);
    }

    function _charges(Receipt calldata r) private pure returns (bytes memory) {
        return bytes.concat(
            abi.encode(r.tariffId, r.startedAt, r.endedAt, linesHash(r.lines), r.amount),
            abi.encode(r.requestHash, r.responseHash, r.attestationHash, r.detailHash)
        );
    }

    /// @return the hash of the array as EIP-712 encodes it: the struct hashes of its members, joined.
    function linesHash(UsageLine[] calldata lines) internal pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](lines.length);
        for (uint256 i = 0; i < lines.length; i++) {
            hashes[i] = lineHash(lines[i]);
        }
        return keccak256(abi.encodePacked(hashes));
    }

    function lineHash(UsageLine calldata line) internal pure returns (bytes32) {
        return keccak256(abi.encode(USAGE_LINE_TYPE, line));
    }

    function hashGroup(ReceiptGroup calldata group) internal pure returns (bytes32) {
        return keccak256(abi.encode(GROUP_TYPE, group));
    }

    /// @return the hash of the group of just the batch's receipts: what the gateway signs of a batch.
    function hashGroupOf(Batch calldata b) internal pure returns (bytes32) {
        return keccak256(abi.encode(GROUP_TYPE, b.root, b.count, b.total, b.laneId, b.seqFrom, b.seqTo));
    }

    function hashBatch(Batch calldata batch) internal pure returns (bytes32) {
        return keccak256(abi.encode(BATCH_TYPE, batch));
    }

    /// @return what a receipt adds to the sum of its tree. A credit (kind 4) adds 0: credits have their own sum, so a give-back can never read as a charge.
    function leafAmount(Receipt calldata receipt) internal pure returns (uint128) {
        return receipt.kind == 4 ? 0 : receipt.amount;
    }

    /// @return the lane `index` of a gateway: one writer's log, on one chain and in one contract. Contracts recompute it, which is how a receipt without a domain of its own is bound to both.
    function laneId(uint256 chainId, address receipts, bytes32 gatewayId, uint32 index) internal pure returns (bytes32) {
        return keccak256(abi.encode(chainId, receipts, gatewayId, index));
    }

    /// @return the digest that a lane's key signs: `structHash` under the domain of the `UsageReceipts` at `receipts` on this chain. Computed here so that a contract beside it
    /// needs no call; equal to what `TallyDomain` computes there.
    function digest(bytes32 structHash, address receipts) internal view returns (bytes32) {
        bytes32 domain = keccak256(abi.encode(DOMAIN_TYPE, keccak256("Tallystick"), keccak256("1"), block.chainid, receipts));
        return MessageHashUtils.toTypedDataHash(domain, structHash);
    }
}
