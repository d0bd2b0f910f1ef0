// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Stands in for the `ProviderRegistry`.
contract TokensRegistryDouble {
    mapping(bytes32 => address) public operatorOf;
    mapping(bytes32 => address) public payoutOf;
    mapping(bytes32 => bool) public isPayable;

    function setProvider(bytes32 providerId, address operator, address payout) external {
        operatorOf[providerId] = operator;
        payoutOf[providerId] = payout;
        isPayable[providerId] = true;
    }

    function setPayable(bytes32 providerId, bool payable_) external {
        isPayable[providerId] = payable_;
    }
}
