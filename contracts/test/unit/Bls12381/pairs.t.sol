// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Bls12381} from "../../../src/libraries/Bls12381.sol";
import {IQuorumScheme} from "../../../src/interfaces/IQuorumVerifier.sol";
import {BlsKit, BlsMath} from "../../support/BlsKit.sol";

contract PairsTest is BlsKit {
    BlsMath private math = new BlsMath();

    function testFuzz_signatureOfItsKeyOnly(uint256 secret, uint256 other, bytes32 digest) public view {
        secret = bound(secret, 1, ORDER - 1);
        other = bound(other, 1, ORDER - 1);
        bytes memory hashed = math.hashToG2(abi.encodePacked(digest), SIGN_DST);
        bytes memory signature = times(hashed, secret);
        assertTrue(math.pairs(keyOf(secret), hashed, signature), "its key");
        assertTrue(math.pairs(keyOf(other), hashed, signature) == (secret == other), "another key");
    }

    /// The generator that is built in negated is minus the generator: e(G, H) · e(−G, H) = 1.
    function test_generator() public view {
        bytes memory hashed = math.hashToG2("abc", SIGN_DST);
        assertTrue(math.pairs(G1, hashed, hashed), "secret 1");
        assertTrue(!math.pairs(minus(G1), hashed, hashed), "secret -1");
    }

    /// Why callers refuse infinity.
    function test_infinityPairsWithAnything() public view {
        assertTrue(math.pairs(new bytes(128), math.hashToG2("abc", SIGN_DST), new bytes(256)), "infinity");
    }

    function test_pairingChecksTheSubgroupOfTheKey() public view {
        bytes memory hashed = math.hashToG2("abc", SIGN_DST);
        assertTrue(!math.pairs(vector(".unusable.g1OffSubgroup"), hashed, hashed), "off the subgroup");
    }

    function test_pairingChecksTheSubgroupOfTheSignature() public view {
        assertTrue(!math.pairs(G1, math.hashToG2("abc", SIGN_DST), vector(".unusable.g2OffSubgroup")), "off the subgroup");
    }

    function test_addingChecksNoSubgroup() public view {
        bytes memory outside = vector(".unusable.g1OffSubgroup");
        (bool ok, bytes memory sum) = math.add(outside, G1);
        assertTrue(ok, "G1ADD takes it");
        bytes memory hashed = math.hashToG2("abc", SIGN_DST);
        assertTrue(!math.pairs(sum, hashed, hashed), "the pairing does not");
    }

    function test_addingChecksTheCurve() public view {
        (bool ok,) = math.add(vector(".unusable.g1OffCurve"), G1);
        assertTrue(!ok, "off the curve");
    }

    function test_addingChecksTheModulus() public view {
        (bool ok,) = math.add(vector(".unusable.g1AboveModulus"), G1);
        assertTrue(!ok, "a second encoding of the generator");
    }

    function test_lengths() public view {
        bytes memory hashed = math.hashToG2("abc", SIGN_DST);
        assertTrue(!math.pairs(bytes.concat(G1, hex"00"), hashed, hashed), "long key");
    }

    /// The value of the answer counts, not that there is one.
    function test_answerMustBeOne() public {
        bytes memory hashed = math.hashToG2("abc", SIGN_DST);
        vm.mockCall(Bls12381.PAIRING_CHECK, "", abi.encode(uint256(2)));
        assertTrue(!math.pairs(G1, hashed, hashed), "two is not one");
    }

    function test_pairingIsMissed() public {
        bytes memory hashed = math.hashToG2("abc", SIGN_DST);
        vm.mockCall(Bls12381.PAIRING_CHECK, "", "");
        vm.expectRevert(abi.encodeWithSelector(IQuorumScheme.PrecompileMissing.selector, Bls12381.PAIRING_CHECK));
        math.pairs(G1, hashed, hashed);
    }

    function test_addingIsMissed() public {
        vm.mockCall(Bls12381.G1ADD, "", "");
        vm.expectRevert(abi.encodeWithSelector(IQuorumScheme.PrecompileMissing.selector, Bls12381.G1ADD));
        math.add(G1, G1);
    }

    /// A refused point takes what its precompile was given, which is bounded: the rest of the transaction's gas stays.
    function test_aRefusalHasAPrice() public view {
        bytes memory hashed = math.hashToG2("abc", SIGN_DST);
        bytes memory outside = vector(".unusable.g1OffSubgroup");
        uint256 before = gasleft();
        math.pairs(outside, hashed, hashed);
        assertLe(before - gasleft(), 900_000, "gas of a refusal");
    }
}
