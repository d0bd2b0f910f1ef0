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
    /// @return whether what stays of a provider's stake reaches `providerStakeMin`.
    function providerStaked(bytes32 providerId) external view returns (bool);
    /// @return whether what stays of an operator's stake reaches `oracleStakeMin`.
    function oracleStaked(address operator) external view returns (bool);
    /// @notice Proposes the penalty for a fault that was proven: `faultPenaltyBps` (at most the cap) of the stake, of the least stake where there is less, rounded up, or what the
    /// cap leaves of it. Only provers. `faultId` is unique to the fault: the same fault is punished once, and a second proof reverts with AlreadySlashed. Where less can be taken
    /// than half the penalty of who has the least stake, because little is staked or the cap is used up, it reverts with AboveCap and the fault can be proven later.
    function proposeProven(bytes32 stakeId, bytes32 faultId) external returns (bytes32 slashId);
}
