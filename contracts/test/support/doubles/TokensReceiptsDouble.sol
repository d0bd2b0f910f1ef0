// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IUsageReceipts} from "../../../src/interfaces/IUsageReceipts.sol";
import {SumNode} from "../../../src/libraries/ReceiptTypes.sol";

/// @notice Stands in for `UsageReceipts`: lanes and states are set, and a leaf is included where the test put it. It proves no trees.
contract TokensReceiptsDouble {
    mapping(bytes32 => IUsageReceipts.Lane) private _lanes;
    mapping(bytes32 => IUsageReceipts.State) private _states;
    mapping(bytes32 => bool) private _leaves;

    function setLane(bytes32 laneId, bytes32 gatewayId, bool perReceiptMint) external {
        _lanes[laneId] = IUsageReceipts.Lane(gatewayId, 0, 1000, false, perReceiptMint);
    }

    function setState(bytes32 laneId, uint64 seqFrom, IUsageReceipts.State state) external {
        _states[batchIdOf(laneId, seqFrom)] = state;
    }

    function include(bytes32 laneId, uint64 seqFrom, bytes32 receiptHash, uint128 amount, uint32 index) external {
        _leaves[keccak256(abi.encode(laneId, seqFrom, receiptHash, amount, index))] = true;
    }

    function laneOf(bytes32 laneId) external view returns (IUsageReceipts.Lane memory) {
        return _lanes[laneId];
    }

    function batchIdOf(bytes32 laneId, uint64 seqFrom) public pure returns (bytes32) {
        return keccak256(abi.encode(laneId, seqFrom));
    }

    function postedOf(bytes32 batchId) external view returns (IUsageReceipts.Posted memory posted) {
        posted.state = _states[batchId];
    }

    function includes(bytes32 laneId, uint64 seqFrom, bytes32 receiptHash, uint128 amount, uint32 index, SumNode[] calldata)
        external
        view
        returns (bool)
    {
        return _leaves[keccak256(abi.encode(laneId, seqFrom, receiptHash, amount, index))];
    }
}
