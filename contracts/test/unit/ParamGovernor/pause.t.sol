// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IParamGovernor} from "../../../src/interfaces/IParamGovernor.sol";
import {Roles} from "../../../src/libraries/Roles.sol";
import {StakesWorld} from "../../support/StakesWorld.sol";

contract PauseTest is StakesWorld {
    function test_closesEntryForSevenDays() public {
        governor.requireEntry();
        vm.expectEmit(address(governor));
        emit IParamGovernor.Paused(START + 7 days);
        _pause();
        assertEq(governor.pausedUntil(), START + 7 days, "until");
        vm.warp(START + 7 days - 1);
        vm.expectRevert(abi.encodeWithSelector(IParamGovernor.EntryPaused.selector, START + 7 days));
        governor.requireEntry();
        vm.warp(START + 7 days);
        governor.requireEntry();
    }

    function test_thenNotForSevenDays() public {
        _pause();
        uint64[3] memory times = [START, START + 7 days, START + 14 days - 1];
        for (uint256 i; i < times.length; ++i) {
            vm.warp(times[i]);
            vm.expectRevert(abi.encodeWithSelector(IParamGovernor.PauseCoolingDown.selector, START + 14 days));
            _pause();
        }
        vm.warp(START + 14 days);
        _pause();
        assertEq(governor.pausedUntil(), START + 21 days, "again");
    }

    function test_theCoolDownRunsFromAnEarlierEnd() public {
        _pause();
        vm.warp(START + 1 days);
        vm.expectEmit(address(governor));
        emit IParamGovernor.Resumed();
        vm.prank(guardian);
        governor.resume();
        governor.requireEntry();
        vm.warp(START + 8 days - 1);
        vm.expectRevert(abi.encodeWithSelector(IParamGovernor.PauseCoolingDown.selector, START + 8 days));
        _pause();
        vm.warp(START + 8 days);
        _pause();
    }

    function test_byTheGuardianOnly() public {
        address[3] memory others = [stranger, governing, arbiter];
        for (uint256 i; i < others.length; ++i) {
            vm.expectRevert(_unauthorized(others[i]));
            vm.prank(others[i]);
            governor.pause();
        }
    }

    function test_resumedByTheGovernorWithoutItsDelay() public {
        authority.grantRole(Roles.GOVERNOR, stranger, 3 days);
        _pause();
        vm.prank(stranger);
        governor.resume();
        governor.requireEntry();
    }

    function test_resumedByNobodyElse() public {
        _pause();
        address[3] memory others = [stranger, arbiter, proposer];
        for (uint256 i; i < others.length; ++i) {
            vm.expectRevert(_unauthorized(others[i]));
            vm.prank(others[i]);
            governor.resume();
        }
    }

    function test_nothingToResume() public {
        vm.startPrank(guardian);
        vm.expectRevert(IParamGovernor.NotPaused.selector);
        governor.resume();
        governor.pause();
        vm.warp(START + 7 days);
        vm.expectRevert(IParamGovernor.NotPaused.selector);
        governor.resume();
    }

    /// @dev Whatever a guardian does, entry is open at least half of the time, and seven days in a row.
    function testFuzz_nobodyClosesTheHouseForGood(uint256 seed) public {
        uint64 closedUntil;
        for (uint256 i; i < 30; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            vm.prank(guardian);
            (bool paused,) = address(governor).call(abi.encodeCall(seed % 3 == 0 ? governor.resume : governor.pause, ()));
            if (paused && seed % 3 != 0) {
                if (closedUntil != 0) assertGe(_now(), closedUntil + 7 days, "seven open days between");
                assertEq(governor.pausedUntil(), _now() + 7 days, "and no more than seven closed");
            }
            if (paused) closedUntil = governor.pausedUntil();
            vm.warp(_now() + (seed >> 64) % 5 days);
        }
    }
}
