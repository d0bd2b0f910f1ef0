// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Keys under which `CreditVault` owes the shares of a settlement that are not a provider's. No provider id equals one: those are hashes of longer preimages.
library Beneficiaries {
    bytes32 internal constant ORACLES = keccak256("tallystick.oracles");
    bytes32 internal constant RESERVE = keccak256("tallystick.reserve");
    bytes32 internal constant PROTOCOL = keccak256("tallystick.protocol");
}
