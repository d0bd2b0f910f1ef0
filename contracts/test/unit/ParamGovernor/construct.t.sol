// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ParamGovernor} from "../../../src/governance/ParamGovernor.sol";
import {IParamGovernor} from "../../../src/interfaces/IParamGovernor.sol";
import {DefaultParams} from "../../../src/libraries/DefaultParams.sol";
import {Params} from "../../../src/libraries/Params.sol";
import {StakesWorld} from "../../support/StakesWorld.sol";

contract ConstructTest is StakesWorld {
    function _build(IParamGovernor.Setting[] memory settings) private returns (ParamGovernor) {
        return new ParamGovernor(address(authority), TIMELOCK, START, settings);
    }

    function test_holdsTheDefaults() public view {
        IParamGovernor.Setting[] memory settings = DefaultParams.settings();
        bytes32[] memory keys = governor.keys();
        assertEq(keys.length, settings.length, "count");
        for (uint256 i; i < settings.length; ++i) {
            (uint256 min, uint256 max) = governor.bounds(settings[i].key);
            assertEq(keys[i], settings[i].key, "order");
            assertEq(governor.get(settings[i].key), settings[i].value, "value");
            assertEq(min, settings[i].min, "min");
            assertEq(max, settings[i].max, "max");
            (uint256 value, uint64 readyAt) = governor.proposed(settings[i].key);
            assertEq(value + readyAt, 0, "nothing proposed");
        }
        assertEq(governor.timelock(), TIMELOCK, "timelock");
        assertEq(governor.launchAt(), START, "launch");
    }

    function test_figuresOfTheMission() public view {
        assertEq(governor.get(Params.DISPUTE_WINDOW), 24 hours, "dispute");
        assertEq(governor.get(Params.BUYER_STAKE_MIN), 0.1 ether, "buyer's stake");
        assertEq(governor.get(Params.BUYER_LOCK), 7 days, "buyer's lock");
        assertEq(governor.lockoutEndsAt() - governor.launchAt(), 90 days, "lockout");
    }

    function test_unknown() public {
        vm.expectRevert(abi.encodeWithSelector(IParamGovernor.ParamUnknown.selector, LISTING));
        governor.get(LISTING);
        vm.expectRevert(abi.encodeWithSelector(IParamGovernor.ParamUnknown.selector, LISTING));
        governor.bounds(LISTING);
    }

    function test_noZeroAddress() public {
        vm.expectRevert(IParamGovernor.ZeroAddress.selector);
        new ParamGovernor(address(0), TIMELOCK, START, DefaultParams.settings());
    }

    function testFuzz_eachValueWithinItsBounds(uint256 index, bool above) public {
        IParamGovernor.Setting[] memory settings = DefaultParams.settings();
        IParamGovernor.Setting memory setting = settings[bound(index, 0, settings.length - 1)];
        if (above) setting.value = setting.max + 1;
        else if (setting.min != 0) setting.value = setting.min - 1;
        else (setting.min, setting.max) = (setting.value + 1, setting.value + 2);
        vm.expectRevert(
            abi.encodeWithSelector(IParamGovernor.ParamOutOfBounds.selector, setting.key, setting.value, setting.min, setting.max)
        );
        _build(settings);
    }

    function test_noKeyTwiceNorZero() public {
        IParamGovernor.Setting[] memory settings = DefaultParams.settings();
        settings[5].key = settings[4].key;
        vm.expectRevert(abi.encodeWithSelector(IParamGovernor.ParamRepeated.selector, settings[4].key));
        _build(settings);
        settings[5].key = 0;
        vm.expectRevert(abi.encodeWithSelector(IParamGovernor.ParamRepeated.selector, bytes32(0)));
        _build(settings);
    }

    function test_aKeyWhoseEveryValueIsZeroIsNone() public {
        IParamGovernor.Setting[] memory settings = DefaultParams.settings();
        settings[13] = IParamGovernor.Setting(settings[13].key, 0, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(IParamGovernor.ParamOutOfBounds.selector, settings[13].key, 0, 0, 0));
        _build(settings);
    }

    function test_aThawNoLongerThanTheDisputeWindow() public {
        IParamGovernor.Setting[] memory settings = DefaultParams.settings();
        settings[0].value = 7 days;
        vm.expectRevert(abi.encodeWithSelector(IParamGovernor.ParamsContradict.selector, Params.THAW_PERIOD, Params.DISPUTE_WINDOW));
        _build(settings);
        settings[0].value = 7 days - 1;
        _build(settings);
    }

    function test_aPenaltyAboveTheCap() public {
        IParamGovernor.Setting[] memory settings = DefaultParams.settings();
        settings[9].value = 5_001;
        vm.expectRevert(abi.encodeWithSelector(IParamGovernor.ParamsContradict.selector, Params.FAULT_PENALTY_BPS, Params.SLASH_CAP_BPS));
        _build(settings);
    }

    function test_whatIsNeededMustBeThere() public {
        IParamGovernor.Setting[] memory settings = DefaultParams.settings();
        settings[2].key = "another";
        vm.expectRevert(abi.encodeWithSelector(IParamGovernor.ParamUnknown.selector, Params.THAW_PERIOD));
        _build(settings);
    }

    function test_timelockWithinItsBounds() public {
        vm.expectRevert(abi.encodeWithSelector(IParamGovernor.TimelockOutOfBounds.selector, 1 hours - 1, 1 hours, 30 days));
        new ParamGovernor(address(authority), 1 hours - 1, START, DefaultParams.settings());
        vm.expectRevert(abi.encodeWithSelector(IParamGovernor.TimelockOutOfBounds.selector, 30 days + 1, 1 hours, 30 days));
        new ParamGovernor(address(authority), 30 days + 1, START, DefaultParams.settings());
    }

    function test_launchOfNow() public {
        uint64 first = START - 1 days;
        uint64 last = START + 365 days;
        vm.expectRevert(abi.encodeWithSelector(IParamGovernor.LaunchOutOfBounds.selector, first - 1, first, last));
        new ParamGovernor(address(authority), TIMELOCK, first - 1, DefaultParams.settings());
        vm.expectRevert(abi.encodeWithSelector(IParamGovernor.LaunchOutOfBounds.selector, last + 1, first, last));
        new ParamGovernor(address(authority), TIMELOCK, last + 1, DefaultParams.settings());
        new ParamGovernor(address(authority), TIMELOCK, first, DefaultParams.settings());
        new ParamGovernor(address(authority), TIMELOCK, last, DefaultParams.settings());
    }

    function test_theLockoutEndsByItself() public {
        assertEq(governor.lockoutEndsAt(), START + 90 days, "end");
        vm.warp(START + 90 days - 1);
        assertTrue(governor.lockedOut(), "a second before");
        vm.warp(START + 90 days);
        assertTrue(!governor.lockedOut(), "at it");
    }

    function test_aLaunchAheadLocksOutUntilThenToo() public {
        ParamGovernor later = new ParamGovernor(address(authority), TIMELOCK, START + 10 days, DefaultParams.settings());
        assertTrue(later.lockedOut(), "before the launch");
        vm.warp(START + 100 days);
        assertTrue(!later.lockedOut(), "90 days after it");
    }
}
