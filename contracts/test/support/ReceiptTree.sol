// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SumNode} from "../../src/libraries/ReceiptTypes.sol";

/// @notice Builds Merkle-sum trees by their definition, for tests. Shares no code with the library that verifies.
library ReceiptTree {
    struct Tree {
        bytes32 laneId;
        uint64 seqFrom;
        uint32 count;
        uint128 total;
        bytes32 top;
        bytes32 root;
    }

    function leafOf(bytes32 receiptHash, uint128 amount) internal pure returns (SumNode memory) {
        return SumNode(keccak256(abi.encodePacked(bytes1(0x00), receiptHash, amount)), amount);
    }

    function nodeOf(SumNode memory left, SumNode memory right) internal pure returns (SumNode memory) {
        bytes32 hash = keccak256(abi.encodePacked(bytes1(0x01), left.hash, left.sum, right.hash, right.sum));
        return SumNode(hash, left.sum + right.sum);
    }

    function rootOf(bytes32 top, uint128 total, uint32 count, bytes32 laneId, uint64 seqFrom) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(bytes1(0x02), top, total, count, laneId, seqFrom));
    }

    function leavesOf(bytes32[] memory hashes, uint128[] memory amounts) internal pure returns (SumNode[] memory leaves) {
        leaves = new SumNode[](hashes.length);
        for (uint256 i = 0; i < hashes.length; i++) {
            leaves[i] = leafOf(hashes[i], amounts[i]);
        }
    }

    function build(bytes32 laneId, uint64 seqFrom, SumNode[] memory leaves) internal pure returns (Tree memory tree) {
        SumNode[] memory level = leaves;
        while (level.length > 1) {
            level = _parents(level);
        }
        bytes32 root = rootOf(level[0].hash, level[0].sum, uint32(leaves.length), laneId, seqFrom);
        return Tree(laneId, seqFrom, uint32(leaves.length), level[0].sum, level[0].hash, root);
    }

    function path(SumNode[] memory leaves, uint256 index) internal pure returns (SumNode[] memory siblings) {
        siblings = new SumNode[](32);
        uint256 used = 0;
        SumNode[] memory level = leaves;
        while (level.length > 1) {
            uint256 sibling = index ^ 1;
            if (sibling < level.length) siblings[used++] = level[sibling];
            level = _parents(level);
            index /= 2;
        }
        return resized(siblings, used);
    }

    /// @notice The first `length` nodes; new ones are zero.
    function resized(SumNode[] memory nodes, uint256 length) internal pure returns (SumNode[] memory cut) {
        cut = new SumNode[](length);
        for (uint256 i = 0; i < length && i < nodes.length; i++) {
            cut[i] = nodes[i];
        }
    }

    function _parents(SumNode[] memory level) private pure returns (SumNode[] memory above) {
        above = new SumNode[]((level.length + 1) / 2);
        for (uint256 i = 0; i < level.length; i += 2) {
            above[i / 2] = i + 1 < level.length ? nodeOf(level[i], level[i + 1]) : level[i];
        }
    }
}
