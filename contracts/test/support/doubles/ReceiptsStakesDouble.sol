// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IStakes} from "../../../src/interfaces/IStakes.sol";

/// @notice What provers ask of the `StakeManager`: slashes are counted, a second one for the same fault is refused, and a stake can be emptied.
contract ReceiptsStakesDouble {
    mapping(bytes32 stakeId => uint256) public slashes;
    mapping(bytes32 stakeId => bool) public isEmpty;
    mapping(bytes32 slashId => bool) public isSlashed;
    /// @notice Called back within a slash, to try to come in again.
    address public hook;
    bytes public hookData;
    bool public hookRefused;

    function empty(bytes32 stakeId, bool value) external {
        isEmpty[stakeId] = value;
    }

    function setHook(address target, bytes calldata data) external {
        (hook, hookData) = (target, data);
    }

    function oracleStakeId(address operator) public pure returns (bytes32) {
        return keccak256(abi.encode("oracle", operator));
    }

    function proposeProven(bytes32 stakeId, bytes32 faultId) external returns (bytes32 slashId) {
        if (isEmpty[stakeId]) revert IStakes.ZeroAmount();
        slashId = keccak256(abi.encode(stakeId, faultId));
        if (isSlashed[slashId]) revert IStakes.AlreadySlashed(slashId);
        isSlashed[slashId] = true;
        slashes[stakeId]++;
        if (hook != address(0)) {
            (bool ok,) = hook.call(hookData);
            hookRefused = !ok;
        }
    }
}
