// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IParamGovernor} from "../../../src/interfaces/IParamGovernor.sol";
import {ISessionChannels} from "../../../src/interfaces/ISessionChannels.sol";
import {MoneyFixture} from "../../support/MoneyFixture.sol";

contract SessionChannelsTopUpTest is MoneyFixture {
    function test_anyoneAdds() public {
        (ISessionChannels.ChannelConfig memory config, bytes32 id) = _open(5);
        _give(stranger, 7);
        vm.expectEmit(address(channels));
        emit ISessionChannels.ToppedUp(id, stranger, 7, 12);
        vm.prank(stranger);
        channels.topUp(config, 7);
        assertEq(vault.accountOf(id).deposited, 12, "deposit");
        assertEq(credits.balanceOf(stranger), 0, "the caller paid");
    }

    /// What was claimed or withdrawn still counts: the ceiling bounds all that ever goes in.
    function test_theCeilingIsExactAndForEver() public {
        (ISessionChannels.ChannelConfig memory config, bytes32 id) = _open(CEILING - 10);
        _claimAs(_claim(config, 0, CEILING - 10));
        _topUp(config, 4);
        _refuses(config, 7, abi.encodeWithSelector(ISessionChannels.AboveCeiling.selector, id, CEILING + 1, CEILING));
        _topUp(config, 6);
        _refuses(config, 1, abi.encodeWithSelector(ISessionChannels.AboveCeiling.selector, id, CEILING + 1, CEILING));
        assertEq(channels.channelOf(id).everDeposited, CEILING, "ever deposited");
    }

    function test_refusesZero() public {
        (ISessionChannels.ChannelConfig memory config,) = _open(5);
        _refuses(config, 0, abi.encodeWithSelector(ISessionChannels.ZeroAmount.selector));
    }

    function test_onlyWhileOpen() public {
        ISessionChannels.ChannelConfig memory config = _config();
        bytes32 id = _channelId(config);
        _refusesStatus(config, id, ISessionChannels.Status.None);
        _open(config, 5);
        vm.prank(tenant);
        channels.requestWithdraw(config);
        _refusesStatus(config, id, ISessionChannels.Status.Withdrawing);
        vm.prank(tenant);
        channels.cancelWithdraw(config);
        _topUp(config, 1);
        vm.prank(operator);
        channels.close(config);
        _refusesStatus(config, id, ISessionChannels.Status.Closed);
    }

    function test_expiresToTheSecond() public {
        (ISessionChannels.ChannelConfig memory config, bytes32 id) = _open(5);
        vm.warp(VALID_UNTIL);
        _topUp(config, 1);
        vm.warp(VALID_UNTIL + 1);
        _refuses(config, 1, abi.encodeWithSelector(ISessionChannels.ChannelExpired.selector, id, VALID_UNTIL));
    }

    function test_stopsWhilePaused() public {
        (ISessionChannels.ChannelConfig memory config,) = _open(5);
        _pause();
        _refuses(config, 1, abi.encodeWithSelector(IParamGovernor.EntryPaused.selector, type(uint64).max));
    }

    function _topUp(ISessionChannels.ChannelConfig memory config, uint128 amount) private {
        vm.prank(tenant);
        channels.topUp(config, amount);
    }

    function _refusesStatus(ISessionChannels.ChannelConfig memory config, bytes32 id, ISessionChannels.Status status) private {
        _refuses(config, 1, abi.encodeWithSelector(ISessionChannels.WrongStatus.selector, id, status));
    }

    function _refuses(ISessionChannels.ChannelConfig memory config, uint128 amount, bytes memory error_) private {
        vm.expectRevert(error_);
        _topUp(config, amount);
    }
}
