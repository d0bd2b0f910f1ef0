// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IStakes} from "../../../src/interfaces/IStakes.sol";
import {StakesWorld} from "../../support/StakesWorld.sol";

contract AppealTest is StakesWorld {
    bytes32 private _slashId;

    function setUp() public override {
        super.setUp();
        _slashId = _propose(2 ether, REASON);
    }

    function test_stopsTheExecution() public {
        vm.expectEmit(address(manager));
        emit IStakes.SlashAppealed(_slashId, START + APPEAL + DECISION, keccak256("statement"));
        _appeal(_slashId);
        _assertState(_slashId, IStakes.SlashState.Appealed, "state");
        vm.warp(START + APPEAL);
        vm.expectRevert(abi.encodeWithSelector(IStakes.WrongState.selector, _slashId, IStakes.SlashState.Appealed));
        manager.execute(_slashId);
        _assertStake(STAKE, 0, 2 ether, "frozen all the while");
    }

    function test_untilTheLastSecond() public {
        vm.warp(START + APPEAL - 1);
        _appeal(_slashId);
    }

    function test_tooLate() public {
        vm.warp(START + APPEAL);
        vm.expectRevert(abi.encodeWithSelector(IStakes.TooLate.selector, START + APPEAL));
        _appeal(_slashId);
    }

    function test_onlyTheOwner() public {
        vm.expectRevert(abi.encodeWithSelector(IStakes.NotOwner.selector, stranger, PROVIDER));
        vm.prank(stranger);
        manager.appeal(_slashId, 0);
    }

    function test_theOwnerOfNow() public {
        registry.setOperator(PROVIDER, stranger);
        vm.prank(stranger);
        manager.appeal(_slashId, 0);
    }

    function test_twice() public {
        _appeal(_slashId);
        vm.expectRevert(abi.encodeWithSelector(IStakes.WrongState.selector, _slashId, IStakes.SlashState.Appealed));
        _appeal(_slashId);
    }

    function test_ofNone() public {
        vm.expectRevert(abi.encodeWithSelector(IStakes.WrongState.selector, REASON, IStakes.SlashState.None));
        _appeal(REASON);
    }

    function test_ofAProvenFault() public {
        bytes32 proven = _prove("fault");
        vm.expectRevert(abi.encodeWithSelector(IStakes.NotAppealable.selector, proven));
        _appeal(proven);
    }

    function test_whilePaused() public {
        _pause();
        _appeal(_slashId);
    }
}
