// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IQuorumScheme, IQuorumVerifier} from "../../../src/interfaces/IQuorumVerifier.sol";
import {QuorumBase} from "../../support/QuorumBase.sol";

contract RegisterKeyTest is QuorumBase {
    address private newcomer = address(0xa11ce);

    function _register(address who, uint256 secret) private {
        bytes memory key = keyOf(secret);
        bytes memory possession = possessionOf(secret, who);
        vm.prank(who);
        verifier.registerKey(address(bls), key, possession);
    }

    function testFuzz_registers(uint256 secret, address who) public {
        secret = bound(secret, 1, ORDER - 1);
        vm.assume(who != address(0));
        bytes memory key = keyOf(secret);
        bytes memory possession = possessionOf(secret, who);
        vm.expectEmit(address(verifier));
        emit IQuorumVerifier.KeyRegistered(who, address(bls), key);
        vm.prank(who);
        verifier.registerKey(address(bls), key, possession);
        assertEq(verifier.keyOf(who, address(bls)), key, "key");
        assertEq(verifier.keyOf(who, address(ecdsa)), "", "another scheme");
    }

    function test_schemeMustBeAdmitted() public {
        vm.prank(newcomer);
        vm.expectRevert(abi.encodeWithSelector(IQuorumVerifier.SchemeNotAdmitted.selector, address(ecdsa)));
        verifier.registerKey(address(ecdsa), abi.encodePacked(newcomer), "");
    }

    function test_anothersRegistrationCannotBeCopied() public {
        bytes memory key = ofMember(0, "publicKey");
        bytes memory possession = ofMember(0, "possession");
        vm.prank(newcomer);
        vm.expectRevert(IQuorumScheme.KeyInvalid.selector);
        verifier.registerKey(address(bls), key, possession);
    }

    /// Two operators with one key would be two signers with one signature.
    function test_oneKeyIsOneOperators() public {
        uint256 secret = vectorSecrets()[0];
        bytes memory key = keyOf(secret);
        bytes memory possession = possessionOf(secret, newcomer);
        vm.prank(newcomer);
        vm.expectRevert(abi.encodeWithSelector(IQuorumVerifier.KeyTaken.selector, members[0]));
        verifier.registerKey(address(bls), key, possession);
    }

    function test_aReplacedKeyStaysItsOperators() public {
        _register(newcomer, 7);
        _register(newcomer, 8);
        assertEq(verifier.keyOf(newcomer, address(bls)), keyOf(8), "the newer");
        bytes memory key = keyOf(7);
        bytes memory possession = possessionOf(7, address(0xb0b));
        vm.prank(address(0xb0b));
        vm.expectRevert(abi.encodeWithSelector(IQuorumVerifier.KeyTaken.selector, newcomer));
        verifier.registerKey(address(bls), key, possession);
        _register(newcomer, 7);
        assertEq(verifier.keyOf(newcomer, address(bls)), keyOf(7), "back to the first");
    }

    /// A set keeps the keys that it was opened with.
    function test_aSetKeepsItsKeys() public {
        uint64 epoch = rotate();
        _register(members[0], 7);
        assertEq(verifier.verify(digest(), epoch, proof(0)), 7, "the old key signs");
        uint64 next = rotate();
        vm.expectRevert(IQuorumScheme.SignatureInvalid.selector);
        verifier.verify(digest(), next, proof(0));
    }

    /// Oracles can be replaced while entry is closed.
    function test_notAnEntry() public {
        params.close(true);
        _register(newcomer, 7);
        rotate();
    }
}
