// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISessionChannels} from "../../../src/interfaces/ISessionChannels.sol";
import {MoneyFixture} from "../../support/MoneyFixture.sol";

contract SessionChannelsCloseTest is MoneyFixture {
    function test_theOperatorOrTheSignerGivesTheRestBackWhilePaused() public {
        address[2] memory callers = [operator, signer];
        for (uint256 i = 0; i < callers.length; ++i) {
            governor.setPausedUntil(0);
            uint256 before = credits.balanceOf(tenant);
            ISessionChannels.ChannelConfig memory config = _config();
            config.salt = bytes32(i);
            bytes32 id = _open(config, 1000);
            _claimAs(_claim(config, 0, 300));
            _pause();
            vm.expectEmit(address(channels));
            emit ISessionChannels.Finalized(id, tenant, 700);
            vm.prank(callers[i]);
            assertEq(channels.close(config), 700, "refund");
            assertEq(credits.balanceOf(tenant), before - 300, "the tenant has the rest");
            assertTrue(channels.channelOf(id).status == ISessionChannels.Status.Closed, "status");
        }
    }

    function test_alsoWhileAWithdrawalIsAskedFor() public {
        (ISessionChannels.ChannelConfig memory config,) = _open(1000);
        vm.prank(tenant);
        channels.requestWithdraw(config);
        vm.prank(operator);
        assertEq(channels.close(config), 1000, "refund");
    }

    /// What was promised and not claimed is given up.
    function test_nothingIsClaimedAfter() public {
        (ISessionChannels.ChannelConfig memory config,) = _open(1000);
        ISessionChannels.Claim memory claim = _claim(config, 0, 300);
        vm.prank(operator);
        channels.close(config);
        assertEq(_claimAs(claim), 0, "claimed after");
    }

    function testFuzz_nobodyElse(address caller) public {
        vm.assume(caller != operator && caller != signer);
        (ISessionChannels.ChannelConfig memory config,) = _open(1000);
        vm.expectRevert(abi.encodeWithSelector(ISessionChannels.NotProvider.selector, caller, PROVIDER));
        vm.prank(caller);
        channels.close(config);
    }

    function test_oncePerChannel() public {
        ISessionChannels.ChannelConfig memory config = _config();
        bytes32 id = _channelId(config);
        _refusesStatus(config, id, ISessionChannels.Status.None);
        _open(config, 1000);
        vm.prank(operator);
        channels.close(config);
        _refusesStatus(config, id, ISessionChannels.Status.Closed);
    }

    function _refusesStatus(ISessionChannels.ChannelConfig memory config, bytes32 id, ISessionChannels.Status status) private {
        vm.expectRevert(abi.encodeWithSelector(ISessionChannels.WrongStatus.selector, id, status));
        vm.prank(operator);
        channels.close(config);
    }
}
