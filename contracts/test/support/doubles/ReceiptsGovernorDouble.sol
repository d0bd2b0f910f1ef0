// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IParamGovernor} from "../../../src/interfaces/IParamGovernor.sol";

/// @notice What `UsageReceipts` asks of the `ParamGovernor`, set at will.
contract ReceiptsGovernorDouble {
    mapping(bytes32 key => uint256) public get;
    uint64 public pausedUntil;

    function set(bytes32 key, uint256 value) external {
        get[key] = value;
    }

    function pauseUntil(uint64 until) external {
        pausedUntil = until;
    }

    function requireEntry() external view {
        if (block.timestamp < pausedUntil) revert IParamGovernor.EntryPaused(pausedUntil);
    }
}
