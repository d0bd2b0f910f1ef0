// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IStakes} from "../../../src/interfaces/IStakes.sol";
import {Params} from "../../../src/libraries/Params.sol";
import {StakesWorld} from "../../support/StakesWorld.sol";

/// @notice What is proven goes before what is only proposed: no proposal, friendly or wrong, keeps a proof from its penalty.
contract PriorityTest is StakesWorld {
    function _stake(uint128 frozen, uint128 proven, uint128 proposed, string memory what) private view {
        IStakes.Stake memory stake = manager.stakeOf(PROVIDER);
        assertEq(stake.frozen, frozen, string.concat(what, ": frozen"));
        assertEq(stake.proven, proven, string.concat(what, ": proven"));
        assertEq(stake.proposed, proposed, string.concat(what, ": proposed"));
    }

    function test_aProofTakesTheRoomBesideAProposal() public {
        _propose(3 ether, REASON);
        _prove("fault");
        _stake(5 ether, 2 ether, 3 ether, "both have theirs");
    }

    function test_aProofTakesThePlaceOfAProposalAtTheCap() public {
        bytes32 proposal = _propose(CAP, REASON);
        vm.expectEmit(address(manager));
        emit IStakes.SlashProposed(manager.slashIdOf(PROVIDER, "fault", true), PROVIDER, 2 ether, "fault", true, START + APPEAL, CAP);
        bytes32 proof = _prove("fault");
        _stake(CAP, 2 ether, CAP, "no more is frozen");
        vm.warp(START + APPEAL);
        vm.expectEmit(address(manager));
        emit IStakes.SlashExecuted(proposal, PROVIDER, 3 ether, 7 ether, 2 ether);
        manager.execute(proposal);
        _stake(2 ether, 2 ether, 0, "the proposal took what was left to it");
        manager.execute(proof);
        _stake(0, 0, 0, "and the proof all of its own");
        assertEq(manager.owed(), CAP, "together the cap");
    }

    /// Ten days of an appeal that nobody decides, while the stake thaws: the penalty is there at the end.
    function test_anUndecidedProposalShieldsNothing() public {
        bytes32 proposal = _propose(CAP, REASON);
        _appeal(proposal);
        _requestAll();
        vm.warp(START + THAW);
        vm.prank(operator);
        assertEq(manager.withdraw(PROVIDER, operator), CAP, "what is not frozen");
        bytes32 proof = _prove("fault");
        vm.warp(START + APPEAL + DECISION);
        manager.dismiss(proposal);
        _stake(1 ether, 1 ether, 0, "a fifth of what was there");
        vm.prank(operator);
        assertEq(manager.withdraw(PROVIDER, operator), 4 ether, "the rest of it");
        manager.execute(proof);
        assertEq(manager.owed(), 1 ether, "punished");
        assertEq(manager.stakeOf(PROVIDER).amount, 0, "nothing is left");
    }

    /// A proof that is dismissed gives back what it took over, so that it cannot be used to make a proposal smaller.
    function test_aDismissedProofGivesBack() public {
        bytes32 proposal = _propose(CAP, REASON);
        bytes32 proof = _prove("fault");
        vm.prank(arbiter);
        vm.expectEmit(address(manager));
        emit IStakes.SlashDismissed(proof, PROVIDER, CAP);
        manager.dismiss(proof);
        _stake(CAP, 0, CAP, "all of it is the proposal's again");
        vm.warp(START + APPEAL);
        manager.execute(proposal);
        assertEq(manager.owed(), CAP, "taken");
    }

    /// Of two proposals the one that ends first gives what it no longer had, and the other keeps its own.
    function test_aDismissedProposalGivesWhatItHad() public {
        bytes32 first = _propose(2 ether, "first");
        _propose(3 ether, "second");
        _prove("fault");
        _stake(CAP, 2 ether, CAP, "2 ether were taken over");
        vm.prank(arbiter);
        manager.dismiss(first);
        _stake(CAP, 2 ether, 3 ether, "the second has its 3");
    }

    function test_aProposalThatHasNothingLeftStillEnds() public {
        _govern(Params.SLASH_CAP_BPS, 10_000);
        _govern(Params.FAULT_PENALTY_BPS, 10_000);
        bytes32 proposal = _propose(STAKE, REASON);
        bytes32 proof = _prove("fault");
        _stake(STAKE, STAKE, STAKE, "all of it is proven");
        vm.warp(_now() + APPEAL);
        manager.execute(proof);
        _stake(0, 0, STAKE, "gone, and one still open");
        // What is staked meanwhile is not what the proposal was about.
        vm.deal(operator, 1 ether);
        vm.prank(operator);
        manager.stakeProvider{value: 1 ether}(PROVIDER);
        manager.execute(proposal);
        assertEq(manager.stakeOf(PROVIDER).amount, 1 ether, "untouched");
        assertEq(manager.owed(), STAKE, "as much as was there");
    }

    /// Whatever is proposed, proven and ended in whatever order: no more than the cap is ever frozen and taken together.
    function testFuzz_theCapHoldsForBoth(uint256 a, uint256 b, uint8 order) public {
        uint128 first = uint128(bound(a, 1, CAP));
        bytes32[4] memory open;
        open[0] = _propose(first, "a");
        open[1] = _prove("b");
        uint128 room = manager.slashRoom(PROVIDER, false);
        if (room != 0) open[2] = _propose(uint128(bound(b, 1, room)), "c");
        open[3] = _prove("d");
        assertEq(manager.stakeOf(PROVIDER).proven, 4 ether, "both proofs have all of theirs");
        assertLe(manager.stakeOf(PROVIDER).frozen, CAP, "within the cap");
        vm.warp(START + APPEAL);
        for (uint256 i; i < 4; ++i) {
            bytes32 slashId = open[(i + order) % 4];
            if (slashId == 0) continue;
            if ((order >> (4 + i)) & 1 == 1) {
                manager.execute(slashId);
            } else {
                vm.prank(arbiter);
                manager.dismiss(slashId);
            }
            assertLe(manager.owed() + manager.stakeOf(PROVIDER).frozen, CAP, "frozen and taken");
        }
        _stake(0, 0, 0, "nothing is open");
        assertEq(manager.stakeOf(PROVIDER).amount + manager.owed(), STAKE, "and nothing is lost");
    }
}
