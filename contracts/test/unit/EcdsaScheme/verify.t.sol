// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IQuorumScheme} from "../../../src/interfaces/IQuorumVerifier.sol";
import {EcdsaScheme} from "../../../src/quorum/EcdsaScheme.sol";
import {Test} from "../../support/Test.sol";

contract EcdsaVerifyTest is Test {
    uint256 private constant CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
    EcdsaScheme private scheme = new EcdsaScheme();
    bytes32 private constant DIGEST = keccak256("digest");
    uint256[5] private secrets;
    bytes private keys;

    function setUp() public {
        for (uint256 i = 0; i < 5; ++i) {
            secrets[i] = 1000 + i;
            keys = abi.encodePacked(keys, vm.addr(secrets[i]));
        }
    }

    function _by(uint256 mask, bytes32 digest) private view returns (bytes memory proof) {
        // forge-lint: disable-next-line(unsafe-typecast)
        proof = abi.encodePacked(uint8(mask));
        for (uint256 i = 0; i < 5; ++i) {
            if ((mask >> i) & 1 == 1) proof = abi.encodePacked(proof, signed(secrets[i], digest));
        }
    }

    function _refused(bytes4 selector, bytes memory proof) private {
        vm.expectRevert(selector);
        scheme.verify(DIGEST, keys, proof);
    }

    function testFuzz_anyMaskOverAnyDigest(uint256 mask, bytes32 digest) public view {
        mask = bound(mask, 1, 31);
        assertEq(scheme.verify(digest, keys, _by(mask, digest)), mask, "mask");
    }

    function testFuzz_anotherDigest(bytes32 digest) public {
        vm.assume(digest != DIGEST);
        _refused(IQuorumScheme.SignatureInvalid.selector, _by(7, digest));
    }

    function test_wrongOrder() public {
        bytes memory proof = abi.encodePacked(uint8(7), signed(secrets[1], DIGEST), signed(secrets[0], DIGEST), signed(secrets[2], DIGEST));
        _refused(IQuorumScheme.SignatureInvalid.selector, proof);
    }

    function test_aSignerTwice() public {
        bytes memory one = signed(secrets[0], DIGEST);
        _refused(IQuorumScheme.SignatureInvalid.selector, abi.encodePacked(uint8(7), one, one, one));
    }

    /// A second form of one signature would let one signer look like two.
    function test_malleableTwin() public {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(secrets[0], DIGEST);
        bytes memory twin = abi.encodePacked(r, CURVE_ORDER - uint256(s), v == 27 ? uint8(28) : uint8(27));
        assertEq(ecrecover(DIGEST, v == 27 ? 28 : 27, r, bytes32(CURVE_ORDER - uint256(s))), vm.addr(secrets[0]), "the twin recovers");
        _refused(IQuorumScheme.SignatureInvalid.selector, abi.encodePacked(uint8(1), twin));
    }

    function testFuzz_onlyTheNamedSigners(uint256 signed_, uint256 named_) public view {
        signed_ = bound(signed_, 1, 31);
        named_ = bound(named_, 1, 31);
        vm.assume(signed_ != named_);
        bytes memory proof = _by(signed_, DIGEST);
        // forge-lint: disable-next-line(unsafe-typecast)
        proof[0] = bytes1(uint8(named_));
        (bool ok,) = address(scheme).staticcall(abi.encodeCall(scheme.verify, (DIGEST, keys, proof)));
        assertTrue(!ok, "refused");
    }

    function testFuzz_maskBeyondTheSet(uint8 mask) public {
        vm.assume(mask > 31 || mask == 0);
        bytes memory proof = _by(31, DIGEST);
        proof[0] = bytes1(mask);
        _refused(IQuorumScheme.ProofMalformed.selector, proof);
    }

    function test_empty() public {
        _refused(IQuorumScheme.ProofMalformed.selector, "");
    }

    function testFuzz_shorter(uint256 length) public {
        bytes memory proof = _by(7, DIGEST);
        length = bound(length, 0, proof.length - 1);
        assembly ("memory-safe") {
            mstore(proof, length)
        }
        _refused(IQuorumScheme.ProofMalformed.selector, proof);
    }

    function testFuzz_longer(bytes calldata more) public {
        vm.assume(more.length != 0);
        _refused(IQuorumScheme.ProofMalformed.selector, bytes.concat(_by(7, DIGEST), more));
    }

    function testFuzz_noise(bytes32 r, bytes32 s, uint8 v) public {
        _refused(IQuorumScheme.SignatureInvalid.selector, abi.encodePacked(uint8(1), r, s, v));
    }

    /// A key of zero cannot be registered; were it there, what recovers to nothing would still not be its signature.
    function test_zeroKeySignsNothing() public {
        bytes memory zero = new bytes(20);
        vm.expectRevert(IQuorumScheme.SignatureInvalid.selector);
        scheme.verify(DIGEST, zero, abi.encodePacked(uint8(1), bytes32(uint256(1)), bytes32(uint256(1)), uint8(99)));
    }

    function testFuzz_lengthOfTheKeys(uint256 length) public {
        length = bound(length, 0, 200);
        vm.assume(length % 20 != 0 || length == 0);
        vm.expectRevert(IQuorumScheme.KeyInvalid.selector);
        scheme.verify(DIGEST, new bytes(length), _by(7, DIGEST));
    }
}
