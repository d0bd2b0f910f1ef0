// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SumNode, Batch} from "../../src/libraries/ReceiptTypes.sol";
import {ReceiptTree} from "../support/ReceiptTree.sol";
import {ReceiptsFixture} from "../support/ReceiptsFixture.sol";

/// @notice What evidence costs, as a transaction of its own: the call, the base of 21,000 and the calldata. The attestation is a double's: its verification is measured with the quorum.
contract ReceiptsGasTest is ReceiptsFixture {
    uint32 private constant COUNT = 10_000;
    /// @dev 38 gas a receipt in all, less what verifying three of five BLS signatures may take; the whole is held to that in Batch.t.sol. The gateway's signature takes about 13,000 of it.
    uint256 private constant POST_MAX = 118_000;
    uint256 private constant POST_NEXT_MAX = 113_000;
    uint256 private constant FINALISE_MAX = 35_000;
    uint256 private constant INCLUDES_MAX = 22_000;

    /// @dev EIP-2028: 4 for a zero byte, 16 for another. EIP-7623's floor is far below what these calls use.
    function _transaction(bytes memory data, uint256 execution) private pure returns (uint256 gas_) {
        gas_ = 21_000 + execution;
        for (uint256 i = 0; i < data.length; i++) {
            gas_ += data[i] == 0 ? 4 : 16;
        }
    }

    function _send(bytes memory data, string memory name) private returns (uint256 gas_) {
        // As at the beginning of a transaction: nothing was touched before.
        vm.cool(address(receipts));
        vm.cool(address(governor));
        vm.cool(address(quorum));
        (bool ok,) = address(receipts).call(data);
        assertTrue(ok, "the call went through");
        uint256 execution = vm.snapshotGasLastCall(name);
        gas_ = _transaction(data, execution);
    }

    /// @dev A real attestation has a mask and an aggregated signature: 9 words.
    function _postData(uint64 seqFrom) private view returns (bytes memory) {
        Batch memory batch = _batch(lane, seqFrom, COUNT, 123_456_789_000, keccak256(abi.encode(seqFrom)));
        bytes memory attestation = bytes.concat(_attest(batch, 7), _noise(192));
        return abi.encodeCall(receipts.post, (batch, keccak256(abi.encode(seqFrom)), _sign(batch), attestation));
    }

    function _noise(uint256 length) private pure returns (bytes memory noise) {
        for (uint256 i = 0; i < length; i += 32) {
            noise = bytes.concat(noise, keccak256(abi.encode(i)));
        }
    }

    function test_gas_post_10000() public {
        assertLe(_send(_postData(1), "Receipts: post 10000, the first of a lane"), POST_MAX, "first batch");
        assertLe(_send(_postData(1 + COUNT), "Receipts: post 10000, a later one"), POST_NEXT_MAX, "later batch");
    }

    function test_gas_finalise() public {
        _post(lane, 1, COUNT, "top");
        vm.warp(block.timestamp + WINDOW);
        assertLe(_send(abi.encodeCall(receipts.finalise, (lane, 1)), "Receipts: finalise"), FINALISE_MAX, "finalise");
    }

    function test_gas_includes_depth_14() public {
        SumNode[] memory path = new SumNode[](14);
        bytes32 hash = keccak256("receipt");
        SumNode memory node = ReceiptTree.leafOf(hash, 5);
        for (uint256 i = 0; i < 14; i++) {
            path[i] = SumNode(keccak256(abi.encode(i)), uint128(i));
            node = ReceiptTree.nodeOf(node, path[i]);
        }
        Batch memory batch = _batch(lane, 1, 16_384, node.sum, node.hash);
        receipts.post(batch, node.hash, _sign(batch), _attest(batch, 7));
        vm.cool(address(receipts));
        assertTrue(receipts.includes(lane, 1, hash, 5, 0, path), "included");
        assertLe(vm.snapshotGasLastCall("Receipts: includes, depth 14"), INCLUDES_MAX, "includes");
    }
}
