// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SumNode} from "../../src/libraries/ReceiptTypes.sol";
import {SumTree} from "../../src/libraries/SumTree.sol";
import {ReceiptTree} from "../support/ReceiptTree.sol";
import {SumTreeHarness} from "../support/SumTreeHarness.sol";
import {Test} from "../support/Test.sol";

/// Flawed on purpose: an odd node is paired with itself (CVE-2012-2459), and the root does not say how many leaves there are.
contract DuplicatingTree {
    bytes32 public root;
    mapping(uint256 => bool) public isClaimed;
    uint256 public paid;

    function post(bytes32[] memory leaves) external {
        root = rootOf(leaves);
    }

    function rootOf(bytes32[] memory row) public pure returns (bytes32) {
        while (row.length > 1) {
            bytes32[] memory above = new bytes32[]((row.length + 1) / 2);
            for (uint256 i = 0; i < above.length; ++i) {
                bytes32 left = row[2 * i];
                bytes32 right = 2 * i + 1 < row.length ? row[2 * i + 1] : left;
                above[i] = keccak256(abi.encodePacked(left, right));
            }
            row = above;
        }
        return row[0];
    }

    /// Each place of the tree is paid once.
    function claim(uint256 index, uint256 amount, bytes32[] calldata path) external {
        require(!isClaimed[index], "claimed");
        bytes32 node = keccak256(abi.encode(amount));
        for (uint256 i = 0; i < path.length; ++i) {
            bool right = (index >> i) & 1 == 1;
            node = right ? keccak256(abi.encodePacked(path[i], node)) : keccak256(abi.encodePacked(node, path[i]));
        }
        require(node == root, "proof");
        isClaimed[index] = true;
        paid += amount;
    }
}

contract DuplicatedLeafTest is Test {
    function test_flaw_anOddLastLeafIsPaidTwice() external {
        DuplicatingTree tree = new DuplicatingTree();
        bytes32[] memory leaves = _leaves(3);
        tree.post(leaves);
        bytes32[] memory path = new bytes32[](2);
        (path[0], path[1]) = (leaves[2], keccak256(abi.encodePacked(leaves[0], leaves[1])));
        tree.claim(2, 300, path);
        // There is no leaf 3.
        tree.claim(3, 300, path);
        assertEq(tree.paid(), 600, "of one leaf of 300");
    }

    function test_flaw_twoListsHaveOneRoot() external {
        DuplicatingTree tree = new DuplicatingTree();
        bytes32[] memory three = _leaves(3);
        bytes32[] memory four = new bytes32[](4);
        (four[0], four[1], four[2], four[3]) = (three[0], three[1], three[2], three[2]);
        assertEq(tree.rootOf(three), tree.rootOf(four), "three leaves and four");
    }

    function _leaves(uint256 count) private pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            leaves[i] = keccak256(abi.encode((i + 1) * 100));
        }
    }
}

/// Ours promotes an odd node, binds the count into the root, and derives a path's shape from index and count.
contract DuplicatedLeafRefusedTest is Test {
    bytes32 private constant LANE = keccak256("lane");

    function test_anOddLastLeafHasOnePlace() external {
        SumTreeHarness harness = new SumTreeHarness();
        SumNode[] memory leaves = _leaves(3);
        ReceiptTree.Tree memory built = ReceiptTree.build(LANE, 1, leaves);
        SumTree.Root memory tree = SumTree.Root(built.root, built.total, 3, LANE, 1);
        SumNode[] memory path = ReceiptTree.path(leaves, 2);
        assertTrue(harness.verify(tree, keccak256("receipt 2"), 300, 2, path), "leaf 2");
        assertTrue(!harness.verify(tree, keccak256("receipt 2"), 300, 3, path), "leaf 3");
        // With a count of 4 there is a leaf 3, but the root says 3.
        tree.count = 4;
        assertTrue(!harness.verify(tree, keccak256("receipt 2"), 300, 3, path), "another count");
        path = ReceiptTree.resized(path, 2);
        (path[0], path[1]) = (leaves[2], path[0]);
        assertTrue(!harness.verify(tree, keccak256("receipt 2"), 300, 3, path), "its own sibling");
    }

    function test_twoListsHaveTwoRoots() external pure {
        SumNode[] memory three = _leaves(3);
        SumNode[] memory four = ReceiptTree.resized(three, 4);
        four[3] = three[2];
        bytes32 root = ReceiptTree.build(LANE, 1, three).root;
        assertTrue(root != ReceiptTree.build(LANE, 1, four).root, "three leaves and four");
    }

    function _leaves(uint256 count) private pure returns (SumNode[] memory leaves) {
        leaves = new SumNode[](count);
        for (uint256 i = 0; i < count; ++i) {
            bytes32 receipt = keccak256(bytes(i == 0 ? "receipt 0" : i == 1 ? "receipt 1" : "receipt 2"));
            leaves[i] = ReceiptTree.leafOf(receipt, uint128((i + 1) * 100));
        }
    }
}
