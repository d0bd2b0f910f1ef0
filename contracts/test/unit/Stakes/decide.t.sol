// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IStakes} from "../../../src/interfaces/IStakes.sol";
import {StakesWorld} from "../../support/StakesWorld.sol";

contract DecideTest is StakesWorld {
    bytes32 private _slashId;

    function setUp() public override {
        super.setUp();
        _slashId = _propose(2 ether, REASON);
        _appeal(_slashId);
    }

    function test_upheld() public {
        vm.expectEmit(address(manager));
        emit IStakes.SlashExecuted(_slashId, PROVIDER, 2 ether, 8 ether, 0);
        vm.prank(arbiter);
        manager.decide(_slashId, true);
        _assertState(_slashId, IStakes.SlashState.Executed, "state");
        _assertStake(8 ether, 0, 0, "taken");
        assertEq(manager.owed(), 2 ether, "owed");
    }

    function test_refused() public {
        vm.expectEmit(address(manager));
        emit IStakes.SlashDismissed(_slashId, PROVIDER, 0);
        vm.prank(arbiter);
        manager.decide(_slashId, false);
        _assertState(_slashId, IStakes.SlashState.Dismissed, "state");
        _assertStake(STAKE, 0, 0, "all there");
        assertEq(manager.owed(), 0, "owed");
    }

    function test_untilTheLastSecond() public {
        vm.warp(START + APPEAL + DECISION - 1);
        vm.prank(arbiter);
        manager.decide(_slashId, true);
    }

    function test_tooLate() public {
        vm.warp(START + APPEAL + DECISION);
        vm.expectRevert(abi.encodeWithSelector(IStakes.TooLate.selector, START + APPEAL + DECISION));
        vm.prank(arbiter);
        manager.decide(_slashId, true);
    }

    function test_onlyTheArbiter() public {
        address[4] memory others = [stranger, operator, proposer, governing];
        for (uint256 i; i < others.length; ++i) {
            vm.expectRevert(_unauthorized(others[i]));
            vm.prank(others[i]);
            manager.decide(_slashId, true);
        }
    }

    function test_twice() public {
        vm.startPrank(arbiter);
        manager.decide(_slashId, true);
        vm.expectRevert(abi.encodeWithSelector(IStakes.WrongState.selector, _slashId, IStakes.SlashState.Executed));
        manager.decide(_slashId, true);
    }

    function test_whatNobodyAppealed() public {
        bytes32 other = _propose(1 ether, "other");
        vm.expectRevert(abi.encodeWithSelector(IStakes.WrongState.selector, other, IStakes.SlashState.Proposed));
        vm.prank(arbiter);
        manager.decide(other, true);
    }
}
