// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IQuorumScheme, IQuorumVerifier} from "../../../src/interfaces/IQuorumVerifier.sol";
import {QuorumSchemeDouble} from "../../support/doubles/QuorumSchemeDouble.sol";
import {QuorumBase} from "../../support/QuorumBase.sol";

contract VerifyTest is QuorumBase {
    uint64 private epoch;

    function setUp() public override {
        super.setUp();
        epoch = rotate();
    }

    function test_threeOfFive() public view {
        assertEq(verifier.verify(digest(), epoch, proof(0)), 7, "first three");
        assertEq(verifier.verify(digest(), epoch, proof(1)), 21, "every other");
        assertEq(verifier.verify(digest(), epoch, proof(2)), 28, "last three");
    }

    function test_allFive() public view {
        assertEq(verifier.verify(digest(), epoch, proof(3)), 31, "all");
    }

    function test_twoAreTooFew() public {
        bytes memory two = proof(4);
        vm.expectRevert(abi.encodeWithSelector(IQuorumVerifier.QuorumTooSmall.selector, 2, 3));
        verifier.verify(digest(), epoch, two);
    }

    function test_oneIsTooFew() public {
        bytes memory one = proof(5);
        vm.expectRevert(abi.encodeWithSelector(IQuorumVerifier.QuorumTooSmall.selector, 1, 3));
        verifier.verify(digest(), epoch, one);
    }

    function testFuzz_threeOrMore(uint256 mask, bytes32 digest_) public {
        mask = bound(mask, 1, 31);
        uint256 signers;
        for (uint256 i = 0; i < 5; ++i) {
            signers += (mask >> i) & 1;
        }
        bytes memory proof_ = proofBy(vectorSecrets(), mask, digest_);
        if (signers < 3) vm.expectRevert(abi.encodeWithSelector(IQuorumVerifier.QuorumTooSmall.selector, signers, 3));
        verifier.verify(digest_, epoch, proof_);
    }

    function testFuzz_unknownEpoch(uint64 other) public {
        vm.assume(other != epoch);
        bytes memory proof_ = proof(0);
        bytes32 digest_ = digest();
        vm.expectRevert(abi.encodeWithSelector(IQuorumVerifier.EpochUnknown.selector, other));
        verifier.verify(digest_, other, proof_);
    }

    function test_overlapAndItsEnd() public {
        vm.warp(START + 10);
        rotate();
        uint64 until = START + 10 + OVERLAP;
        bytes memory proof_ = proof(0);
        bytes32 digest_ = digest();
        vm.warp(until - 1);
        assertEq(verifier.verify(digest_, epoch, proof_), 7, "in the last second");
        vm.warp(until);
        vm.expectRevert(abi.encodeWithSelector(IQuorumVerifier.EpochStale.selector, epoch, until));
        verifier.verify(digest_, epoch, proof_);
    }

    function test_twoRotationsEndASet() public {
        rotate();
        rotate();
        bytes memory proof_ = proof(0);
        bytes32 digest_ = digest();
        vm.expectRevert(abi.encodeWithSelector(IQuorumVerifier.EpochStale.selector, epoch, START));
        verifier.verify(digest_, epoch, proof_);
    }

    /// A signature under one set's keys is none under another's, in whose order the same bits are other members.
    function test_anotherEpochsSignature() public {
        (members[0], members[4]) = (members[4], members[0]);
        uint64 next = rotate();
        bytes memory proof_ = proof(0);
        bytes32 digest_ = digest();
        vm.expectRevert(IQuorumScheme.SignatureInvalid.selector);
        verifier.verify(digest_, next, proof_);
        assertEq(verifier.verify(digest_, epoch, proof_), 7, "its own epoch");
    }

    function testFuzz_anotherDigest(bytes32 other) public {
        vm.assume(other != digest());
        bytes memory proof_ = proof(0);
        vm.expectRevert(IQuorumScheme.SignatureInvalid.selector);
        verifier.verify(other, epoch, proof_);
    }

    function testFuzz_noise(bytes calldata noise) public {
        vm.assume(noise.length != 257);
        bytes32 digest_ = digest();
        vm.expectRevert(IQuorumScheme.ProofMalformed.selector);
        verifier.verify(digest_, epoch, noise);
    }

    /// A scheme that was found broken proves nothing any more.
    function test_schemeTakenBack() public {
        vm.prank(governance);
        verifier.admitScheme(address(bls), false);
        bytes memory proof_ = proof(0);
        bytes32 digest_ = digest();
        vm.expectRevert(abi.encodeWithSelector(IQuorumVerifier.SchemeNotAdmitted.selector, address(bls)));
        verifier.verify(digest_, epoch, proof_);
        vm.expectRevert(abi.encodeWithSelector(IQuorumVerifier.SchemeNotAdmitted.selector, address(bls)));
        verifier.verifyAt(digest_, epoch, proof_);
    }

    function testFuzz_aSchemeCannotNameStrangers(uint256 mask) public {
        QuorumSchemeDouble broken = new QuorumSchemeDouble();
        vm.prank(governance);
        verifier.admitScheme(address(broken), true);
        for (uint256 i = 0; i < 5; ++i) {
            vm.prank(members[i]);
            // forge-lint: disable-next-line(unsafe-typecast)
            verifier.registerKey(address(broken), abi.encodePacked(uint8(i)), "");
        }
        vm.prank(governance);
        uint64 next = verifier.rotate(address(broken), members);
        mask = bound(mask, 32, type(uint256).max);
        broken.say(mask);
        vm.expectRevert(abi.encodeWithSelector(IQuorumVerifier.MaskOutOfRange.selector, mask));
        verifier.verify("", next, "");
    }

    /// The other scheme, end to end: three of five by secp256k1, where each operator's address is its key.
    function test_ecdsa() public {
        vm.prank(governance);
        verifier.admitScheme(address(ecdsa), true);
        for (uint256 i = 0; i < 5; ++i) {
            members[i] = vm.addr(100 + i);
            stakes.stakeOracle(members[i], true);
            vm.prank(members[i]);
            verifier.registerKey(address(ecdsa), abi.encodePacked(members[i]), "");
        }
        vm.prank(governance);
        uint64 next = verifier.rotate(address(ecdsa), members);
        bytes32 digest_ = digest();
        bytes memory three = abi.encodePacked(uint8(21), signed(100, digest_), signed(102, digest_), signed(104, digest_));
        assertEq(verifier.verify(digest_, next, three), 21, "mask");
        bytes memory two = abi.encodePacked(uint8(5), signed(100, digest_), signed(102, digest_));
        vm.expectRevert(abi.encodeWithSelector(IQuorumVerifier.QuorumTooSmall.selector, 2, 3));
        verifier.verify(digest_, next, two);
    }
}
