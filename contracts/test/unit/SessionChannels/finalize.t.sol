// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISessionChannels} from "../../../src/interfaces/ISessionChannels.sol";
import {MoneyFixture} from "../../support/MoneyFixture.sol";

contract SessionChannelsFinalizeTest is MoneyFixture {
    ISessionChannels.ChannelConfig private config;
    bytes32 private id;
    uint256 private before;

    function setUp() public override {
        super.setUp();
        before = credits.balanceOf(tenant);
        (config, id) = _open(1000);
    }

    function test_anyoneOnceTheDelayIsOverToTheSecond() public {
        _claimAs(_claim(config, 0, 300));
        vm.prank(tenant);
        channels.requestWithdraw(config);
        _pause();
        vm.warp(T0 + DELAY - 1);
        _refusesUntil(T0 + DELAY);
        vm.warp(T0 + DELAY);
        vm.expectEmit(address(channels));
        emit ISessionChannels.Finalized(id, tenant, 700);
        vm.prank(stranger);
        assertEq(channels.finalize(config), 700, "refund");
        assertEq(credits.balanceOf(tenant), before - 300, "the tenant has the rest");
        assertTrue(channels.channelOf(id).status == ISessionChannels.Status.Closed, "status");
        assertEq(vault.totalHeld(), 0, "held");
    }

    function test_anyoneOnceTheChannelIsOverToTheSecond() public {
        vm.warp(ENDS_AT - 1);
        _refusesUntil(ENDS_AT);
        vm.warp(ENDS_AT);
        vm.prank(stranger);
        assertEq(channels.finalize(config), 1000, "refund");
    }

    /// The end comes also where a later withdrawal is asked for: no request makes it later.
    function test_theEarlierOfTheTwoCounts() public {
        vm.warp(VALID_UNTIL + 1);
        vm.prank(tenant);
        channels.requestWithdraw(config);
        vm.warp(ENDS_AT - 1);
        _refusesUntil(ENDS_AT);
        vm.warp(ENDS_AT);
        channels.finalize(config);
    }

    function test_oncePerChannel() public {
        ISessionChannels.ChannelConfig memory other = _config();
        other.salt = "other";
        vm.warp(ENDS_AT);
        vm.expectRevert(abi.encodeWithSelector(ISessionChannels.WrongStatus.selector, _channelId(other), ISessionChannels.Status.None));
        channels.finalize(other);
        channels.finalize(config);
        vm.expectRevert(abi.encodeWithSelector(ISessionChannels.WrongStatus.selector, id, ISessionChannels.Status.Closed));
        channels.finalize(config);
    }

    function test_allClaimedLeavesNothing() public {
        _claimAs(_claim(config, 0, 1000));
        vm.warp(ENDS_AT);
        vm.expectEmit(address(channels));
        emit ISessionChannels.Finalized(id, tenant, 0);
        assertEq(channels.finalize(config), 0, "refund");
    }

    /// Locks stay with what is in them, until they are given back.
    function test_locksStay() public {
        bytes32 lockId = _lock(config, JOB, 400);
        vm.warp(ENDS_AT);
        assertEq(channels.finalize(config), 600, "refund");
        assertEq(_free(lockId), 400, "in the lock");
        vm.prank(tenant);
        assertEq(channels.unlock(config, JOB), 400, "given back");
        assertEq(credits.balanceOf(tenant), before, "all is back");
    }

    function _refusesUntil(uint64 readyAt) private {
        vm.expectRevert(abi.encodeWithSelector(ISessionChannels.TooEarly.selector, readyAt));
        channels.finalize(config);
    }
}
