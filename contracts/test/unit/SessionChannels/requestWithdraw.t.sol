// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISessionChannels} from "../../../src/interfaces/ISessionChannels.sol";
import {MoneyFixture} from "../../support/MoneyFixture.sol";

contract SessionChannelsRequestWithdrawTest is MoneyFixture {
    function test_startsTheDelayWhilePaused() public {
        (ISessionChannels.ChannelConfig memory config, bytes32 id) = _open(5);
        _pause();
        vm.expectEmit(address(channels));
        emit ISessionChannels.WithdrawRequested(id, T0 + DELAY);
        _request(config);
        ISessionChannels.Channel memory channel = channels.channelOf(id);
        assertTrue(channel.status == ISessionChannels.Status.Withdrawing, "status");
        assertEq(channel.withdrawableAt, T0 + DELAY, "time");
        assertEq(channel.everDeposited, 5, "the rest of the slot stays");
    }

    function testFuzz_onlyTheTenant(address caller) public {
        vm.assume(caller != tenant);
        (ISessionChannels.ChannelConfig memory config,) = _open(5);
        vm.expectRevert(abi.encodeWithSelector(ISessionChannels.NotTenant.selector, caller, tenant));
        vm.prank(caller);
        channels.requestWithdraw(config);
    }

    /// A second request would move the time.
    function test_onlyWhileOpen() public {
        ISessionChannels.ChannelConfig memory config = _config();
        bytes32 id = _channelId(config);
        _refusesStatus(config, id, ISessionChannels.Status.None);
        _open(config, 5);
        _request(config);
        _refusesStatus(config, id, ISessionChannels.Status.Withdrawing);
        vm.prank(operator);
        channels.close(config);
        _refusesStatus(config, id, ISessionChannels.Status.Closed);
    }

    function _request(ISessionChannels.ChannelConfig memory config) private {
        vm.prank(tenant);
        channels.requestWithdraw(config);
    }

    function _refusesStatus(ISessionChannels.ChannelConfig memory config, bytes32 id, ISessionChannels.Status status) private {
        vm.expectRevert(abi.encodeWithSelector(ISessionChannels.WrongStatus.selector, id, status));
        _request(config);
    }
}
