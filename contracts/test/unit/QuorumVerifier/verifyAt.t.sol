// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IQuorumScheme, IQuorumVerifier} from "../../../src/interfaces/IQuorumVerifier.sol";
import {QuorumBase} from "../../support/QuorumBase.sol";

contract VerifyAtTest is QuorumBase {
    uint64 private epoch;

    function setUp() public override {
        super.setUp();
        epoch = rotate();
    }

    function testFuzz_whatASetOnceSigned(uint256 rotations, uint64 later) public {
        rotations = bound(rotations, 0, 4);
        for (uint256 i = 0; i < rotations; ++i) {
            rotate();
        }
        vm.warp(bound(later, START, type(uint64).max));
        assertEq(verifier.verifyAt(digest(), epoch, proof(0)), 7, "at any time");
    }

    function test_stillThree() public {
        bytes memory two = proof(4);
        bytes32 digest_ = digest();
        vm.expectRevert(abi.encodeWithSelector(IQuorumVerifier.QuorumTooSmall.selector, 2, 3));
        verifier.verifyAt(digest_, epoch, two);
    }

    function testFuzz_unknownEpoch(uint64 other) public {
        vm.assume(other != epoch);
        bytes memory proof_ = proof(0);
        bytes32 digest_ = digest();
        vm.expectRevert(abi.encodeWithSelector(IQuorumVerifier.EpochUnknown.selector, other));
        verifier.verifyAt(digest_, other, proof_);
    }

    function test_anotherDigest() public {
        bytes memory proof_ = proof(0);
        vm.expectRevert(IQuorumScheme.SignatureInvalid.selector);
        verifier.verifyAt(bytes32(0), epoch, proof_);
    }
}
