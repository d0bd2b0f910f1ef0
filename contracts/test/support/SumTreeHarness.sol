// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SumNode} from "../../src/libraries/ReceiptTypes.sol";
import {SumTree} from "../../src/libraries/SumTree.sol";

/// @notice The library behind a call, so that paths are calldata.
contract SumTreeHarness {
    function leaf(bytes32 receiptHash, uint128 amount) external pure returns (bytes32) {
        return SumTree.leaf(receiptHash, amount);
    }

    function root(bytes32 top, uint128 total, uint32 count, bytes32 laneId, uint64 seqFrom) external pure returns (bytes32) {
        return SumTree.root(top, total, count, laneId, seqFrom);
    }

    function verify(SumTree.Root calldata tree, bytes32 receiptHash, uint128 amount, uint32 index, SumNode[] calldata path)
        external
        pure
        returns (bool)
    {
        return SumTree.verify(tree, receiptHash, amount, index, path);
    }
}
