// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SumNode} from "../../../src/libraries/ReceiptTypes.sol";
import {SumTree} from "../../../src/libraries/SumTree.sol";
import {ReceiptTree} from "../../support/ReceiptTree.sol";
import {SumTreeHarness} from "../../support/SumTreeHarness.sol";
import {Test} from "../../support/Test.sol";

/// @notice The known attacks on Merkle and Merkle-sum trees, each built by hand.
contract SumTreeAttacksTest is Test {
    bytes32 private constant LANE = keccak256("lane");
    uint128 private constant MAX = type(uint128).max;

    SumTreeHarness private harness = new SumTreeHarness();
    bytes32[] private hashes;
    uint128[] private amounts;

    function setUp() public {
        for (uint256 i = 0; i < 3; i++) {
            hashes.push(keccak256(abi.encode("receipt", i)));
            amounts.push(uint128(100 * (i + 1)));
        }
    }

    function _tree() private view returns (SumNode[] memory leaves, SumTree.Root memory root, ReceiptTree.Tree memory tree) {
        leaves = ReceiptTree.leavesOf(hashes, amounts);
        tree = ReceiptTree.build(LANE, 5, leaves);
        root = SumTree.Root(tree.root, tree.total, tree.count, LANE, 5);
    }

    function _path(SumNode memory a) private pure returns (SumNode[] memory path) {
        path = new SumNode[](1);
        path[0] = a;
    }

    function _path(SumNode memory a, SumNode memory b) private pure returns (SumNode[] memory path) {
        path = new SumNode[](2);
        (path[0], path[1]) = (a, b);
    }

    function test_the_tree_itself_is_sound() public view {
        (SumNode[] memory leaves, SumTree.Root memory root,) = _tree();
        for (uint32 i = 0; i < 3; i++) {
            assertTrue(harness.verify(root, hashes[i], amounts[i], i, ReceiptTree.path(leaves, i)), "sound");
        }
        assertEq(ReceiptTree.path(leaves, 2).length, 1, "the odd leaf is promoted");
    }

    function test_the_odd_leaf_is_not_duplicated() public view {
        (SumNode[] memory leaves, SumTree.Root memory root,) = _tree();
        // As a tree that pairs it with itself would have it: a fourth leaf, and its amount twice.
        SumNode memory pair = ReceiptTree.nodeOf(leaves[0], leaves[1]);
        assertTrue(!harness.verify(root, hashes[2], amounts[2], 2, _path(leaves[2], pair)), "not paired with itself");
        assertTrue(!harness.verify(root, hashes[2], amounts[2], 3, _path(leaves[2], pair)), "no fourth leaf");
        SumNode[] memory four = ReceiptTree.resized(leaves, 4);
        four[3] = leaves[2];
        assertTrue(ReceiptTree.build(LANE, 5, four).root != root.hash, "another root");
    }

    function test_a_leaf_is_no_node_and_a_node_no_leaf() public view {
        (SumNode[] memory leaves, SumTree.Root memory root,) = _tree();
        SumNode memory pair = ReceiptTree.nodeOf(leaves[0], leaves[1]);
        // The inner node given as a receipt of a tree of two.
        SumTree.Root memory two = root;
        two.count = 2;
        assertTrue(!harness.verify(two, pair.hash, pair.sum, 0, _path(leaves[2])), "a node is no leaf");
        two.hash = ReceiptTree.rootOf(ReceiptTree.nodeOf(pair, leaves[2]).hash, two.total, 2, LANE, 5);
        assertTrue(!harness.verify(two, pair.hash, pair.sum, 0, _path(leaves[2])), "not even under a root that says two");
        // The leaf's own hash given as a receipt.
        assertTrue(!harness.verify(root, leaves[2].hash, amounts[2], 2, _path(pair)), "a leaf's hash is no receipt");
    }

    function test_the_top_and_the_root_are_no_leaves() public view {
        (,, ReceiptTree.Tree memory tree) = _tree();
        SumTree.Root memory one = SumTree.Root(tree.root, tree.total, 1, LANE, 5);
        assertTrue(!harness.verify(one, tree.top, tree.total, 0, new SumNode[](0)), "the top is no receipt");
        assertTrue(!harness.verify(one, tree.root, tree.total, 0, new SumNode[](0)), "the root is no receipt");
        one.hash = tree.top;
        assertTrue(!harness.verify(one, tree.top, tree.total, 0, new SumNode[](0)), "the top is no root");
    }

    function test_sums_do_not_wrap() public view {
        // An amount of 1 beside a sibling of 2^128 − 1 would wrap to 0, and the root of the wrapped sum is well formed.
        SumNode memory own = ReceiptTree.leafOf(hashes[0], 1);
        SumNode memory huge = SumNode(keccak256("huge"), MAX);
        bytes32 top = keccak256(abi.encodePacked(bytes1(0x01), own.hash, own.sum, huge.hash, huge.sum));
        SumTree.Root memory root = SumTree.Root(ReceiptTree.rootOf(top, 0, 2, LANE, 5), 0, 2, LANE, 5);
        assertTrue(!harness.verify(root, hashes[0], 1, 0, _path(huge)), "wraps");
        // The largest sum that does not wrap is fine.
        own = ReceiptTree.leafOf(hashes[0], 0);
        top = keccak256(abi.encodePacked(bytes1(0x01), own.hash, own.sum, huge.hash, huge.sum));
        root = SumTree.Root(ReceiptTree.rootOf(top, MAX, 2, LANE, 5), MAX, 2, LANE, 5);
        assertTrue(harness.verify(root, hashes[0], 0, 0, _path(huge)), "fits");
    }

    function test_amounts_cannot_be_shifted_between_siblings() public view {
        (SumNode[] memory leaves, SumTree.Root memory root,) = _tree();
        SumNode memory richer = SumNode(leaves[1].hash, leaves[1].sum + 50);
        assertTrue(!harness.verify(root, hashes[0], amounts[0] - 50, 0, _path(richer, leaves[2])), "shifted to the sibling");
        // Nor by a tree whose total is the same: its root differs.
        SumNode[] memory shifted = ReceiptTree.resized(leaves, 3);
        shifted[0] = ReceiptTree.leafOf(hashes[0], amounts[0] - 50);
        shifted[1] = ReceiptTree.leafOf(hashes[1], amounts[1] + 50);
        ReceiptTree.Tree memory other = ReceiptTree.build(LANE, 5, shifted);
        assertEq(other.total, root.total, "same total");
        assertTrue(other.root != root.hash, "another root");
    }

    /// @notice Whoever makes a root chooses its total freely, but then no leaf is in it.
    function test_a_root_that_lies_about_its_total_holds_nothing() public view {
        (SumNode[] memory leaves, SumTree.Root memory root, ReceiptTree.Tree memory tree) = _tree();
        root.total += 1;
        root.hash = ReceiptTree.rootOf(tree.top, root.total, 3, LANE, 5);
        for (uint32 i = 0; i < 3; i++) {
            assertTrue(!harness.verify(root, hashes[i], amounts[i], i, ReceiptTree.path(leaves, i)), "not in it");
        }
    }

    function test_the_count_is_bound() public view {
        (SumNode[] memory leaves, SumTree.Root memory root,) = _tree();
        // With a count of 4 the promoted leaf would need a sibling: nothing, an empty one.
        root.count = 4;
        SumNode memory pair = ReceiptTree.nodeOf(leaves[0], leaves[1]);
        assertTrue(!harness.verify(root, hashes[2], amounts[2], 2, _path(pair)), "of four");
        assertTrue(!harness.verify(root, hashes[2], amounts[2], 2, _path(SumNode(0, 0), pair)), "of four, beside nothing");
        root.count = 2;
        assertTrue(!harness.verify(root, hashes[0], amounts[0], 0, _path(leaves[1])), "of two");
        root.count = 5;
        assertTrue(!harness.verify(root, hashes[0], amounts[0], 0, _path(leaves[1], leaves[2])), "of five");
    }

    function test_lane_and_place_are_bound() public view {
        (SumNode[] memory leaves, SumTree.Root memory root,) = _tree();
        SumNode[] memory path = ReceiptTree.path(leaves, 0);
        root.laneId = keccak256("another lane");
        assertTrue(!harness.verify(root, hashes[0], amounts[0], 0, path), "another lane");
        root.laneId = LANE;
        root.seqFrom = 6;
        assertTrue(!harness.verify(root, hashes[0], amounts[0], 0, path), "another place");
    }

    function test_paths_are_neither_longer_nor_shorter() public view {
        (SumNode[] memory leaves, SumTree.Root memory root, ReceiptTree.Tree memory tree) = _tree();
        SumNode[] memory path = ReceiptTree.path(leaves, 0);
        assertTrue(!harness.verify(root, hashes[0], amounts[0], 0, ReceiptTree.resized(path, 1)), "shorter");
        assertTrue(!harness.verify(root, hashes[0], amounts[0], 0, ReceiptTree.resized(path, 3)), "longer by nothing");
        assertTrue(!harness.verify(root, hashes[0], amounts[0], 0, new SumNode[](0)), "none");
        SumTree.Root memory one = SumTree.Root(ReceiptTree.rootOf(leaves[0].hash, 100, 1, LANE, 5), 100, 1, LANE, 5);
        assertTrue(harness.verify(one, hashes[0], 100, 0, new SumNode[](0)), "a tree of one");
        assertTrue(!harness.verify(one, hashes[0], 100, 0, _path(SumNode(tree.top, 0))), "a tree of one has no path");
    }

    function test_siblings_have_one_side() public view {
        (SumNode[] memory leaves, SumTree.Root memory root,) = _tree();
        assertTrue(!harness.verify(root, hashes[1], amounts[1], 0, _path(leaves[0], leaves[2])), "left and right changed");
        assertTrue(!harness.verify(root, hashes[0], amounts[0], 0, _path(leaves[2], leaves[1])), "levels changed");
    }
}
