// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IQuorumScheme} from "../../../src/interfaces/IQuorumVerifier.sol";
import {Bls12381} from "../../../src/libraries/Bls12381.sol";
import {BlsScheme} from "../../../src/quorum/BlsScheme.sol";
import {BlsKit} from "../../support/BlsKit.sol";

contract BlsVerifyTest is BlsKit {
    BlsScheme private scheme = new BlsScheme();
    bytes private keys = vectorKeys();
    uint256[] private secrets = vectorSecrets();
    bytes32 private constant DIGEST = 0x9999999999999999999999999999999999999999999999999999999999999999;

    function _refused(bytes4 selector, bytes32 digest, bytes memory keys_, bytes memory proof) private {
        vm.expectRevert(selector);
        scheme.verify(digest, keys_, proof);
    }

    function _by(uint256 mask) private view returns (bytes memory) {
        return proofBy(secrets, mask, DIGEST);
    }

    function test_goldenVectors() public view {
        for (uint256 i = 0; i < 3; ++i) {
            string memory one = string.concat(".cases[", vm.toString(i), "].");
            bytes32 digest = bytes32(vector(string.concat(one, "digest")));
            for (uint256 j = 0; j < 6; ++j) {
                string memory two = string.concat(one, "proofs[", vm.toString(j), "].");
                uint256 mask = vm.parseJsonUint(vectors, string.concat(two, "mask"));
                bytes memory proof = vector(string.concat(two, "proof"));
                assertEq(scheme.verify(digest, keys, proof), mask, "mask");
                assertEq(proofBy(secrets, mask, digest), proof, "the precompiles make the same proof");
            }
        }
    }

    function testFuzz_anyMaskOverAnyDigest(bytes32 digest, uint256 mask) public view {
        mask = bound(mask, 1, 31);
        assertEq(scheme.verify(digest, keys, proofBy(secrets, mask, digest)), mask, "mask");
    }

    function testFuzz_aProofNamesItsSigners(uint256 signed, uint256 named_) public {
        signed = bound(signed, 1, 31);
        named_ = bound(named_, 1, 31);
        vm.assume(signed != named_);
        bytes memory proof = _by(signed);
        // forge-lint: disable-next-line(unsafe-typecast)
        proof[0] = bytes1(uint8(named_));
        _refused(IQuorumScheme.SignatureInvalid.selector, DIGEST, keys, proof);
    }

    function testFuzz_anotherDigest(bytes32 digest) public {
        vm.assume(digest != DIGEST);
        _refused(IQuorumScheme.SignatureInvalid.selector, digest, keys, _by(7));
    }

    function test_anotherSet() public {
        bytes[] memory reversed = new bytes[](5);
        for (uint256 i = 0; i < 5; ++i) {
            reversed[i] = ofMember(4 - i, "publicKey");
        }
        _refused(IQuorumScheme.SignatureInvalid.selector, DIGEST, concat(reversed), _by(7));
    }

    /// One member's signature added twice (or twice its weight) is not another member's.
    function test_aMemberTwice() public {
        bytes memory sum = answer(G2ADD, abi.encodePacked(signBls(secrets[0], DIGEST), signBls(secrets[0], DIGEST)));
        bytes memory twice = answer(G2ADD, abi.encodePacked(sum, signBls(secrets[1], DIGEST)));
        _refused(IQuorumScheme.SignatureInvalid.selector, DIGEST, keys, abi.encodePacked(uint8(7), twice));
        _refused(IQuorumScheme.SignatureInvalid.selector, DIGEST, keys, abi.encodePacked(uint8(3), twice));
    }

    function test_aProofOfPossessionIsNoSignature() public {
        bytes memory possession = ofMember(0, "possession");
        _refused(IQuorumScheme.SignatureInvalid.selector, DIGEST, keys, abi.encodePacked(uint8(1), possession));
    }

    function testFuzz_maskBeyondTheSet(uint8 mask) public {
        vm.assume(mask > 31 || mask == 0);
        bytes memory proof = _by(7);
        proof[0] = bytes1(mask);
        _refused(IQuorumScheme.ProofMalformed.selector, DIGEST, keys, proof);
    }

    function testFuzz_lengthOfTheProof(bytes calldata proof) public {
        vm.assume(proof.length != 257);
        _refused(IQuorumScheme.ProofMalformed.selector, DIGEST, keys, proof);
    }

    function test_anyByteChanged() public {
        for (uint256 i = 1; i < 257; i += 17) {
            bytes memory proof = _by(7);
            proof[i] ^= 0x01;
            _refused(IQuorumScheme.SignatureInvalid.selector, DIGEST, keys, proof);
        }
    }

    function testFuzz_noise(bytes32 a, bytes32 b) public {
        bytes memory proof = abi.encodePacked(uint8(7), a, b, a, b, b, a, b, a);
        _refused(IQuorumScheme.SignatureInvalid.selector, DIGEST, keys, proof);
    }

    function test_infinityIsNoSignature() public {
        _refused(IQuorumScheme.SignatureInvalid.selector, DIGEST, keys, abi.encodePacked(uint8(7), new bytes(256)));
    }

    /// Keys that cancel each other out: their sum at infinity would let infinity prove everything.
    function test_keysThatCancelOut() public {
        bytes memory opposed = bytes.concat(keyOf(5), keyOf(ORDER - 5), keyOf(6));
        assertEq(plus(keyOf(5), keyOf(ORDER - 5)), new bytes(128), "infinity");
        _refused(IQuorumScheme.SignatureInvalid.selector, DIGEST, opposed, abi.encodePacked(uint8(3), new bytes(256)));
        _refused(IQuorumScheme.SignatureInvalid.selector, DIGEST, opposed, abi.encodePacked(uint8(3), signBls(6, DIGEST)));
    }

    function test_signatureOffTheSubgroup() public {
        _refused(IQuorumScheme.SignatureInvalid.selector, DIGEST, keys, abi.encodePacked(uint8(7), vector(".unusable.g2OffSubgroup")));
    }

    function test_signaturePlusAPointOffTheSubgroup() public {
        uint256[] memory one = new uint256[](1);
        one[0] = secrets[0];
        bytes memory sum = answer(G2ADD, abi.encodePacked(signBls(secrets[0], DIGEST), vector(".unusable.g2OffSubgroup")));
        _refused(IQuorumScheme.SignatureInvalid.selector, DIGEST, keys, abi.encodePacked(uint8(1), sum));
    }

    function test_signatureOffTheCurve() public {
        _refused(IQuorumScheme.SignatureInvalid.selector, DIGEST, keys, abi.encodePacked(uint8(7), vector(".unusable.g2OffCurve")));
    }

    /// No such key can be registered; the pairing refuses it all the same, though adding did not.
    function test_keyOffTheSubgroup() public {
        bytes memory bad = bytes.concat(keyOf(5), vector(".unusable.g1OffSubgroup"));
        _refused(IQuorumScheme.SignatureInvalid.selector, DIGEST, bad, abi.encodePacked(uint8(3), signBls(5, DIGEST)));
    }

    function test_keyOffTheCurve() public {
        bytes memory bad = bytes.concat(keyOf(5), vector(".unusable.g1OffCurve"));
        _refused(IQuorumScheme.KeyInvalid.selector, DIGEST, bad, abi.encodePacked(uint8(3), signBls(5, DIGEST)));
    }

    function testFuzz_lengthOfTheKeys(uint256 length) public {
        length = bound(length, 0, 640);
        vm.assume(length % 128 != 0 || length == 0);
        _refused(IQuorumScheme.KeyInvalid.selector, DIGEST, new bytes(length), _by(7));
    }

    function test_eachPrecompileIsMissed() public {
        address[4] memory needed = [Bls12381.G1ADD, Bls12381.MAP_FP2_TO_G2, Bls12381.G2ADD, Bls12381.PAIRING_CHECK];
        bytes memory proof = _by(7);
        for (uint256 i = 0; i < needed.length; ++i) {
            vm.mockCall(needed[i], "", "");
            vm.expectRevert(abi.encodeWithSelector(IQuorumScheme.PrecompileMissing.selector, needed[i]));
            scheme.verify(DIGEST, keys, proof);
            vm.clearMockedCalls();
        }
    }

    function test_aNoOfThePairingIsNo() public {
        bytes memory proof = _by(7);
        vm.mockCall(Bls12381.PAIRING_CHECK, "", abi.encode(uint256(0)));
        _refused(IQuorumScheme.SignatureInvalid.selector, DIGEST, keys, proof);
    }
}
