// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IStakes} from "../../../src/interfaces/IStakes.sol";
import {Params} from "../../../src/libraries/Params.sol";
import {StakesWorld} from "../../support/StakesWorld.sol";

contract RequestWithdrawTest is StakesWorld {
    function testFuzz_thawsAndIsNoLongerFree(uint128 amount) public {
        amount = uint128(bound(amount, 1, STAKE));
        vm.expectEmit(address(manager));
        emit IStakes.ThawStarted(PROVIDER, amount, START + THAW);
        vm.prank(operator);
        manager.requestWithdraw(PROVIDER, amount);
        _assertStake(STAKE, amount, 0, "thawing");
        assertEq(manager.stayingOf(PROVIDER), STAKE - amount, "staying");
    }

    function test_theClockStartsAnewForAll() public {
        vm.prank(operator);
        manager.requestWithdraw(PROVIDER, 1 ether);
        vm.warp(START + THAW - 1);
        vm.expectEmit(address(manager));
        emit IStakes.ThawStarted(PROVIDER, 3 ether, START + THAW - 1 + THAW);
        vm.prank(operator);
        manager.requestWithdraw(PROVIDER, 2 ether);
        vm.warp(START + THAW);
        vm.expectRevert(abi.encodeWithSelector(IStakes.TooEarly.selector, START + 2 * THAW - 1));
        vm.prank(operator);
        manager.withdraw(PROVIDER, operator);
    }

    function test_moreThanThereIs() public {
        vm.startPrank(operator);
        manager.requestWithdraw(PROVIDER, 4 ether);
        vm.expectRevert(abi.encodeWithSelector(IStakes.Insufficient.selector, PROVIDER, 6 ether + 1, 6 ether));
        manager.requestWithdraw(PROVIDER, 6 ether + 1);
    }

    function test_ofNothing() public {
        vm.expectRevert(IStakes.ZeroAmount.selector);
        vm.prank(operator);
        manager.requestWithdraw(PROVIDER, 0);
    }

    function test_onlyTheOwner() public {
        vm.expectRevert(abi.encodeWithSelector(IStakes.NotOwner.selector, stranger, PROVIDER));
        vm.prank(stranger);
        manager.requestWithdraw(PROVIDER, 1);
    }

    function test_frozenPartsMayThawToo() public {
        _propose(CAP, REASON);
        _requestAll();
        _assertStake(STAKE, STAKE, CAP, "both");
        assertEq(manager.stayingOf(PROVIDER), 0, "all of it is on its way out");
    }

    function test_keepsThePeriodOfItsRequest() public {
        _requestAll();
        _govern(Params.THAW_PERIOD, 30 days);
        assertEq(manager.stakeOf(PROVIDER).thawedAt, START + THAW, "snapshot");
        vm.warp(START + THAW);
        vm.prank(operator);
        assertEq(manager.withdraw(PROVIDER, operator), STAKE, "all");
    }

    function test_cancelled() public {
        _requestAll();
        vm.expectEmit(address(manager));
        emit IStakes.ThawCancelled(PROVIDER);
        vm.prank(operator);
        manager.cancelWithdraw(PROVIDER);
        _assertStake(STAKE, 0, 0, "as before");
        assertEq(manager.stakeOf(PROVIDER).thawedAt, 0, "no clock");
        assertEq(manager.stayingOf(PROVIDER), STAKE, "it stays again");
        vm.warp(START + THAW);
        vm.expectRevert(abi.encodeWithSelector(IStakes.NothingThawed.selector, PROVIDER));
        vm.prank(operator);
        manager.withdraw(PROVIDER, operator);
    }

    function test_cancelNothing() public {
        vm.expectRevert(abi.encodeWithSelector(IStakes.NothingThawed.selector, PROVIDER));
        vm.prank(operator);
        manager.cancelWithdraw(PROVIDER);
    }

    function test_cancelOnlyTheOwner() public {
        _requestAll();
        vm.expectRevert(abi.encodeWithSelector(IStakes.NotOwner.selector, stranger, PROVIDER));
        vm.prank(stranger);
        manager.cancelWithdraw(PROVIDER);
    }
}
