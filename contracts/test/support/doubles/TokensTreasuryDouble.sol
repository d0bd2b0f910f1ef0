// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISettlementTreasury} from "../../../src/interfaces/ISettlementTreasury.sol";

/// @notice Stands in for the `SettlementTreasury`: fees are added by the test.
contract TokensTreasuryDouble {
    mapping(bytes32 => mapping(uint64 => uint128)) public feesOf;
    ISettlementTreasury.Split private _split = ISettlementTreasury.Split(200, 300, 300);
    uint32 public constant splitVersion = 1;

    function addFees(bytes32 providerId, uint64 epoch, uint128 fees) external {
        feesOf[providerId][epoch] += fees;
    }

    function setSplit(ISettlementTreasury.Split calldata split) external {
        _split = split;
    }

    function splitAt(uint32) external view returns (ISettlementTreasury.Split memory) {
        return _split;
    }

    function feeEpoch() external view returns (uint64) {
        return uint64(block.timestamp / 604_800);
    }
}
