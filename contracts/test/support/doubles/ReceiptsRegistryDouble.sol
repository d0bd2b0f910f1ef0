// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What `UsageReceipts` asks of the `ProviderRegistry`, set at will.
contract ReceiptsRegistryDouble {
    mapping(bytes32 providerId => address) public operatorOf;

    function set(bytes32 providerId, address operator) external {
        operatorOf[providerId] = operator;
    }
}
