// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Simulates `ProviderRegistry` for the tests of money: providers are set, not registered.
contract MoneyRegistryDouble {
    mapping(bytes32 => address) public operatorOf;
    mapping(bytes32 => address) public signerOf;
    mapping(bytes32 => address) public payoutOf;
    mapping(bytes32 => bool) public isActive;
    mapping(bytes32 => bool) public isPayable;

    function set(bytes32 providerId, address operator, address signer, address payout) external {
        operatorOf[providerId] = operator;
        signerOf[providerId] = signer;
        payoutOf[providerId] = payout;
        isActive[providerId] = true;
        isPayable[providerId] = true;
    }

    function setActive(bytes32 providerId, bool active, bool payable_) external {
        isActive[providerId] = active;
        isPayable[providerId] = payable_;
    }
}
