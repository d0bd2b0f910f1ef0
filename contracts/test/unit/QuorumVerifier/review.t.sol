// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IQuorumReview, IQuorumVerifier} from "../../../src/interfaces/IQuorumVerifier.sol";
import {QuorumBase} from "../../support/QuorumBase.sol";
import {Vm} from "../../support/Vm.sol";

contract ReviewTest is QuorumBase {
    uint64 private epoch;

    function setUp() public override {
        super.setUp();
        epoch = rotate();
    }

    function _review(uint256 struck) private {
        vm.expectEmit(address(verifier));
        emit IQuorumReview.EpochReviewed(epoch, struck);
        vm.prank(address(0xcafe));
        assertEq(verifier.review(epoch), struck, "struck");
        assertEq(verifier.struckOf(epoch), struck, "kept");
    }

    /// Who has asked its stake back signs nothing more, and can still be held to what it signed.
    function test_whoIsNotStakedDoesNotCount() public {
        stakes.stakeOracle(members[2], false);
        assertEq(verifier.verify(digest(), epoch, proof(0)), 7, "counts until somebody looks");
        _review(4);
        bytes memory three = proof(0);
        bytes32 digest_ = digest();
        vm.expectRevert(abi.encodeWithSelector(IQuorumVerifier.QuorumTooSmall.selector, 2, 3));
        verifier.verify(digest_, epoch, three);
        assertEq(verifier.verify(digest_, epoch, proof(3)), 31, "four of the five are enough, and all signed");
        assertEq(verifier.verifyAt(digest_, epoch, three), 7, "it signed");
    }

    function test_stakedAgain() public {
        stakes.stakeOracle(members[2], false);
        _review(4);
        stakes.stakeOracle(members[2], true);
        _review(0);
        assertEq(verifier.verify(digest(), epoch, proof(0)), 7, "counts again");
    }

    function test_saysNothingWhereNothingChanges() public {
        vm.recordLogs();
        assertEq(verifier.review(epoch), 0, "none struck");
        Vm.Log[] memory logs = vm.getRecordedLogs();
        assertEq(logs.length, 0, "no log");
    }

    function test_aNewSetStartsUnstruck() public {
        stakes.stakeOracle(members[2], false);
        _review(4);
        stakes.stakeOracle(members[2], true);
        uint64 next = rotate();
        assertEq(verifier.struckOf(next), 0, "all staked");
        assertEq(verifier.struckOf(epoch), 4, "its own");
        assertEq(verifier.verify(digest(), next, proof(0)), 7, "counts");
    }

    function testFuzz_anyMembers(uint8 unstaked) public {
        uint256 struck = uint256(unstaked) & 31;
        for (uint256 i = 0; i < 5; ++i) {
            stakes.stakeOracle(members[i], (struck >> i) & 1 == 0);
        }
        assertEq(verifier.review(epoch), struck, "struck");
    }

    function testFuzz_unknownEpoch(uint64 other) public {
        vm.assume(other != epoch);
        vm.expectRevert(abi.encodeWithSelector(IQuorumVerifier.EpochUnknown.selector, other));
        verifier.review(other);
    }
}
