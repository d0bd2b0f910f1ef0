// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICreditVault} from "../../../src/interfaces/ICreditVault.sol";
import {ISessionChannels} from "../../../src/interfaces/ISessionChannels.sol";
import {MoneyFixture} from "../../support/MoneyFixture.sol";

/// What is claimed, when, and how much. Who may claim, and with which signatures: the files beside.
contract SessionChannelsClaimManyTest is MoneyFixture {
    ISessionChannels.ChannelConfig private config;
    bytes32 private id;

    function setUp() public override {
        super.setUp();
        (config, id) = _open(1000);
    }

    function testFuzz_claimsWithinTheVoucher(uint128 max, uint128 total) public {
        max = uint128(bound(max, 1, 1000));
        total = uint128(bound(total, 1, max));
        vm.expectEmit(address(vault));
        emit ICreditVault.Settled(PROVIDER, total, total - _providerShare(total), _providerShare(total));
        vm.expectEmit(address(channels));
        emit ISessionChannels.Claimed(id, PROVIDER, total, 3, ROOT);
        assertEq(_claimAs(_claim(config, 0, max, total)), total, "amount");
        assertEq(vault.accountOf(id).claimed, total, "claimed");
        assertEq(vault.totalOwed(), total, "owed");
    }

    function testFuzz_refusesMoreThanTheVoucher(uint128 max, uint128 total) public {
        max = uint128(bound(max, 0, type(uint128).max - 1));
        total = uint128(bound(total, uint256(max) + 1, type(uint128).max));
        _refuses(_claim(config, 0, max, total), abi.encodeWithSelector(ISessionChannels.ClaimAboveVoucher.selector, id, total, max));
    }

    function test_claimsRise() public {
        assertEq(_claimAs(_claim(config, 0, 100)), 100, "first");
        assertEq(_claimAs(_claim(config, 0, 250)), 150, "the rise");
        assertEq(vault.accountOf(id).claimed, 250, "claimed");
    }

    /// Of two callers in a race both succeed, in whatever order; the second moves nothing and says nothing.
    function test_anOlderOrEqualClaimIsNoFault() public {
        _claimAs(_claim(config, 0, 250));
        vm.recordLogs();
        assertEq(_claimAs(_claim(config, 0, 250)), 0, "the same again");
        assertEq(_claimAs(_claim(config, 0, 100)), 0, "an older one");
        assertEq(_claimAs(_claim(config, 0, 0)), 0, "of nothing");
        assertEq(vm.getRecordedLogs().length, 0, "events");
        assertEq(vault.accountOf(id).claimed, 250, "claimed");
    }

    function test_nothingToClaimIsNoFault() public {
        vm.prank(operator);
        assertEq(channels.claimMany(PROVIDER, new ISessionChannels.Claim[](0), ""), 0, "amount");
    }

    /// What the deposit covers is claimed; the event tells what was reached, not what was asked.
    function test_aClaimAboveTheDepositTakesWhatThereIs() public {
        vm.expectEmit(address(channels));
        emit ISessionChannels.Claimed(id, PROVIDER, 1000, 3, ROOT);
        assertEq(_claimAs(_claim(config, 0, 1500)), 1000, "amount");
        vm.prank(tenant);
        channels.topUp(config, 200);
        assertEq(_claimAs(_claim(config, 0, 1500)), 200, "the rest, as far as it is there");
    }

    /// A tenant that sets its credits aside just before must not stop the claims of others; and the provider takes the credits back.
    function test_noTenantStopsTheClaimsOfOthers() public {
        ISessionChannels.ChannelConfig memory other = _config();
        other.salt = "other";
        bytes32 otherId = _open(other, 500);
        ISessionChannels.Claim[] memory claims = new ISessionChannels.Claim[](2);
        (claims[0], claims[1]) = (_claim(config, 0, 800), _claim(other, 0, 400));
        _lock(config, JOB, 900);
        vm.startPrank(operator);
        assertEq(channels.claimMany(PROVIDER, claims, ""), 100 + 400, "what there is");
        assertEq(vault.accountOf(otherId).claimed, 400, "the other's claim");
        channels.unlock(config, JOB);
        assertEq(channels.claimMany(PROVIDER, claims, ""), 700, "the rest");
        vm.stopPrank();
    }

    function test_oneChannelMayStandThereTwice() public {
        ISessionChannels.Claim[] memory claims = new ISessionChannels.Claim[](3);
        (claims[0], claims[1], claims[2]) = (_claim(config, 0, 100), _claim(config, 0, 300), _claim(config, 0, 200));
        vm.recordLogs();
        vm.prank(operator);
        assertEq(channels.claimMany(PROVIDER, claims, ""), 300, "amount");
        // Two rises, one settlement, one record of fees.
        assertEq(vm.getRecordedLogs().length, 4, "events");
    }

    function testFuzz_anyOrderComesToTheSame(uint128[5] memory totals, uint256 order) public {
        uint128 highest;
        uint128 sum;
        ISessionChannels.Claim[] memory claims = new ISessionChannels.Claim[](5);
        for (uint256 i = 0; i < 5; ++i) {
            totals[i] = uint128(bound(totals[i], 0, 1000));
            if (totals[i] > highest) highest = totals[i];
            claims[i] = _claim(config, 0, totals[i]);
        }
        // Some together, the others one by one.
        uint256 together = order % 6;
        ISessionChannels.Claim[] memory first = new ISessionChannels.Claim[](together);
        for (uint256 i = 0; i < together; ++i) {
            first[i] = claims[i];
        }
        vm.prank(operator);
        sum += channels.claimMany(PROVIDER, first, "");
        for (uint256 i = together; i < 5; ++i) {
            sum += _claimAs(claims[i]);
        }
        assertEq(sum, highest, "sum of the rises");
        assertEq(vault.accountOf(id).claimed, highest, "claimed");
    }

    function test_aLockHasItsOwnVouchers() public {
        bytes32 lockId = _lock(config, JOB, 400);
        vm.expectEmit(address(channels));
        emit ISessionChannels.Claimed(lockId, PROVIDER, 150, 3, ROOT);
        assertEq(_claimAs(_claim(config, JOB, 150)), 150, "of the lock");
        assertEq(_claimAs(_claim(config, 0, 150)), 150, "of the channel");
        assertEq(vault.accountOf(lockId).claimed, 150, "claimed of the lock");
        assertEq(vault.accountOf(id).claimed, 150, "claimed of the channel");
        // A voucher of one is none of the other.
        ISessionChannels.Claim memory claim = _claim(config, JOB, 300);
        claim.jobId = 0;
        _refuses(claim, abi.encodeWithSelector(ISessionChannels.BadSignature.selector));
        claim.jobId = "other job";
        _refuses(claim, abi.encodeWithSelector(ISessionChannels.BadSignature.selector));
        claim = _claim(config, 0, 300);
        claim.jobId = JOB;
        _refuses(claim, abi.encodeWithSelector(ISessionChannels.BadSignature.selector));
    }

    function test_aLockIsClaimedWithinIt() public {
        _lock(config, JOB, 400);
        assertEq(_claimAs(_claim(config, JOB, 401)), 400, "what is locked");
        assertEq(vault.accountOf(id).claimed, 0, "nothing of the channel");
    }

    function test_goesOnUntilTheEndToTheSecond() public {
        vm.warp(ENDS_AT - 1);
        assertEq(_claimAs(_claim(config, 0, 10)), 10, "a second before");
        vm.warp(ENDS_AT);
        assertEq(_claimAs(_claim(config, 0, 20)), 0, "nothing from then on");
        assertEq(vault.accountOf(id).claimed, 10, "claimed");
    }

    function test_norOfALockFromThenOn() public {
        _lock(config, JOB, 400);
        vm.warp(ENDS_AT - 1);
        assertEq(_claimAs(_claim(config, JOB, 10)), 10, "a second before");
        vm.warp(ENDS_AT);
        assertEq(_claimAs(_claim(config, JOB, 20)), 0, "nothing from then on");
    }

    /// Or a tenant could have its channel end under the claims of others.
    function test_anExpiredOneAmongOthersTakesNothingAndStopsNone() public {
        ISessionChannels.ChannelConfig memory other = _config();
        other.salt = "other";
        other.validUntil = VALID_UNTIL + 1 days;
        _open(other, 100);
        ISessionChannels.Claim[] memory claims = new ISessionChannels.Claim[](2);
        (claims[0], claims[1]) = (_claim(config, 0, 20), _claim(other, 0, 30));
        vm.warp(ENDS_AT);
        vm.prank(operator);
        assertEq(channels.claimMany(PROVIDER, claims, ""), 30, "of the other");
        assertEq(vault.accountOf(id).claimed, 0, "nothing of this");
        // Its voucher is still looked at.
        claims[0].voucherSignature = "rubbish";
        vm.expectRevert(ISessionChannels.BadSignature.selector);
        vm.prank(operator);
        channels.claimMany(PROVIDER, claims, "");
    }

    /// An expiry beyond all times does not wrap around to the past.
    function test_theLargestExpiryIsNever() public {
        ISessionChannels.ChannelConfig memory other = _config();
        other.validUntil = type(uint64).max - 5;
        _open(other, 10);
        vm.warp(type(uint64).max - 1);
        assertEq(_claimAs(_claim(other, 0, 10)), 10, "claimed");
    }

    function test_goesOnWhileAWithdrawalIsAskedFor() public {
        vm.prank(tenant);
        channels.requestWithdraw(config);
        assertEq(_claimAs(_claim(config, 0, 10)), 10, "at once");
        vm.warp(T0 + DELAY + 1 days);
        assertEq(_claimAs(_claim(config, 0, 20)), 10, "until it is finalised");
        channels.finalize(config);
        assertEq(_claimAs(_claim(config, 0, 30)), 0, "nothing after");
        assertEq(vault.accountOf(id).claimed, 20, "claimed");
    }

    function test_goesOnWhilePausedAndForProvidersWhoLeft() public {
        _pause();
        registry.setActive(PROVIDER, false, false);
        assertEq(_claimAs(_claim(config, 0, 10)), 10, "amount");
    }

    function test_aChannelNeverOpenedHasNothing() public {
        ISessionChannels.ChannelConfig memory other = _config();
        other.salt = "other";
        assertEq(_claimAs(_claim(other, 0, 10)), 0, "amount");
    }

    function _providerShare(uint128 amount) private view returns (uint128) {
        return treasury.sharesOf(amount).provider;
    }

    function _refuses(ISessionChannels.Claim memory claim, bytes memory error_) private {
        vm.expectRevert(error_);
        _claimAs(claim);
    }
}
