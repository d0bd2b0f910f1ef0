// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SumNode} from "../../../src/libraries/ReceiptTypes.sol";
import {SumTree} from "../../../src/libraries/SumTree.sol";
import {ReceiptTree} from "../../support/ReceiptTree.sol";
import {ReceiptVectors} from "../../support/ReceiptVectors.sol";
import {SumTreeHarness} from "../../support/SumTreeHarness.sol";

/// @notice Solidity and TypeScript agree on every tree and every path.
contract TreeVectorsTest is ReceiptVectors {
    SumTreeHarness private trees = new SumTreeHarness();

    function test_trees_and_paths() public {
        _read("merkle-sum");
        uint256 count = _length(".trees");
        assertGe(count, 10, "trees");
        for (uint256 i = 0; i < count; i++) {
            _check(_at(".trees", i));
        }
    }

    function _check(string memory one) private view {
        SumTree.Root memory root = SumTree.Root(
            _word(one, ".root"),
            uint128(_uint(one, ".total")),
            uint32(_uint(one, ".count")),
            _word(one, ".laneId"),
            uint64(_uint(one, ".seqFrom"))
        );
        assertEq(trees.root(_word(one, ".top"), root.total, root.count, root.laneId, root.seqFrom), root.hash, "root");
        SumNode[] memory leaves = new SumNode[](root.count);
        string memory list = string.concat(one, ".leaves");
        for (uint256 i = 0; i < root.count; i++) {
            string memory leaf = _at(list, i);
            leaves[i] = ReceiptTree.leafOf(_word(leaf, ".receiptHash"), uint128(_uint(leaf, ".amount")));
            assertEq(trees.leaf(_word(leaf, ".receiptHash"), uint128(_uint(leaf, ".amount"))), leaves[i].hash, "leaf");
            _checkPath(root, leaf, _at(string.concat(one, ".proofs"), i), i);
        }
        // The builder that the other tests stand on makes the same trees.
        assertEq(ReceiptTree.build(root.laneId, root.seqFrom, leaves).root, root.hash, "built");
    }

    function _checkPath(SumTree.Root memory root, string memory leaf, string memory proof, uint256 index) private view {
        assertEq(_uint(proof, ".index"), index, "index");
        SumNode[] memory path = _path(string.concat(proof, ".path"));
        bytes32 hash = _word(leaf, ".receiptHash");
        uint128 amount = uint128(_uint(leaf, ".amount"));
        assertTrue(trees.verify(root, hash, amount, uint32(index), path), string.concat(proof, " verifies"));
        assertTrue(!trees.verify(root, hash, amount ^ 1, uint32(index), path), string.concat(proof, " of another amount"));
    }
}
