// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IQuorumScheme} from "../../../src/interfaces/IQuorumVerifier.sol";
import {Bls12381} from "../../../src/libraries/Bls12381.sol";
import {BlsScheme} from "../../../src/quorum/BlsScheme.sol";
import {BlsKit} from "../../support/BlsKit.sol";

contract BlsCheckKeyTest is BlsKit {
    BlsScheme private scheme = new BlsScheme();
    address private operator = address(0xa11ce);

    function _refused(address operator_, bytes memory key, bytes memory possession) private {
        vm.expectRevert(IQuorumScheme.KeyInvalid.selector);
        scheme.checkKey(operator_, key, possession);
    }

    function test_keyLength() public view {
        assertEq(scheme.keyLength(), 128, "bytes");
    }

    function test_goldenVectors() public view {
        for (uint256 i = 0; i < 5; ++i) {
            scheme.checkKey(address(bytes20(ofMember(i, "operator"))), ofMember(i, "publicKey"), ofMember(i, "possession"));
            assertEq(keyOf(vectorSecrets()[i]), ofMember(i, "publicKey"), "public key");
        }
    }

    function testFuzz_anyKeyWithItsProof(uint256 secret, address operator_) public view {
        secret = bound(secret, 1, ORDER - 1);
        scheme.checkKey(operator_, keyOf(secret), possessionOf(secret, operator_));
    }

    function testFuzz_anothersProofIsNone(uint256 secret, address other) public {
        vm.assume(other != operator);
        secret = bound(secret, 1, ORDER - 1);
        _refused(other, keyOf(secret), possessionOf(secret, operator));
    }

    function test_anotherChainsProofIsNone() public {
        bytes memory possession = possessionOf(7, operator);
        scheme.checkKey(operator, keyOf(7), possession);
        vm.chainId(1);
        _refused(operator, keyOf(7), possession);
    }

    /// A signature under the tag of signatures proves nothing: nobody can be led to prove by signing.
    function test_aSignatureIsNoProof() public {
        bytes memory message = abi.encodePacked(keyOf(7), operator, block.chainid);
        _refused(operator, keyOf(7), times(Bls12381.hashToG2(message, SIGN_DST), 7));
    }

    function test_anotherKeysProofIsNone() public {
        _refused(operator, keyOf(8), possessionOf(7, operator));
    }

    function test_negatedProofIsNone() public {
        _refused(operator, keyOf(7), times(possessionOf(7, operator), ORDER - 1));
    }

    function test_infinityIsNoKey() public {
        _refused(operator, new bytes(128), new bytes(256));
    }

    function test_infinityIsNoProof() public {
        _refused(operator, keyOf(7), new bytes(256));
    }

    function test_keyOffTheSubgroup() public {
        _refused(operator, vector(".unusable.g1OffSubgroup"), possessionOf(7, operator));
    }

    /// A key in the subgroup plus a point of small order would pair alike where nobody checked the subgroup.
    function test_keyPlusAPointOffTheSubgroup() public {
        _refused(operator, plus(keyOf(7), vector(".unusable.g1OffSubgroup")), possessionOf(7, operator));
    }

    function test_keyOffTheCurve() public {
        _refused(operator, vector(".unusable.g1OffCurve"), possessionOf(7, operator));
    }

    function test_keyInASecondEncoding() public {
        _refused(operator, vector(".unusable.g1AboveModulus"), possessionOf(1, operator));
    }

    function test_proofOffTheSubgroup() public {
        _refused(operator, keyOf(7), vector(".unusable.g2OffSubgroup"));
    }

    function test_proofOffTheCurve() public {
        _refused(operator, keyOf(7), vector(".unusable.g2OffCurve"));
    }

    function testFuzz_lengths(uint256 length) public {
        length = bound(length, 0, 512);
        vm.assume(length != 128);
        _refused(operator, new bytes(length), possessionOf(7, operator));
        vm.assume(length != 256);
        _refused(operator, keyOf(7), new bytes(length));
    }

    function testFuzz_noise(bytes32 a, bytes32 b) public {
        _refused(operator, keyOf(7), abi.encodePacked(a, b, a, b, b, a, b, a));
    }
}
