// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IParamGovernor} from "../../../src/interfaces/IParamGovernor.sol";

/// @notice As much of `IParamGovernor` as oracles and providers ask for.
contract QuorumGovernorDouble {
    mapping(bytes32 => uint256) public get;
    bool public closed;

    function set(bytes32 key, uint256 value) external {
        get[key] = value;
    }

    function close(bool closed_) external {
        closed = closed_;
    }

    function requireEntry() external view {
        if (closed) revert IParamGovernor.EntryPaused(1);
    }
}
