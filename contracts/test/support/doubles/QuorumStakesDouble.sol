// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice As much of `IStakeManager` as oracles and providers ask for.
contract QuorumStakesDouble {
    mapping(address => bool) public oracleStaked;
    mapping(bytes32 => bool) public providerStaked;

    function stakeOracle(address operator, bool staked) external {
        oracleStaked[operator] = staked;
    }

    function stakeProvider(bytes32 providerId, bool staked) external {
        providerStaked[providerId] = staked;
    }
}
