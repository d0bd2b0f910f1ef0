// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {IQuorumScheme} from "../interfaces/IQuorumVerifier.sol";
import {TallyDomain} from "../libraries/TallyDomain.sol";

/// @title secp256k1 signatures, one for each member: for a chain without the precompiles of EIP-2537
/// @notice Keys are addresses (20 bytes). A proof is mask ‖ one signature of 65 bytes (r ‖ s ‖ v, low s) for each member in the mask, in the order of the set.
contract EcdsaScheme is IQuorumScheme, TallyDomain {
    uint256 private constant KEY_LENGTH = 20;
    uint256 private constant SIGNATURE_LENGTH = 65;
    bytes32 private constant POSSESSION_TYPE_HASH = keccak256("Possession(address operator,address key)");

    /// @inheritdoc IQuorumScheme
    function keyLength() external pure returns (uint256) {
        return KEY_LENGTH;
    }

    /// @notice What a key signs to be registered by `operator`: EIP-712, the domain is this contract.
    function possessionDigest(address operator, address key) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(POSSESSION_TYPE_HASH, operator, key)));
    }

    /// @inheritdoc IQuorumScheme
    /// @dev An operator who signs with the address from which it registers needs no proof: `possession` is then empty.
    function checkKey(address operator, bytes calldata key, bytes calldata possession) external view {
        if (key.length != KEY_LENGTH) revert KeyInvalid();
        // The key has 20 bytes.
        // forge-lint: disable-next-line(unsafe-typecast)
        address signer = address(bytes20(key));
        if (signer == address(0)) revert KeyInvalid();
        if (signer == operator && possession.length == 0) return;
        (address recovered, ECDSA.RecoverError failure,) = ECDSA.tryRecoverCalldata(possessionDigest(operator, signer), possession);
        if (failure != ECDSA.RecoverError.NoError || recovered != signer) revert KeyInvalid();
    }

    /// @inheritdoc IQuorumScheme
    /// @dev Not checked: that the keys differ. The set's owner does that when keys are registered; the mask alone keeps a member from counting twice.
    function verify(bytes32 digest, bytes calldata keys, bytes calldata proof) external pure returns (uint256 mask) {
        uint256 members = keys.length / KEY_LENGTH;
        if (members == 0 || keys.length % KEY_LENGTH != 0) revert KeyInvalid();
        if (proof.length == 0) revert ProofMalformed();
        mask = uint8(proof[0]);
        if (mask == 0 || mask >> members != 0) revert ProofMalformed();
        uint256 offset = 1;
        for (uint256 i = 0; mask >> i != 0; ++i) {
            if ((mask >> i) & 1 == 0) continue;
            if (proof.length < offset + SIGNATURE_LENGTH) revert ProofMalformed();
            address key = address(bytes20(keys[i * KEY_LENGTH:(i + 1) * KEY_LENGTH]));
            (address recovered, ECDSA.RecoverError failure,) = ECDSA.tryRecoverCalldata(digest, proof[offset:offset + SIGNATURE_LENGTH]);
            if (failure != ECDSA.RecoverError.NoError || recovered != key) revert SignatureInvalid();
            offset += SIGNATURE_LENGTH;
        }
        if (proof.length != offset) revert ProofMalformed();
    }
}
