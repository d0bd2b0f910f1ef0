// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IParamGovernor} from "../../../src/interfaces/IParamGovernor.sol";

/// @notice Stands in for the `ParamGovernor`: parameters are set at once, and the pause is a switch.
contract TokensGovernorDouble {
    mapping(bytes32 => uint256) public get;
    uint64 public pausedUntil;

    function set(bytes32 key, uint256 value) external {
        get[key] = value;
    }

    function setPausedUntil(uint64 until) external {
        pausedUntil = until;
    }

    function requireEntry() external view {
        if (block.timestamp < pausedUntil) revert IParamGovernor.EntryPaused(pausedUntil);
    }
}
