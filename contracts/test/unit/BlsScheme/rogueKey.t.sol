// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IQuorumScheme} from "../../../src/interfaces/IQuorumVerifier.sol";
import {FlawedBlsScheme} from "../../flaws/FlawedBlsScheme.sol";
import {QuorumBase} from "../../support/QuorumBase.sol";

/// @notice The rogue-key attack: one operator makes a key from two honest ones, and signs for all three alone.
contract RogueKeyTest is QuorumBase {
    uint256 private constant X = 0x2121212121212121212121212121212121212121212121212121212121212121;
    bytes32 private constant DIGEST = keccak256("a batch that nobody honest saw");
    address private rogue;
    bytes private rogueKey;
    bytes private alone;

    function setUp() public override {
        super.setUp();
        rogue = named("rogue");
        stakes.stakeOracle(rogue, true);
        // x·G − honest₀ − honest₁: the sum of the three is x·G.
        rogueKey = plus(plus(keyOf(X), minus(ofMember(0, "publicKey"))), minus(ofMember(1, "publicKey")));
        alone = abi.encodePacked(uint8(7), signBls(X, DIGEST));
        members[2] = rogue;
    }

    function test_withoutPossessionOneSignsForThree() public {
        FlawedBlsScheme flawed = new FlawedBlsScheme(bls);
        vm.prank(governance);
        verifier.admitScheme(address(flawed), true);
        for (uint256 i = 0; i < 5; ++i) {
            vm.prank(members[i]);
            verifier.registerKey(address(flawed), i == 2 ? rogueKey : ofMember(i, "publicKey"), "");
        }
        vm.prank(governance);
        uint64 epoch = verifier.rotate(address(flawed), members);
        assertEq(verifier.verify(DIGEST, epoch, alone), 7, "three signers, two of whom never signed");
    }

    function test_withPossessionThereIsNoSuchKey() public {
        bytes[3] memory attempts;
        // What it can make: its own x's proof, a signature of the rogue key's point by x, an honest member's proof.
        attempts[0] = possessionOf(X, rogue);
        attempts[1] = times(_possessionPoint(), X);
        attempts[2] = ofMember(0, "possession");
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(rogue);
            vm.expectRevert(IQuorumScheme.KeyInvalid.selector);
            verifier.registerKey(address(bls), rogueKey, attempts[i]);
        }
    }

    function _possessionPoint() private view returns (bytes memory) {
        return hashPossession(rogueKey, rogue);
    }
}
