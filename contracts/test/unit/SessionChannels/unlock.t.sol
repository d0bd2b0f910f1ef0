// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISessionChannels} from "../../../src/interfaces/ISessionChannels.sol";
import {MoneyFixture} from "../../support/MoneyFixture.sol";

contract SessionChannelsUnlockTest is MoneyFixture {
    ISessionChannels.ChannelConfig private config;
    bytes32 private id;
    bytes32 private lockId;
    uint256 private before;

    function setUp() public override {
        super.setUp();
        before = credits.balanceOf(tenant);
        (config, id) = _open(1000);
        lockId = _lock(config, JOB, 400);
    }

    function testFuzz_givesBackWhatWasNotConsumed(uint128 consumed) public {
        consumed = uint128(bound(consumed, 0, 399));
        _claimAs(_claim(config, JOB, consumed));
        _pause();
        vm.expectEmit(address(channels));
        emit ISessionChannels.Unlocked(id, JOB, lockId, 400 - consumed);
        assertEq(_unlock(operator), 400 - consumed, "refund");
        assertEq(vault.accountOf(id).deposited, 1000 - consumed, "back in the channel");
        assertEq(vault.accountOf(lockId).deposited, consumed, "consumed stays");
        // What is given back is the channel's: a voucher of the lock finds nothing.
        assertEq(_claimAs(_claim(config, JOB, 400)), 0, "claimed after");
    }

    function test_theSignerMayToo() public {
        assertEq(_unlock(signer), 400, "refund");
    }

    function test_theTenantOnceTheDelayIsOverToTheSecond() public {
        vm.prank(tenant);
        channels.requestWithdraw(config);
        vm.warp(T0 + DELAY - 1);
        _refuses(tenant, abi.encodeWithSelector(ISessionChannels.TooEarly.selector, T0 + DELAY));
        vm.warp(T0 + DELAY);
        assertEq(_unlock(tenant), 400, "refund");
        assertEq(vault.accountOf(id).deposited, 1000, "back in the channel");
    }

    function test_theTenantOnceTheChannelIsOverToTheSecond() public {
        vm.warp(ENDS_AT - 1);
        _refuses(tenant, abi.encodeWithSelector(ISessionChannels.TooEarly.selector, ENDS_AT));
        vm.warp(ENDS_AT);
        assertEq(_unlock(tenant), 400, "refund");
    }

    function test_ofAClosedChannelTheTenantIsPaid() public {
        vm.prank(operator);
        channels.close(config);
        assertEq(credits.balanceOf(tenant), before - 400, "the lock stays");
        assertEq(_unlock(tenant), 400, "refund");
        assertEq(credits.balanceOf(tenant), before, "the tenant has all");
        assertEq(vault.totalHeld(), 0, "held");
    }

    function test_ofAClosedChannelTheProviderPaysTheTenantToo() public {
        vm.warp(ENDS_AT);
        channels.finalize(config);
        assertEq(_unlock(operator), 400, "refund");
        assertEq(credits.balanceOf(tenant), before, "the tenant has all");
    }

    /// The lock of a closed channel can still be claimed of, until it is given back or the channel's time is over.
    function test_aLockOutlivesItsChannel() public {
        vm.prank(tenant);
        channels.requestWithdraw(config);
        vm.warp(T0 + DELAY);
        channels.finalize(config);
        assertEq(_claimAs(_claim(config, JOB, 150)), 150, "claimed");
        assertEq(_unlock(tenant), 250, "refund");
    }

    /// Nothing but the vault and the tenant's own patience is between a tenant and its credits: not even a registry that fails.
    function test_theTenantNeedsNobody() public {
        vm.mockCallRevert(address(registry), "", "gone");
        vm.mockCallRevert(address(governor), "", "gone");
        vm.prank(tenant);
        channels.requestWithdraw(config);
        vm.warp(T0 + DELAY);
        assertEq(channels.finalize(config), 600, "refund of the channel");
        assertEq(_unlock(tenant), 400, "refund of the lock");
        vm.prank(tenant);
        credits.redeem(tenant, before);
        assertEq(asset.balanceOf(tenant), before, "all is back");
    }

    function testFuzz_nobodyElse(address caller) public {
        vm.assume(caller != operator && caller != signer && caller != tenant);
        vm.warp(ENDS_AT);
        _refuses(caller, abi.encodeWithSelector(ISessionChannels.NotTenant.selector, caller, tenant));
    }

    function test_refusesNothing() public {
        _unlock(operator);
        _refuses(operator, abi.encodeWithSelector(ISessionChannels.ZeroAmount.selector));
        vm.expectRevert(ISessionChannels.JobRequired.selector);
        vm.prank(operator);
        channels.unlock(config, 0);
        ISessionChannels.ChannelConfig memory other = _config();
        other.salt = "other";
        vm.expectRevert(abi.encodeWithSelector(ISessionChannels.WrongStatus.selector, _channelId(other), ISessionChannels.Status.None));
        vm.prank(operator);
        channels.unlock(other, JOB);
    }

    /// Another's lock is found by no configuration of one's own: the id of a lock is bound to its channel's.
    function test_noTenantReachesTheLockOfAnother() public {
        ISessionChannels.ChannelConfig memory mine = _config();
        mine.tenant = stranger;
        _open(mine, 0);
        vm.warp(ENDS_AT);
        vm.expectRevert(ISessionChannels.ZeroAmount.selector);
        vm.prank(stranger);
        channels.unlock(mine, JOB);
    }

    function _unlock(address caller) private returns (uint128) {
        vm.prank(caller);
        return channels.unlock(config, JOB);
    }

    function _refuses(address caller, bytes memory error_) private {
        vm.expectRevert(error_);
        _unlock(caller);
    }
}
