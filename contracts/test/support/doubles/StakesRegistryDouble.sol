// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What stakes ask of `IProviderRegistry`: who operates a provider.
contract StakesRegistryDouble {
    mapping(bytes32 providerId => address) public operatorOf;

    function setOperator(bytes32 providerId, address operator) external {
        operatorOf[providerId] = operator;
    }
}
