// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SumNode} from "../../../src/libraries/ReceiptTypes.sol";
import {ReceiptTree} from "../../support/ReceiptTree.sol";
import {ReceiptsFixture} from "../../support/ReceiptsFixture.sol";

contract IncludesTest is ReceiptsFixture {
    bytes32[] private hashes;
    uint128[] private amounts;
    SumNode[] private leaves;

    function setUp() public override {
        super.setUp();
        for (uint256 i = 0; i < 5; i++) {
            hashes.push(keccak256(abi.encode(i)));
            amounts.push(uint128(10 * i));
            leaves.push(ReceiptTree.leafOf(hashes[i], amounts[i]));
        }
        _post(lane, 1, 7, "another");
        _postTree(ReceiptTree.build(lane, 8, leaves));
    }

    function _includes(uint64 seqFrom, uint256 leaf, uint32 index) private view returns (bool) {
        return receipts.includes(lane, seqFrom, hashes[leaf], amounts[leaf], index, ReceiptTree.path(leaves, leaf));
    }

    function test_what_was_posted_where_it_was_posted() public view {
        for (uint32 i = 0; i < 5; i++) {
            assertTrue(_includes(8, i, i), "in its batch");
            assertTrue(!_includes(1, i, i), "in no other batch");
            assertTrue(!_includes(9, i, i), "in no batch that begins within");
            assertTrue(!_includes(8, i, (i + 1) % 5), "at no other place");
        }
        assertTrue(!receipts.includes(lane, 8, hashes[1], 11, 1, ReceiptTree.path(leaves, 1)), "with no other amount");
        assertTrue(!receipts.includes(keccak256("none"), 8, hashes[1], 10, 1, ReceiptTree.path(leaves, 1)), "in no other lane");
    }

    function test_in_every_state() public {
        vm.prank(address(faults));
        receipts.markFaulty(lane, 8);
        assertTrue(_includes(8, 4, 4), "of a faulty batch");
    }

    function test_what_was_never_posted_has_no_leaf() public view {
        assertTrue(!receipts.includes(lane, 100, bytes32(0), 0, 0, new SumNode[](0)), "nothing");
    }

    /// @notice A batch of one lane says nothing in another lane of the same gateway, even at the same place.
    function test_no_replay_in_another_lane() public {
        bytes32 other = _registerLane(GATEWAY, 1, signer);
        _post(other, 1, 7, "another");
        _post(other, 8, 5, "same place");
        assertTrue(!receipts.includes(other, 8, hashes[0], amounts[0], 0, ReceiptTree.path(leaves, 0)), "replayed");
    }
}
