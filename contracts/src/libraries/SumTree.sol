// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SumNode} from "./ReceiptTypes.sol";

/// @title The Merkle-sum tree over receipts
/// @notice Every node carries the sum of the amounts below it, and its hash binds that sum, so a root cannot hide or shift an amount. The first byte of a preimage says what it
/// is: a leaf (0), an inner node (1) and a root (2) can never be taken for each other, and their lengths differ as well (49, 97, 93 bytes).
/// An odd node is promoted as it is, never duplicated: a duplicate would count its amount twice and let two lists have one root.
library SumTree {
    /// @return keccak256(0x00 ‖ receiptHash ‖ u128 amount).
    function leaf(bytes32 receiptHash, uint128 amount) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(uint8(0), receiptHash, amount));
    }

    /// @return keccak256(0x01 ‖ left ‖ u128 leftSum ‖ right ‖ u128 rightSum).
    function node(bytes32 left, uint128 leftSum, bytes32 right, uint128 rightSum) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(uint8(1), left, leftSum, right, rightSum));
    }

    /// @return keccak256(0x02 ‖ top ‖ u128 total ‖ u32 count ‖ laneId ‖ u64 seqFrom).
    function root(bytes32 top, uint128 total, uint32 count, bytes32 laneId, uint64 seqFrom) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(uint8(2), top, total, count, laneId, seqFrom));
    }

    /// @notice What a root commits to.
    struct Root {
        bytes32 hash;
        uint128 total;
        uint32 count;
        bytes32 laneId;
        uint64 seqFrom;
    }

    /// @notice Whether the leaf (`receiptHash`, `amount`) is number `index` of the tree that `tree` commits to.
    /// The shape follows from index and count alone, so a path has exactly one admissible length and each sibling one side; every sum on the way is checked. No part of a path
    /// can be chosen freely. False for whatever does not verify: it never reverts.
    /// @param path the siblings from the leaf up; a level where the node is promoted has none.
    function verify(Root memory tree, bytes32 receiptHash, uint128 amount, uint32 index, SumNode[] calldata path)
        internal
        pure
        returns (bool)
    {
        if (index >= tree.count) return false;
        (bool climbed, SumNode memory top) = _climb(SumNode(leaf(receiptHash, amount), amount), tree.count, index, path);
        return climbed && top.sum == tree.total && root(top.hash, top.sum, tree.count, tree.laneId, tree.seqFrom) == tree.hash;
    }

    /// @return whether the path is as long as the shape demands and its sums stay uint128.
    /// @return the node that it leads to.
    function _climb(SumNode memory own, uint256 width, uint256 index, SumNode[] calldata path) private pure returns (bool, SumNode memory) {
        uint256 used = 0;
        for (; width > 1; width = (width + 1) >> 1) {
            // The last node of an odd level is promoted: it meets its sibling on a higher level.
            if (index & 1 == 1 || index + 1 < width) {
                if (used == path.length) return (false, own);
                SumNode calldata sibling = path[used++];
                // A sum that leaves uint128 would wrap and hide amounts. Checked here, so the addition below cannot overflow.
                if (sibling.sum > type(uint128).max - own.sum) return (false, own);
                own.hash = index & 1 == 0
                    ? node(own.hash, own.sum, sibling.hash, sibling.sum)
                    : node(sibling.hash, sibling.sum, own.hash, own.sum);
                own.sum += sibling.sum;
            }
            index >>= 1;
        }
        return (used == path.length, own);
    }
}
