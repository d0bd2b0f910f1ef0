// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IParamGovernor} from "../../../src/interfaces/IParamGovernor.sol";
import {IProviderRegistry} from "../../../src/interfaces/IProviderRegistry.sol";
import {ISessionChannels} from "../../../src/interfaces/ISessionChannels.sol";
import {SessionChannels} from "../../../src/money/SessionChannels.sol";
import {MoneyFixture} from "../../support/MoneyFixture.sol";
import {MoneySignerDouble} from "../../support/doubles/MoneySignerDouble.sol";

contract SessionChannelsOpenTest is MoneyFixture {
    function testFuzz_opensAndFunds(uint128 amount) public {
        amount = uint128(bound(amount, 1, CEILING));
        ISessionChannels.ChannelConfig memory config = _config();
        bytes32 id = _channelId(config);
        vm.expectEmit(address(channels));
        emit ISessionChannels.Opened(id, tenant, PROVIDER, authorizer, CEILING, VALID_UNTIL, DELAY, 0);
        vm.expectEmit(address(channels));
        emit ISessionChannels.ToppedUp(id, tenant, amount, amount);
        assertEq(_open(config, amount), id, "id");
        ISessionChannels.Channel memory channel = channels.channelOf(id);
        assertTrue(channel.status == ISessionChannels.Status.Open, "open");
        assertEq(channel.everDeposited, amount, "ever deposited");
        assertEq(channel.withdrawableAt, 0, "no withdrawal");
        assertEq(vault.accountOf(id).deposited, amount, "in the vault");
    }

    function test_opensWithNothing() public {
        vm.recordLogs();
        (, bytes32 id) = _open(0);
        assertEq(vm.getRecordedLogs().length, 1, "one event");
        assertTrue(channels.channelOf(id).status == ISessionChannels.Status.Open, "open");
    }

    /// The tenant needs no wei: another brings its signature, and pays the deposit.
    function test_anotherBringsTheTenantsSignature() public {
        _give(stranger, 5);
        ISessionChannels.ChannelConfig memory config = _config();
        bytes memory signature = signed(tenantKey, _channelId(config));
        uint256 before = credits.balanceOf(tenant);
        vm.prank(stranger);
        bytes32 id = channels.open(config, 5, signature);
        assertEq(credits.balanceOf(tenant), before, "the tenant paid nothing");
        assertEq(credits.balanceOf(stranger), 0, "the other paid");
        assertEq(vault.accountOf(id).deposited, 5, "deposit");
    }

    function test_aContractMayBeTheTenant() public {
        MoneySignerDouble wallet = new MoneySignerDouble(tenant);
        ISessionChannels.ChannelConfig memory config = _config();
        config.tenant = address(wallet);
        bytes memory signature = signed(tenantKey, _channelId(config));
        channels.open(config, 0, signature);
        config.salt = "another";
        vm.expectRevert(ISessionChannels.BadSignature.selector);
        channels.open(config, 0, signature);
    }

    function test_refusesOtherSignatures() public {
        ISessionChannels.ChannelConfig memory config = _config();
        bytes32 id = _channelId(config);
        _refusesSignature(config, "");
        _refusesSignature(config, signed(authorizerKey, id));
        _refusesSignature(config, malleated(signed(tenantKey, id)));
        // Signed for other terms.
        bytes memory signature = signed(tenantKey, id);
        config.ceiling += 1;
        _refusesSignature(config, signature);
    }

    function test_refusesSignaturesForAnotherPlace() public {
        ISessionChannels.ChannelConfig memory config = _config();
        bytes memory signature = signed(tenantKey, _channelId(config));
        vm.chainId(31_338);
        _refusesSignature(config, signature);
        vm.chainId(31_337);
        SessionChannels other = new SessionChannels(vault, IProviderRegistry(address(registry)), IParamGovernor(address(governor)));
        vm.expectRevert(ISessionChannels.BadSignature.selector);
        other.open(config, 0, signature);
        channels.open(config, 0, signature);
    }

    function test_opensOnceOnly() public {
        (ISessionChannels.ChannelConfig memory config, bytes32 id) = _open(5);
        _refusesStatus(config, id, ISessionChannels.Status.Open);
        vm.prank(tenant);
        channels.requestWithdraw(config);
        _refusesStatus(config, id, ISessionChannels.Status.Withdrawing);
        vm.prank(operator);
        channels.close(config);
        _refusesStatus(config, id, ISessionChannels.Status.Closed);
    }

    function test_refusesZeroAddresses() public {
        ISessionChannels.ChannelConfig memory config = _config();
        config.tenant = address(0);
        vm.expectRevert(ISessionChannels.ZeroAddress.selector);
        channels.open(config, 0, "");
        config = _config();
        config.payerAuthorizer = address(0);
        _refuses(config, 0, abi.encodeWithSelector(ISessionChannels.ZeroAddress.selector));
    }

    function test_theDelayIsWithinBounds() public {
        ISessionChannels.ChannelConfig memory config = _config();
        uint32[4] memory delays = [0, 24 hours - 1, 30 days + 1, type(uint32).max];
        for (uint256 i = 0; i < delays.length; ++i) {
            config.withdrawDelay = delays[i];
            _refusesDelay(config, 24 hours);
        }
        config.withdrawDelay = 24 hours;
        _open(config, 0);
        config.withdrawDelay = 30 days;
        _open(config, 0);
    }

    /// A parameter is read when a channel opens; channels that are open keep their terms.
    function test_theLeastDelayIsTheGovernors() public {
        (ISessionChannels.ChannelConfig memory old,) = _open(5);
        governor.setMin(DELAY + 1);
        ISessionChannels.ChannelConfig memory config = _config();
        config.salt = "new";
        _refusesDelay(config, DELAY + 1);
        vm.prank(tenant);
        channels.requestWithdraw(old);
        vm.warp(T0 + DELAY);
        assertEq(channels.finalize(old), 5, "the old delay holds");
    }

    function test_expiresToTheSecond() public {
        ISessionChannels.ChannelConfig memory config = _config();
        vm.warp(VALID_UNTIL + 1);
        _refuses(config, 0, abi.encodeWithSelector(ISessionChannels.ChannelExpired.selector, _channelId(config), VALID_UNTIL));
        vm.warp(VALID_UNTIL);
        _open(config, 0);
    }

    function test_onlyWithActiveProviders() public {
        registry.setActive(PROVIDER, false, true);
        _refuses(_config(), 0, abi.encodeWithSelector(ISessionChannels.ProviderInactive.selector, PROVIDER));
        ISessionChannels.ChannelConfig memory config = _config();
        config.providerId = "unknown";
        _refuses(config, 0, abi.encodeWithSelector(ISessionChannels.ProviderInactive.selector, bytes32("unknown")));
    }

    function test_theCeilingIsExact() public {
        ISessionChannels.ChannelConfig memory config = _config();
        bytes32 id = _channelId(config);
        _refuses(config, CEILING + 1, abi.encodeWithSelector(ISessionChannels.AboveCeiling.selector, id, CEILING + 1, CEILING));
        _open(config, CEILING);
    }

    function test_stopsWhilePaused() public {
        _pause();
        _refuses(_config(), 0, abi.encodeWithSelector(IParamGovernor.EntryPaused.selector, type(uint64).max));
    }

    function _refusesDelay(ISessionChannels.ChannelConfig memory config, uint256 min) private {
        _refuses(config, 0, abi.encodeWithSelector(ISessionChannels.DelayOutOfBounds.selector, config.withdrawDelay, min, 30 days));
    }

    function _refusesStatus(ISessionChannels.ChannelConfig memory config, bytes32 id, ISessionChannels.Status status) private {
        _refuses(config, 0, abi.encodeWithSelector(ISessionChannels.WrongStatus.selector, id, status));
    }

    function _refusesSignature(ISessionChannels.ChannelConfig memory config, bytes memory signature) private {
        vm.expectRevert(ISessionChannels.BadSignature.selector);
        channels.open(config, 0, signature);
    }

    function _refuses(ISessionChannels.ChannelConfig memory config, uint128 amount, bytes memory error_) private {
        vm.expectRevert(error_);
        vm.prank(config.tenant);
        channels.open(config, amount, "");
    }
}
