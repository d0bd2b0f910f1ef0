// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISessionChannels} from "../../../src/interfaces/ISessionChannels.sol";
import {MoneyFixture} from "../../support/MoneyFixture.sol";

contract SessionChannelsCancelWithdrawTest is MoneyFixture {
    function test_opensAgain() public {
        (ISessionChannels.ChannelConfig memory config, bytes32 id) = _open(5);
        vm.prank(tenant);
        channels.requestWithdraw(config);
        vm.expectEmit(address(channels));
        emit ISessionChannels.WithdrawCancelled(id);
        _cancel(config);
        assertTrue(channels.channelOf(id).status == ISessionChannels.Status.Open, "status");
        assertEq(channels.channelOf(id).withdrawableAt, 0, "time");
        // The time that passed before counts for nothing.
        vm.warp(T0 + DELAY);
        vm.expectRevert(abi.encodeWithSelector(ISessionChannels.TooEarly.selector, ENDS_AT));
        channels.finalize(config);
        vm.prank(tenant);
        channels.requestWithdraw(config);
        vm.expectRevert(abi.encodeWithSelector(ISessionChannels.TooEarly.selector, T0 + 2 * DELAY));
        channels.finalize(config);
    }

    function testFuzz_onlyTheTenant(address caller) public {
        vm.assume(caller != tenant);
        (ISessionChannels.ChannelConfig memory config,) = _open(5);
        vm.prank(tenant);
        channels.requestWithdraw(config);
        vm.expectRevert(abi.encodeWithSelector(ISessionChannels.NotTenant.selector, caller, tenant));
        vm.prank(caller);
        channels.cancelWithdraw(config);
    }

    function test_onlyWhileWithdrawing() public {
        ISessionChannels.ChannelConfig memory config = _config();
        bytes32 id = _channelId(config);
        _refusesStatus(config, id, ISessionChannels.Status.None);
        _open(config, 5);
        _refusesStatus(config, id, ISessionChannels.Status.Open);
        vm.prank(operator);
        channels.close(config);
        _refusesStatus(config, id, ISessionChannels.Status.Closed);
    }

    function _cancel(ISessionChannels.ChannelConfig memory config) private {
        vm.prank(tenant);
        channels.cancelWithdraw(config);
    }

    function _refusesStatus(ISessionChannels.ChannelConfig memory config, bytes32 id, ISessionChannels.Status status) private {
        vm.expectRevert(abi.encodeWithSelector(ISessionChannels.WrongStatus.selector, id, status));
        _cancel(config);
    }
}
