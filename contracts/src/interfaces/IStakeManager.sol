// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IStakes} from "./IStakes.sol";

/// @title Stakes of providers and oracle operators
/// @notice A provider's stake has the provider's id, an oracle operator's the id `oracleStakeId`. Objective faults are proposed by the contracts that prove them.
interface IStakeManager is IStakes {
    /// @notice Only the contracts that prove faults.
    error OnlyProver(address caller);

    /// @notice Adds to a provider's stake. Anyone may pay; whoever is the operator at the time owns it. Reverts where the provider has no operator. Entry.
    function stakeProvider(bytes32 providerId) external payable;
    /// @notice Adds to the caller's stake as an oracle operator. Entry.
    function stakeOracle() external payable;
    /// @return keccak256(abi.encode("Tallystick oracle", operator)).
    function oracleStakeId(address operator) external pure returns (bytes32);
    /// @return whether what does not thaw of a provider's stake reaches `providerStakeMin`. While a proven fault is open, what is frozen does not count either.
    function providerStaked(bytes32 providerId) external view returns (bool);
    /// @return the same of an oracle operator's stake and `oracleStakeMin`.
    function oracleStaked(address operator) external view returns (bool);
    /// @notice Proposes the penalty for a fault that was proven: `faultPenaltyBps` of the stake, rounded up, or what the cap leaves of it. Only provers.
    /// `faultId` is unique to the fault: the same fault is punished once, and a second proof reverts with AlreadySlashed. Where the cap leaves nothing, or nothing is staked,
    /// it reverts with AboveCap and the fault can be proven later.
    function proposeProven(bytes32 stakeId, bytes32 faultId) external returns (bytes32 slashId);
}
