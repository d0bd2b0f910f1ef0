// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TokensPlain} from "../support/doubles/TokensPlain.sol";

/// @notice FLAWED ON PURPOSE: minting on an attester's word, with the mistakes that such a contract is often written with. Only tests deploy it.
contract FlawedMinter {
    TokensPlain public immutable token;
    address public attester;
    mapping(bytes32 => bool) public used;

    /// Flaw: a zero attester is taken.
    constructor(TokensPlain token_, address attester_) {
        token = token_;
        attester = attester_;
    }

    /// Flaw: anybody may call it.
    function setAttester(address attester_) external {
        attester = attester_;
    }

    /// Flaw: the digest names neither chain nor contract, and nothing bounds `units`.
    function digestOf(address provider, uint256 units, bytes32 receiptHash) public pure returns (bytes32) {
        return keccak256(abi.encodePacked("\x19Ethereum Signed Message:\n32", keccak256(abi.encode(provider, units, receiptHash))));
    }

    /// Flaw: `ecrecover` answers zero for a signature that is none, and takes both forms of one that is.
    function mint(address provider, uint256 units, bytes32 receiptHash, uint8 v, bytes32 r, bytes32 s) external {
        require(!used[receiptHash], "used");
        require(ecrecover(digestOf(provider, units, receiptHash), v, r, s) == attester, "signature");
        used[receiptHash] = true;
        token.mint(provider, units);
    }
}
