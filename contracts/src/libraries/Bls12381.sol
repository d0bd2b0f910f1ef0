// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IQuorumScheme} from "../interfaces/IQuorumVerifier.sol";

/// @notice The curve BLS12-381 by the precompiles of EIP-2537, and RFC 9380's `hash_to_curve` into G2 (suite `BLS12381G2_XMD:SHA-256_SSWU_RO_`).
/// A point of G1 is 128 bytes x ‖ y; a point of G2 is 256 bytes x.c0 ‖ x.c1 ‖ y.c0 ‖ y.c1; a field element is 64 bytes, big-endian, its first 16 zero; infinity is all zeros.
///
/// Which precompile checks what (EIP-2537, "ABI for operations"):
/// - all: the length of the input, that field elements are below the modulus, that points are on the curve. So a point has one encoding, and nothing here looks for a second.
/// - G1ADD and G2ADD: **not** that a point is in the subgroup of prime order.
/// - PAIRING_CHECK: that every point is in its subgroup. It takes infinity, which callers here must refuse.
/// - MAP_FP2_TO_G2: clears the cofactor, so its results are in the subgroup, and so is their sum.
///
/// A chain that has no such precompile answers a call to its address with success and no data (`cancun` does). So the size of every answer is checked.
library Bls12381 {
    uint256 internal constant G1_LENGTH = 128;
    uint256 internal constant G2_LENGTH = 256;

    address internal constant SHA256 = address(0x02);
    address internal constant MODEXP = address(0x05);
    address internal constant G1ADD = address(0x0b);
    address internal constant G2ADD = address(0x0d);
    address internal constant PAIRING_CHECK = address(0x0f);
    address internal constant MAP_FP2_TO_G2 = address(0x11);

    /// A precompile that refuses its input takes all gas that it was given. It gets eight times its price, so that a malformed proof cannot eat its sender's whole
    /// transaction, and a chain may still reprice.
    uint256 private constant G1ADD_GAS = 8 * 375;
    uint256 private constant G2ADD_GAS = 8 * 600;
    uint256 private constant PAIRING_GAS = 8 * (37_700 + 2 * 32_600);
    uint256 private constant MAP_GAS = 8 * 23_800;

    /// The field's modulus p, in two words.
    bytes32 private constant P_HIGH = 0x000000000000000000000000000000001a0111ea397fe69a4b1ba7b6434bacd7;
    bytes32 private constant P_LOW = 0x64774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab;

    /// Minus the generator of G1: e(key, H) = e(G, signature) is checked as e(key, H) · e(−G, signature) = 1.
    bytes private constant MINUS_G1 = hex"0000000000000000000000000000000017f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb"
        hex"00000000000000000000000000000000114d1d6855d545a8aa7d76c8cf2e21f267816aef1db507c96655b9d5caac42364e6f38ba0ecb751bad54dcd6b939c2ca";

    /// @return whether e(key, hashed) = e(G, signature). False also where a point is malformed, off its curve or outside its subgroup.
    /// Infinity passes for a point: with both the key and the signature at infinity the equation holds for any message.
    function pairs(bytes memory key, bytes memory hashed, bytes memory signature) internal view returns (bool) {
        (bool ok, bytes memory answer) = _call(PAIRING_CHECK, PAIRING_GAS, abi.encodePacked(key, hashed, MINUS_G1, signature), 32);
        // The answer has 32 bytes.
        // forge-lint: disable-next-line(unsafe-typecast)
        return ok && bytes32(answer) == bytes32(uint256(1));
    }

    /// @return ok false where a point is malformed or off the curve. Not checked: the subgroup.
    function add(bytes memory left, bytes memory right) internal view returns (bool ok, bytes memory sum) {
        return _call(G1ADD, G1ADD_GAS, abi.encodePacked(left, right), G1_LENGTH);
    }

    /// @return whether all bytes are zero, which is how infinity is written in either group.
    function isInfinity(bytes memory point) internal pure returns (bool) {
        return keccak256(point) == keccak256(new bytes(point.length));
    }

    /// @notice RFC 9380, section 3, `hash_to_curve`.
    /// @param dst domain separation tag, at most 255 bytes.
    function hashToG2(bytes memory message, bytes memory dst) internal view returns (bytes memory) {
        bytes32[8] memory u = hashToField(message, dst);
        (, bytes memory q0) = _ours(MAP_FP2_TO_G2, MAP_GAS, abi.encode(u[0], u[1], u[2], u[3]), G2_LENGTH);
        (, bytes memory q1) = _ours(MAP_FP2_TO_G2, MAP_GAS, abi.encode(u[4], u[5], u[6], u[7]), G2_LENGTH);
        // The RFC clears the cofactor of the sum; here both addends come cleared, which is the same, as clearing is linear.
        (, bytes memory sum) = _ours(G2ADD, G2ADD_GAS, abi.encodePacked(q0, q1), G2_LENGTH);
        return sum;
    }

    /// @notice RFC 9380, section 5.2, `hash_to_field` with m = 2, L = 64, count = 2.
    /// @return u u₀.c0, u₀.c1, u₁.c0, u₁.c1, each in two words.
    function hashToField(bytes memory message, bytes memory dst) internal view returns (bytes32[8] memory u) {
        u = expandMessage(message, dst);
        for (uint256 i = 0; i < 8; i += 2) {
            // 512 uniform bits modulo p: a power with the exponent 1.
            (, bytes memory rest) = _ours(MODEXP, gasleft(), abi.encode(64, 32, 64, u[i], u[i + 1], 1, P_HIGH, P_LOW), 64);
            (u[i], u[i + 1]) = abi.decode(rest, (bytes32, bytes32));
        }
    }

    /// @notice RFC 9380, section 5.3.1, `expand_message_xmd` with SHA-256 and len_in_bytes = 256.
    function expandMessage(bytes memory message, bytes memory dst) internal view returns (bytes32[8] memory uniform) {
        // The tags in use have 43 bytes.
        // forge-lint: disable-next-line(unsafe-typecast)
        bytes memory dstPrime = abi.encodePacked(dst, uint8(dst.length));
        bytes32 b0 = _sha256(abi.encodePacked(bytes32(0), bytes32(0), message, uint16(256), uint8(0), dstPrime));
        bytes32 b = _sha256(abi.encodePacked(b0, uint8(1), dstPrime));
        uniform[0] = b;
        for (uint256 i = 1; i < 8; ++i) {
            // The index is at most 8.
            // forge-lint: disable-next-line(unsafe-typecast)
            b = _sha256(abi.encodePacked(b0 ^ b, uint8(i + 1), dstPrime));
            uniform[i] = b;
        }
    }

    function _sha256(bytes memory data) private view returns (bytes32) {
        (, bytes memory hash) = _ours(SHA256, gasleft(), data, 32);
        // The answer has 32 bytes.
        // forge-lint: disable-next-line(unsafe-typecast)
        return bytes32(hash);
    }

    /// A call whose input is made here: it is never refused, so a failure means that the precompile is not what it should be.
    function _ours(address precompile, uint256 gas_, bytes memory input, uint256 size) private view returns (bool ok, bytes memory answer) {
        (ok, answer) = _call(precompile, gas_, input, size);
        if (!ok) revert IQuorumScheme.PrecompileMissing(precompile);
    }

    /// @return ok false where the precompile refuses the input.
    function _call(address precompile, uint256 gas_, bytes memory input, uint256 size) private view returns (bool ok, bytes memory answer) {
        (ok, answer) = precompile.staticcall{gas: gas_}(input);
        if (ok && answer.length != size) revert IQuorumScheme.PrecompileMissing(precompile);
    }
}
