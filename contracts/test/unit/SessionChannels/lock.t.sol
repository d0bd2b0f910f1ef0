// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICreditVault} from "../../../src/interfaces/ICreditVault.sol";
import {IParamGovernor} from "../../../src/interfaces/IParamGovernor.sol";
import {ISessionChannels} from "../../../src/interfaces/ISessionChannels.sol";
import {MoneyFixture} from "../../support/MoneyFixture.sol";

contract SessionChannelsLockTest is MoneyFixture {
    function testFuzz_setsAsideWhatIsFree(uint128 claimed, uint128 amount) public {
        claimed = uint128(bound(claimed, 0, 999));
        amount = uint128(bound(amount, 1, 1000 - claimed));
        (ISessionChannels.ChannelConfig memory config, bytes32 id) = _open(1000);
        _claimAs(_claim(config, 0, claimed));
        bytes32 lockId = keccak256(abi.encode(id, JOB));
        vm.expectEmit(address(channels));
        emit ISessionChannels.Locked(id, JOB, lockId, amount);
        assertEq(_lock(config, JOB, amount), lockId, "lock");
        assertEq(_free(lockId), amount, "in the lock");
        assertEq(_free(id), 1000 - claimed - amount, "free in the channel");
    }

    function test_addsToALock() public {
        (ISessionChannels.ChannelConfig memory config,) = _open(1000);
        _lock(config, JOB, 10);
        bytes32 lockId = _lock(config, JOB, 5);
        assertEq(vault.accountOf(lockId).deposited, 15, "in the lock");
    }

    function test_refusesWhatIsNotFree() public {
        (ISessionChannels.ChannelConfig memory config, bytes32 id) = _open(1000);
        _claimAs(_claim(config, 0, 300));
        _refuses(config, JOB, 701, abi.encodeWithSelector(ICreditVault.Insufficient.selector, id, 701, 700));
    }

    function test_refusesZero() public {
        (ISessionChannels.ChannelConfig memory config,) = _open(1000);
        _refuses(config, 0, 1, abi.encodeWithSelector(ISessionChannels.JobRequired.selector));
        _refuses(config, JOB, 0, abi.encodeWithSelector(ISessionChannels.ZeroAmount.selector));
    }

    function testFuzz_onlyTheTenant(address caller) public {
        vm.assume(caller != tenant);
        (ISessionChannels.ChannelConfig memory config,) = _open(1000);
        vm.expectRevert(abi.encodeWithSelector(ISessionChannels.NotTenant.selector, caller, tenant));
        vm.prank(caller);
        channels.lock(config, JOB, 1);
    }

    /// While a withdrawal is asked for nothing can be taken out of reach of the vouchers that are being claimed.
    function test_onlyWhileOpen() public {
        ISessionChannels.ChannelConfig memory config = _config();
        bytes32 id = _channelId(config);
        _refusesStatus(config, id, ISessionChannels.Status.None);
        _open(config, 1000);
        vm.prank(tenant);
        channels.requestWithdraw(config);
        _refusesStatus(config, id, ISessionChannels.Status.Withdrawing);
        vm.prank(operator);
        channels.close(config);
        _refusesStatus(config, id, ISessionChannels.Status.Closed);
    }

    function test_expiresToTheSecond() public {
        (ISessionChannels.ChannelConfig memory config, bytes32 id) = _open(1000);
        vm.warp(VALID_UNTIL);
        _lock(config, JOB, 1);
        vm.warp(VALID_UNTIL + 1);
        _refuses(config, JOB, 1, abi.encodeWithSelector(ISessionChannels.ChannelExpired.selector, id, VALID_UNTIL));
    }

    function test_stopsWhilePaused() public {
        (ISessionChannels.ChannelConfig memory config,) = _open(1000);
        _pause();
        _refuses(config, JOB, 1, abi.encodeWithSelector(IParamGovernor.EntryPaused.selector, type(uint64).max));
    }

    function _refusesStatus(ISessionChannels.ChannelConfig memory config, bytes32 id, ISessionChannels.Status status) private {
        _refuses(config, JOB, 1, abi.encodeWithSelector(ISessionChannels.WrongStatus.selector, id, status));
    }

    function _refuses(ISessionChannels.ChannelConfig memory config, bytes32 jobId, uint128 amount, bytes memory error_) private {
        vm.expectRevert(error_);
        _lock(config, jobId, amount);
    }
}
