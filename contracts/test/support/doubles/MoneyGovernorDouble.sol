// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IParamGovernor} from "../../../src/interfaces/IParamGovernor.sol";

/// @notice Simulates `ParamGovernor` for the tests of money: one parameter and a pause.
contract MoneyGovernorDouble {
    uint64 public pausedUntil;
    uint256 public min = 24 hours;

    function setPausedUntil(uint64 until) external {
        pausedUntil = until;
    }

    function setMin(uint256 value) external {
        min = value;
    }

    function requireEntry() external view {
        if (block.timestamp < pausedUntil) revert IParamGovernor.EntryPaused(pausedUntil);
    }

    function get(bytes32 key) external view returns (uint256) {
        if (key != "withdrawDelayMin") revert IParamGovernor.ParamUnknown(key);
        return min;
    }

    function bounds(bytes32 key) external pure returns (uint256, uint256) {
        if (key != "withdrawDelayMin") revert IParamGovernor.ParamUnknown(key);
        return (24 hours, 30 days);
    }
}
