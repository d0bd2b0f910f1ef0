// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IParamGovernor} from "../../../src/interfaces/IParamGovernor.sol";
import {Params} from "../../../src/libraries/Params.sol";
import {Roles} from "../../../src/libraries/Roles.sol";
import {StakesWorld} from "../../support/StakesWorld.sol";

contract EnactTest is StakesWorld {
    bytes32 private constant KEY = Params.PAYOUT_DELAY;

    function _proposeParam(bytes32 key, uint256 value) private {
        vm.prank(governing);
        governor.propose(key, value);
    }

    function testFuzz_aProposalHoldsAfterItsTimelock(uint256 value) public {
        value = bound(value, 1 days, 30 days);
        vm.expectEmit(address(governor));
        emit IParamGovernor.ParamProposed(KEY, value, START + TIMELOCK);
        _proposeParam(KEY, value);
        (uint256 given, uint64 readyAt) = governor.proposed(KEY);
        assertEq(given, value, "proposed");
        assertEq(readyAt, START + TIMELOCK, "ready");
        assertEq(governor.get(KEY), 2 days, "as before");

        vm.warp(START + TIMELOCK - 1);
        vm.expectRevert(abi.encodeWithSelector(IParamGovernor.TimelockRunning.selector, KEY, START + TIMELOCK));
        governor.enact(KEY);
        vm.warp(START + TIMELOCK);
        vm.expectEmit(address(governor));
        emit IParamGovernor.ParamEnacted(KEY, 2 days, value);
        vm.prank(stranger);
        governor.enact(KEY);
        assertEq(governor.get(KEY), value, "holds");
        vm.expectRevert(abi.encodeWithSelector(IParamGovernor.NothingProposed.selector, KEY));
        governor.enact(KEY);
    }

    function testFuzz_neverOutsideTheBounds(uint256 value) public {
        if (value >= 1 days && value <= 30 days) value = 30 days + 1;
        vm.expectRevert(abi.encodeWithSelector(IParamGovernor.ParamOutOfBounds.selector, KEY, value, 1 days, 30 days));
        _proposeParam(KEY, value);
    }

    function test_proposedByTheGovernorOnly() public {
        address[3] memory others = [stranger, guardian, arbiter];
        for (uint256 i; i < others.length; ++i) {
            vm.expectRevert(_unauthorized(others[i]));
            vm.prank(others[i]);
            governor.propose(KEY, 3 days);
        }
    }

    function test_ofAnUnknownKey() public {
        vm.expectRevert(abi.encodeWithSelector(IParamGovernor.ParamUnknown.selector, LISTING));
        _proposeParam(LISTING, 1);
    }

    function test_aNewProposalStartsTheTimelockAnew() public {
        _proposeParam(KEY, 3 days);
        vm.warp(START + TIMELOCK - 1);
        _proposeParam(KEY, 4 days);
        vm.warp(START + TIMELOCK);
        vm.expectRevert(abi.encodeWithSelector(IParamGovernor.TimelockRunning.selector, KEY, START + 2 * TIMELOCK - 1));
        governor.enact(KEY);
    }

    function test_takenBackByTheGuardianOrTheGovernor() public {
        address[2] memory hands = [guardian, governing];
        for (uint256 i; i < hands.length; ++i) {
            _proposeParam(KEY, 3 days);
            vm.expectEmit(address(governor));
            emit IParamGovernor.ParamWithdrawn(KEY, 3 days);
            vm.prank(hands[i]);
            governor.withdraw(KEY);
            vm.warp(_now() + TIMELOCK);
            vm.expectRevert(abi.encodeWithSelector(IParamGovernor.NothingProposed.selector, KEY));
            governor.enact(KEY);
        }
    }

    function test_takenBackByNobodyElse() public {
        _proposeParam(KEY, 3 days);
        address[3] memory others = [stranger, arbiter, proposer];
        for (uint256 i; i < others.length; ++i) {
            vm.expectRevert(_unauthorized(others[i]));
            vm.prank(others[i]);
            governor.withdraw(KEY);
        }
    }

    function test_aGovernorWithADelayTakesBackAtOnce() public {
        authority.grantRole(Roles.GOVERNOR, stranger, 3 days);
        _proposeParam(KEY, 3 days);
        vm.prank(stranger);
        governor.withdraw(KEY);
        (, uint64 readyAt) = governor.proposed(KEY);
        assertEq(readyAt, 0, "gone");
    }

    function test_nothingToTakeBack() public {
        vm.expectRevert(abi.encodeWithSelector(IParamGovernor.NothingProposed.selector, KEY));
        vm.prank(guardian);
        governor.withdraw(KEY);
    }

    function _contradiction() private {
        vm.expectRevert(abi.encodeWithSelector(IParamGovernor.ParamsContradict.selector, Params.THAW_PERIOD, Params.DISPUTE_WINDOW));
    }

    function test_aWindowAsLongAsTheThaw() public {
        _proposeParam(Params.DISPUTE_WINDOW, 7 days);
        vm.warp(START + TIMELOCK);
        _contradiction();
        governor.enact(Params.DISPUTE_WINDOW);
        // Both together, in the right order.
        _govern(Params.THAW_PERIOD, 7 days + 1);
        governor.enact(Params.DISPUTE_WINDOW);
        assertEq(governor.get(Params.DISPUTE_WINDOW), 7 days, "then it holds");
    }

    /// @dev Batches of the longer window may still be disputed: their stakes must not thaw before.
    function test_aThawShorterThanAWindowThatMayStillBeOpen() public {
        _govern(Params.DISPUTE_WINDOW, 6 days);
        _proposeParam(Params.THAW_PERIOD, 5 days);
        _govern(Params.DISPUTE_WINDOW, 1 days);
        uint64 loweredAt = _now();
        _contradiction();
        governor.enact(Params.THAW_PERIOD);
        vm.warp(loweredAt + 6 days - 1);
        _contradiction();
        governor.enact(Params.THAW_PERIOD);
        vm.warp(loweredAt + 6 days);
        governor.enact(Params.THAW_PERIOD);
        assertEq(governor.get(Params.THAW_PERIOD), 5 days, "once the last is final");
    }

    /// @dev Lowered twice: the longer window is remembered through the shorter one.
    function test_theLongestWindowIsRemembered() public {
        _govern(Params.DISPUTE_WINDOW, 6 days);
        _govern(Params.DISPUTE_WINDOW, 3 days);
        uint64 loweredAt = _now();
        _govern(Params.DISPUTE_WINDOW, 1 days);
        _proposeParam(Params.THAW_PERIOD, 5 days);
        vm.warp(loweredAt + 6 days - 1);
        _contradiction();
        governor.enact(Params.THAW_PERIOD);
        vm.warp(loweredAt + 6 days);
        governor.enact(Params.THAW_PERIOD);
    }

    function test_aPenaltyAboveTheCap() public {
        _proposeParam(Params.FAULT_PENALTY_BPS, 6_000);
        vm.warp(START + TIMELOCK);
        vm.expectRevert(abi.encodeWithSelector(IParamGovernor.ParamsContradict.selector, Params.FAULT_PENALTY_BPS, Params.SLASH_CAP_BPS));
        governor.enact(Params.FAULT_PENALTY_BPS);
    }
}
