// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IStakes} from "../../../src/interfaces/IStakes.sol";
import {StakesWorld} from "../../support/StakesWorld.sol";

contract DismissTest is StakesWorld {
    bytes32 private _slashId;

    function setUp() public override {
        super.setUp();
        _slashId = _propose(2 ether, REASON);
    }

    function _dismissed() private view {
        _assertState(_slashId, IStakes.SlashState.Dismissed, "state");
        _assertStake(STAKE, 0, 0, "all there");
        assertEq(manager.owed(), 0, "owed");
    }

    function test_byTheArbiter() public {
        vm.expectEmit(address(manager));
        emit IStakes.SlashDismissed(_slashId, PROVIDER, 0);
        vm.prank(arbiter);
        manager.dismiss(_slashId);
        _dismissed();
    }

    function test_anAppealedOneByTheArbiter() public {
        _appeal(_slashId);
        vm.prank(arbiter);
        manager.dismiss(_slashId);
        _dismissed();
    }

    function test_byTheArbiterAfterTheWindow() public {
        vm.warp(START + APPEAL + 100 days);
        vm.prank(arbiter);
        manager.dismiss(_slashId);
        _dismissed();
    }

    function test_aProvenOneByTheArbiter() public {
        bytes32 proven = _prove("fault");
        vm.prank(arbiter);
        manager.dismiss(proven);
        _assertState(proven, IStakes.SlashState.Dismissed, "state");
        vm.warp(START + APPEAL);
        vm.expectRevert(abi.encodeWithSelector(IStakes.WrongState.selector, proven, IStakes.SlashState.Dismissed));
        manager.execute(proven);
    }

    function test_undecidedByAnyone() public {
        _appeal(_slashId);
        vm.warp(START + APPEAL + DECISION);
        vm.prank(stranger);
        manager.dismiss(_slashId);
        _dismissed();
    }

    function test_undecidedASecondBefore() public {
        _appeal(_slashId);
        vm.warp(START + APPEAL + DECISION - 1);
        vm.expectRevert(_unauthorized(stranger));
        vm.prank(stranger);
        manager.dismiss(_slashId);
    }

    function test_notAppealedByOthers() public {
        vm.warp(START + APPEAL + DECISION);
        address[4] memory others = [stranger, operator, proposer, governing];
        for (uint256 i; i < others.length; ++i) {
            vm.expectRevert(_unauthorized(others[i]));
            vm.prank(others[i]);
            manager.dismiss(_slashId);
        }
    }

    function test_none() public {
        vm.expectRevert(abi.encodeWithSelector(IStakes.WrongState.selector, REASON, IStakes.SlashState.None));
        vm.prank(arbiter);
        manager.dismiss(REASON);
    }

    function test_twice() public {
        _appeal(_slashId);
        vm.warp(START + APPEAL + DECISION);
        manager.dismiss(_slashId);
        vm.expectRevert(abi.encodeWithSelector(IStakes.WrongState.selector, _slashId, IStakes.SlashState.Dismissed));
        vm.prank(arbiter);
        manager.dismiss(_slashId);
    }
}
