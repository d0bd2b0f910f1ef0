// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IQuorumScheme} from "../interfaces/IQuorumVerifier.sol";
import {Bls12381} from "../libraries/Bls12381.sol";

/// @title BLS signatures over BLS12-381: one signature of constant size for any number of members
/// @notice Keys are points of G1 (128 bytes), signatures points of G2 (256 bytes), in the encoding of EIP-2537. The scheme is the IETF's proof-of-possession scheme
/// (draft-irtf-cfrg-bls-signature, section 3.3) with its two domain separation tags. A proof is 257 bytes: mask ‖ sum of the members' signatures.
///
/// A digest is signed as it is: whoever makes it binds chain, contract and purpose into it (EIP-712). Neither keys nor signatures have a second encoding, and a signature
/// is determined by key and digest, so there is nothing malleable to refuse.
contract BlsScheme is IQuorumScheme {
    bytes private constant SIGN_DST = "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";
    bytes private constant POSSESSION_DST = "BLS_POP_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";

    /// @inheritdoc IQuorumScheme
    function keyLength() external pure returns (uint256) {
        return Bls12381.G1_LENGTH;
    }

    /// @inheritdoc IQuorumScheme
    /// @dev The proof is the key's signature over key ‖ operator ‖ chain id under a tag of its own. A key made from others' keys (x·G − their keys) lets its maker sign
    /// "for" them; nobody can sign with such a key alone, so it has no proof. The operator is in it, so that nobody can register another's key with a proof seen on chain.
    function checkKey(address operator, bytes calldata key, bytes calldata possession) external view {
        if (key.length != Bls12381.G1_LENGTH || possession.length != Bls12381.G2_LENGTH) revert KeyInvalid();
        // The key at infinity has the secret 0, and its "signature" at infinity proves every message.
        if (Bls12381.isInfinity(key) || Bls12381.isInfinity(possession)) revert KeyInvalid();
        bytes memory hashed = Bls12381.hashToG2(abi.encodePacked(key, operator, block.chainid), POSSESSION_DST);
        // The pairing also refuses a key that is off the curve or outside the subgroup.
        if (!Bls12381.pairs(key, hashed, possession)) revert KeyInvalid();
    }

    /// @inheritdoc IQuorumScheme
    /// @dev Adding keys checks no subgroup. It need not: a key in a set passed the pairing of `checkKey`, and the sum passes the pairing here.
    function verify(bytes32 digest, bytes calldata keys, bytes calldata proof) external view returns (uint256 mask) {
        uint256 members = keys.length / Bls12381.G1_LENGTH;
        if (members == 0 || keys.length % Bls12381.G1_LENGTH != 0) revert KeyInvalid();
        if (proof.length != 1 + Bls12381.G2_LENGTH) revert ProofMalformed();
        mask = uint8(proof[0]);
        if (mask == 0 || mask >> members != 0) revert ProofMalformed();
        bytes memory sum = _sumOf(keys, mask);
        bytes memory signature = proof[1:];
        // Members whose keys cancel each other out (x and −x) would make a sum at infinity, for which infinity is a signature over everything.
        if (Bls12381.isInfinity(sum) || Bls12381.isInfinity(signature)) revert SignatureInvalid();
        if (!Bls12381.pairs(sum, Bls12381.hashToG2(abi.encodePacked(digest), SIGN_DST), signature)) revert SignatureInvalid();
    }

    /// A mask has one bit for each member, so no member is added twice.
    function _sumOf(bytes calldata keys, uint256 mask) private view returns (bytes memory sum) {
        for (uint256 i = 0; mask >> i != 0; ++i) {
            if ((mask >> i) & 1 == 0) continue;
            bytes memory key = keys[i * Bls12381.G1_LENGTH:(i + 1) * Bls12381.G1_LENGTH];
            if (sum.length == 0) {
                sum = key;
                continue;
            }
            bool ok;
            (ok, sum) = Bls12381.add(sum, key);
            if (!ok) revert KeyInvalid();
        }
    }
}
