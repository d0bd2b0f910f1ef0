// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IStakes} from "../../../src/interfaces/IStakes.sol";
import {Params} from "../../../src/libraries/Params.sol";
import {StakesWorld} from "../../support/StakesWorld.sol";

contract ProposeSlashTest is StakesWorld {
    function testFuzz_freezesAndTakesNothing(uint128 amount) public {
        amount = uint128(bound(amount, 1, CAP));
        bytes32 expected = manager.slashIdOf(PROVIDER, REASON, false);
        vm.expectEmit(address(manager));
        emit IStakes.SlashProposed(expected, PROVIDER, amount, REASON, false, START + APPEAL, amount);
        assertEq(_propose(amount, REASON), expected, "id");
        _assertStake(STAKE, 0, amount, "frozen");
        assertEq(manager.stayingOf(PROVIDER), STAKE, "it counts until it is taken");
        IStakes.Slash memory slash = manager.slashOf(expected);
        assertEq(slash.stakeId, PROVIDER, "stake");
        assertEq(slash.amount, amount, "amount");
        assertEq(slash.reason, REASON, "reason");
        assertEq(slash.executableAt, START + APPEAL, "executable");
        assertEq(slash.decideBy, START + APPEAL + DECISION, "decide by");
        assertTrue(!slash.objective, "subjective");
        _assertState(expected, IStakes.SlashState.Proposed, "state");
        assertEq(manager.owed(), 0, "nothing is owed");
    }

    function test_onlyTheProposer() public {
        address[4] memory others = [stranger, operator, arbiter, governing];
        for (uint256 i; i < others.length; ++i) {
            vm.expectRevert(_unauthorized(others[i]));
            vm.prank(others[i]);
            manager.proposeSlash(PROVIDER, 1, REASON);
        }
    }

    function test_withoutReason() public {
        vm.expectRevert(IStakes.ReasonRequired.selector);
        _propose(1, 0);
    }

    function test_ofNothing() public {
        vm.expectRevert(IStakes.ZeroAmount.selector);
        _propose(0, REASON);
    }

    function test_aboveTheCap() public {
        vm.expectRevert(abi.encodeWithSelector(IStakes.AboveCap.selector, PROVIDER, CAP + 1, CAP));
        _propose(CAP + 1, REASON);
    }

    function test_whereNothingIsStaked() public {
        vm.expectRevert(abi.encodeWithSelector(IStakes.AboveCap.selector, LISTING, 1, 0));
        vm.prank(proposer);
        manager.proposeSlash(LISTING, 1, REASON);
    }

    function test_theSameReasonOnce() public {
        bytes32 slashId = _propose(1, REASON);
        vm.expectRevert(abi.encodeWithSelector(IStakes.AlreadySlashed.selector, slashId));
        _propose(1, REASON);
        vm.prank(arbiter);
        manager.dismiss(slashId);
        vm.warp(START + 365 days);
        vm.expectRevert(abi.encodeWithSelector(IStakes.AlreadySlashed.selector, slashId));
        _propose(1, REASON);
    }

    function test_whileItThawsAndAfter() public {
        _requestAll();
        _propose(1 ether, REASON);
        vm.warp(START + THAW + 30 days);
        _propose(1 ether, keccak256("later, and not withdrawn yet"));
        _assertStake(STAKE, STAKE, 2 ether, "slashable until it is withdrawn");
    }

    function test_keepsTheWindowsOfItsProposal() public {
        bytes32 slashId = _propose(1 ether, REASON);
        _govern(Params.APPEAL_WINDOW, 14 days);
        vm.warp(START + APPEAL);
        manager.execute(slashId);
        _assertState(slashId, IStakes.SlashState.Executed, "by the window of then");
    }

    function test_whilePaused() public {
        _pause();
        _propose(1 ether, REASON);
    }
}
