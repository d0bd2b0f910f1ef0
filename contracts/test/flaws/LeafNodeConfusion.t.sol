// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SumNode} from "../../src/libraries/ReceiptTypes.sol";
import {SumTree} from "../../src/libraries/SumTree.sol";
import {ReceiptTree} from "../support/ReceiptTree.sol";
import {SumTreeHarness} from "../support/SumTreeHarness.sol";
import {Test} from "../support/Test.sol";

/// Flawed on purpose: leaves and nodes are hashed alike, two words of 32 bytes each, and the depth is the prover's word.
contract ConfusingTree {
    bytes32 public immutable root;

    constructor(bytes32 root_) {
        root = root_;
    }

    function includes(bytes32 receiptHash, uint256 amount, uint256 index, bytes32[] calldata path) external view returns (bool) {
        bytes32 node = keccak256(abi.encode(receiptHash, amount));
        for (uint256 i = 0; i < path.length; ++i) {
            bool right = (index >> i) & 1 == 1;
            node = right ? keccak256(abi.encode(path[i], node)) : keccak256(abi.encode(node, path[i]));
        }
        return node == root;
    }
}

contract LeafNodeConfusionTest is Test {
    function test_flaw_aNodePassesAsALeafThatNobodyWrote() external {
        bytes32[4] memory leaves;
        for (uint256 i = 0; i < 4; ++i) {
            leaves[i] = keccak256(abi.encode(keccak256(abi.encode("receipt", i)), uint256(100)));
        }
        bytes32 left = keccak256(abi.encode(leaves[0], leaves[1]));
        bytes32 right = keccak256(abi.encode(leaves[2], leaves[3]));
        ConfusingTree tree = new ConfusingTree(keccak256(abi.encode(left, right)));
        bytes32[] memory path = new bytes32[](1);
        path[0] = right;
        // The node over the first two leaves is "a receipt" with the hash of the first and the second's hash as its amount.
        assertTrue(tree.includes(leaves[0], uint256(leaves[1]), 0, path), "a node as a leaf");
        assertTrue(uint256(leaves[1]) > type(uint128).max, "of an amount beyond all money");
    }
}

/// Ours begins each preimage with what it is, and takes a path of one length only.
contract LeafNodeConfusionRefusedTest is Test {
    bytes32 private constant LANE = keccak256("lane");

    function test_aNodeIsNoLeaf() external {
        SumTreeHarness harness = new SumTreeHarness();
        SumNode[] memory leaves = new SumNode[](4);
        for (uint256 i = 0; i < 4; ++i) {
            leaves[i] = ReceiptTree.leafOf(keccak256(abi.encode("receipt", i)), 100);
        }
        SumTree.Root memory tree = SumTree.Root(ReceiptTree.build(LANE, 1, leaves).root, 400, 4, LANE, 1);
        SumNode[] memory path = new SumNode[](1);
        path[0] = ReceiptTree.nodeOf(leaves[2], leaves[3]);
        SumNode memory left = ReceiptTree.nodeOf(leaves[0], leaves[1]);
        assertTrue(!harness.verify(tree, left.hash, 200, 0, path), "the node's hash as a receipt's");
        assertTrue(!harness.verify(tree, leaves[0].hash, uint128(uint256(leaves[1].hash)), 0, path), "its first child as a receipt's");
        // A tree of two such "leaves" has another count, which is in the root.
        tree.count = 2;
        assertTrue(!harness.verify(tree, left.hash, 200, 0, path), "of a smaller tree");
    }

    function test_aLeafAndANodeAndARootAreHashedApart() external pure {
        SumNode memory a = ReceiptTree.leafOf(keccak256("a"), 1);
        bytes32 node = SumTree.node(a.hash, 1, a.hash, 1);
        assertTrue(node != SumTree.leaf(a.hash, 1) && node != SumTree.root(a.hash, 1, 1, a.hash, 1), "apart");
        assertEq(SumTree.leaf(keccak256("a"), 1), a.hash, "as the test hashes a leaf");
    }
}
