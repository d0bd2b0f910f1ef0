// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SumNode} from "../../../src/libraries/ReceiptTypes.sol";
import {SumTree} from "../../../src/libraries/SumTree.sol";
import {ReceiptTree} from "../../support/ReceiptTree.sol";
import {SumTreeHarness} from "../../support/SumTreeHarness.sol";
import {Test} from "../../support/Test.sol";

/// @notice Honest leaves verify; whatever was changed, shifted, repeated or taken for something else does not.
contract SumTreeVerifyTest is Test {
    bytes32 private constant LANE = keccak256("lane");

    SumTreeHarness private harness = new SumTreeHarness();

    /// @dev One leaf of a tree, and what proves it.
    struct Proof {
        SumTree.Root root;
        bytes32 hash;
        uint128 amount;
        uint32 index;
        SumNode[] path;
    }

    function _leaves(uint256 count, uint256 seed) private pure returns (SumNode[] memory leaves) {
        leaves = new SumNode[](count);
        for (uint256 i = 0; i < count; i++) {
            leaves[i] = ReceiptTree.leafOf(_hash(seed, i), _amount(seed, i));
        }
    }

    function _hash(uint256 seed, uint256 i) private pure returns (bytes32) {
        return keccak256(abi.encode(seed, i));
    }

    function _amount(uint256 seed, uint256 i) private pure returns (uint128) {
        return uint128(uint256(_hash(seed, i)) >> 140);
    }

    function _proof(uint256 count, uint256 index, uint256 seed, uint64 seqFrom) private pure returns (Proof memory proof) {
        SumNode[] memory leaves = _leaves(count, seed);
        ReceiptTree.Tree memory tree = ReceiptTree.build(LANE, seqFrom, leaves);
        proof.root = SumTree.Root(tree.root, tree.total, tree.count, LANE, seqFrom);
        (proof.hash, proof.amount, proof.index) = (_hash(seed, index), _amount(seed, index), uint32(index));
        proof.path = ReceiptTree.path(leaves, index);
    }

    function _verifies(Proof memory proof) private view returns (bool) {
        return harness.verify(proof.root, proof.hash, proof.amount, proof.index, proof.path);
    }

    function testFuzz_every_leaf_of_every_tree(uint256 count, uint256 index, uint256 seed, uint64 seqFrom) public view {
        count = bound(count, 1, 70);
        assertTrue(_verifies(_proof(count, bound(index, 0, count - 1), seed, seqFrom)), "verifies");
    }

    function testFuzz_nothing_can_be_changed(uint256 count, uint256 index, uint256 seed, uint256 what, uint256 bit) public view {
        count = bound(count, 2, 40);
        Proof memory proof = _proof(count, bound(index, 0, count - 1), seed, 5);
        assertTrue(_verifies(proof), "verifies as it is");
        bytes32 flip = bytes32(1 << (bit % 256));
        uint128 shift = uint128(1 << (bit % 128));
        SumNode memory sibling = proof.path[bit % proof.path.length];
        what = what % 11;
        if (what == 0) proof.root.hash ^= flip;
        else if (what == 1) proof.root.total ^= shift;
        else if (what == 2) proof.root.count ^= uint32(1 << (bit % 32));
        else if (what == 3) proof.root.laneId ^= flip;
        else if (what == 4) proof.root.seqFrom ^= uint64(1 << (bit % 64));
        else if (what == 5) proof.hash ^= flip;
        else if (what == 6) proof.amount ^= shift;
        else if (what == 7) sibling.hash ^= flip;
        else if (what == 8) sibling.sum ^= shift;
        else if (what == 9) proof.path = ReceiptTree.resized(proof.path, proof.path.length - 1);
        else proof.path = ReceiptTree.resized(proof.path, proof.path.length + 1);
        assertTrue(!_verifies(proof), "refused");
    }

    function testFuzz_a_leaf_has_one_index(uint256 count, uint256 index, uint32 claimed, uint256 seed) public view {
        count = bound(count, 1, 40);
        index = bound(index, 0, count - 1);
        vm.assume(claimed != index);
        Proof memory proof = _proof(count, index, seed, 5);
        proof.index = claimed;
        assertTrue(!_verifies(proof), "refused at another index");
        // Nor with the path of the leaf that is there.
        proof.index = uint32(bound(claimed, 0, count - 1));
        if (proof.index == index) return;
        proof.path = ReceiptTree.path(_leaves(count, seed), proof.index);
        assertTrue(!_verifies(proof), "refused in another's place");
    }

    /// @notice Whatever comes, the answer is no, and it comes.
    function testFuzz_hostile_input_never_reverts(
        SumTree.Root calldata tree,
        bytes32 hash,
        uint128 amount,
        uint32 index,
        SumNode[] calldata path
    ) public view {
        assertTrue(!harness.verify(tree, hash, amount, index, path), "refused");
    }

    function test_the_empty_tree_has_no_leaf() public view {
        SumTree.Root memory tree = SumTree.Root(ReceiptTree.rootOf(bytes32(0), 0, 0, LANE, 5), 0, 0, LANE, 5);
        assertTrue(!harness.verify(tree, bytes32(0), 0, 0, new SumNode[](0)), "no leaf");
    }

    function test_the_largest_count_climbs_without_end_of_gas() public view {
        SumTree.Root memory tree = SumTree.Root(bytes32("root"), 0, type(uint32).max, LANE, 5);
        SumNode[] memory path = new SumNode[](32);
        assertTrue(!harness.verify(tree, bytes32("leaf"), 0, type(uint32).max - 1, path), "refused");
        assertTrue(!harness.verify(tree, bytes32("leaf"), 0, type(uint32).max, path), "no such leaf");
        assertTrue(!harness.verify(tree, bytes32("leaf"), 0, 0, path), "refused");
    }
}
