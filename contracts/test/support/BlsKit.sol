// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Bls12381} from "../../src/libraries/Bls12381.sol";
import {Test} from "./Test.sol";

/// @notice The library's functions as calls, so that tests can expect their reverts.
contract BlsMath {
    function expandMessage(bytes calldata message, bytes calldata dst) external view returns (bytes32[8] memory) {
        return Bls12381.expandMessage(message, dst);
    }

    function hashToField(bytes calldata message, bytes calldata dst) external view returns (bytes32[8] memory) {
        return Bls12381.hashToField(message, dst);
    }

    function hashToG2(bytes calldata message, bytes calldata dst) external view returns (bytes memory) {
        return Bls12381.hashToG2(message, dst);
    }

    function pairs(bytes calldata key, bytes calldata hashed, bytes calldata signature) external view returns (bool) {
        return Bls12381.pairs(key, hashed, signature);
    }

    function add(bytes calldata left, bytes calldata right) external view returns (bool, bytes memory) {
        return Bls12381.add(left, right);
    }
}

/// @notice What oracles do off chain, here with the precompiles: keys, signatures, sums. And the golden vectors, which were made by other code.
abstract contract BlsKit is Test {
    address internal constant G1MSM = address(0x0c);
    address internal constant G2ADD = address(0x0d);
    address internal constant G2MSM = address(0x0e);
    uint256 internal constant ORDER = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001;
    bytes internal constant SIGN_DST = "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";
    bytes internal constant POSSESSION_DST = "BLS_POP_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";
    bytes internal constant G1 = hex"0000000000000000000000000000000017f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb"
        hex"0000000000000000000000000000000008b3f481e3aaa0f1a09e30ed741d8ae4fcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1";

    string internal vectors = vm.readFile("packages/core/vectors/bls.json");

    function keyOf(uint256 secret) internal view returns (bytes memory) {
        return answer(G1MSM, abi.encodePacked(G1, secret));
    }

    /// −point = (order − 1) · point.
    function minus(bytes memory point) internal view returns (bytes memory) {
        return answer(G1MSM, abi.encodePacked(point, ORDER - 1));
    }

    function plus(bytes memory left, bytes memory right) internal view returns (bytes memory sum) {
        bool ok;
        (ok, sum) = Bls12381.add(left, right);
        assertTrue(ok, "adds");
    }

    function signBls(uint256 secret, bytes32 digest) internal view returns (bytes memory) {
        return times(Bls12381.hashToG2(abi.encodePacked(digest), SIGN_DST), secret);
    }

    function possessionOf(uint256 secret, address operator) internal view returns (bytes memory) {
        return times(hashPossession(keyOf(secret), operator), secret);
    }

    function hashPossession(bytes memory key, address operator) internal view returns (bytes memory) {
        return Bls12381.hashToG2(abi.encodePacked(key, operator, block.chainid), POSSESSION_DST);
    }

    function times(bytes memory point, uint256 scalar) internal view returns (bytes memory) {
        return answer(G2MSM, abi.encodePacked(point, scalar));
    }

    /// mask ‖ the sum of the members' signatures.
    function proofBy(uint256[] memory secrets, uint256 mask, bytes32 digest) internal view returns (bytes memory) {
        bytes memory sum = new bytes(256);
        for (uint256 i = 0; i < secrets.length; ++i) {
            if ((mask >> i) & 1 == 1) sum = answer(G2ADD, abi.encodePacked(sum, signBls(secrets[i], digest)));
        }
        // forge-lint: disable-next-line(unsafe-typecast)
        return abi.encodePacked(uint8(mask), sum);
    }

    function concat(bytes[] memory parts) internal pure returns (bytes memory all) {
        for (uint256 i = 0; i < parts.length; ++i) {
            all = bytes.concat(all, parts[i]);
        }
    }

    function vector(string memory path) internal view returns (bytes memory) {
        return vm.parseJsonBytes(vectors, path);
    }

    function ofMember(uint256 i, string memory field) internal view returns (bytes memory) {
        return vector(string.concat(".members[", vm.toString(i), "].", field));
    }

    /// The keys of the vectors' five members, one after the other.
    function vectorKeys() internal view returns (bytes memory) {
        bytes[] memory keys = new bytes[](5);
        for (uint256 i = 0; i < 5; ++i) {
            keys[i] = ofMember(i, "publicKey");
        }
        return concat(keys);
    }

    function vectorSecrets() internal view returns (uint256[] memory secrets) {
        secrets = new uint256[](5);
        for (uint256 i = 0; i < 5; ++i) {
            secrets[i] = uint256(bytes32(ofMember(i, "secretKey")));
        }
    }

    function answer(address precompile, bytes memory input) internal view returns (bytes memory) {
        (bool ok, bytes memory output) = precompile.staticcall(input);
        assertTrue(ok && output.length != 0, "precompile answers");
        return output;
    }
}
