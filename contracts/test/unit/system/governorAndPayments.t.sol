// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICreditVenue} from "../../../src/interfaces/ICreditVenue.sol";
import {ICreditToken} from "../../../src/interfaces/ICreditToken.sol";
import {ISessionChannels} from "../../../src/interfaces/ISessionChannels.sol";
import {System} from "../../support/System.sol";

/// The governor admits venues. By that word it must not be able to keep from anybody what the vault owes.
contract GovernorAndPaymentsTest is System {
    address private tenant;
    address private operator;
    address private payout;
    address private payer;
    uint256 private payerKey;
    bytes32 private providerId;
    ISessionChannels.ChannelConfig private config;

    function setUp() public {
        deploySystem();
        (tenant, operator, payout) = (named("tenant"), named("operator"), named("payout"));
        (payer, payerKey) = account("payer");
        vm.deal(operator, 10 ether);
        vm.startPrank(operator);
        providerId = providers.register("provider", payout, operator, bytes32(0));
        stakes.stakeProvider{value: 2 ether}(providerId);
        vm.stopPrank();
        config = ISessionChannels.ChannelConfig(tenant, payer, providerId, 1_000e6, uint64(block.timestamp + 30 days), 1 days, "salt");
        asset.mint(tenant, 1_000e6);
        vm.startPrank(tenant);
        asset.approve(address(credits), type(uint256).max);
        credits.approve(address(vault), type(uint256).max);
        credits.deposit(tenant, 1_000e6);
        channels.open(config, 600e6, "");
        channels.lock(config, "job", 100e6);
        vm.stopPrank();
    }

    function test_aTenantIsNotMadeAVenueAndGetsItsRefund() public {
        _refundOf(ICreditToken.Venue.Open);
    }

    function test_aTenantIsNotMadeALeavingVenueEither() public {
        _refundOf(ICreditToken.Venue.Leaving);
    }

    function test_aPayoutIsNotMadeAVenueAndIsPaid() public {
        _claim(200e6);
        _refused(payout, ICreditToken.Venue.Open);
        treasury.payProvider(providerId);
        assertEq(credits.balanceOf(payout), 184e6, "92 of 100");
        vm.prank(payout);
        credits.redeem(payout, 184e6);
        assertEq(asset.balanceOf(payout), 184e6, "in dollars again");
    }

    function test_noOracleIsMadeAVenueAndStopsTheOthers() public {
        address[5] memory members = openOracles();
        _claim(500e6);
        _refused(members[2], ICreditToken.Venue.Leaving);
        assertEq(treasury.payOracles(), 2e6, "a fifth of 2 of 100");
        assertEq(credits.balanceOf(members[2]), 2e6, "paid with the others");
    }

    /// What the exit must not open: still nobody pushes into the vault.
    function test_theVaultsBooksStayItsBalance() public {
        address venue = named("venue");
        vm.mockCall(venue, abi.encodeCall(ICreditVenue.creditVenue, ()), abi.encode(ICreditVenue.creditVenue.selector));
        credits.setVenue(venue, ICreditToken.Venue.Open);
        vm.prank(tenant);
        credits.approve(venue, type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(ICreditToken.TransferRestricted.selector, venue));
        vm.prank(venue);
        credits.transferFrom(tenant, address(vault), 1);
        // Nor by the payout of a provider who names the vault.
        vm.prank(operator);
        providers.proposePayout(providerId, address(vault));
        vm.warp(block.timestamp + 2 days);
        providers.applyPayout(providerId);
        _claim(200e6);
        vm.expectRevert(abi.encodeWithSelector(ICreditToken.TransferRestricted.selector, address(vault)));
        treasury.payProvider(providerId);
        assertEq(credits.balanceOf(address(vault)), uint256(vault.totalHeld()) + vault.totalOwed(), "the books");
    }

    function _refused(address account_, ICreditToken.Venue state) private {
        vm.expectRevert(abi.encodeWithSelector(ICreditToken.NoVenue.selector, account_));
        credits.setVenue(account_, state);
    }

    function _refundOf(ICreditToken.Venue state) private {
        _refused(tenant, state);
        vm.startPrank(tenant);
        channels.requestWithdraw(config);
        vm.warp(block.timestamp + 1 days);
        assertEq(channels.finalize(config), 500e6, "the channel");
        assertEq(channels.unlock(config, "job"), 100e6, "the lock");
        credits.redeem(tenant, 1_000e6);
        vm.stopPrank();
        assertEq(asset.balanceOf(tenant), 1_000e6, "in dollars again");
    }

    function _claim(uint128 total) private {
        ISessionChannels.Claim[] memory claims = new ISessionChannels.Claim[](1);
        claims[0] = claimOf(config, 0, total, payerKey);
        vm.prank(operator);
        channels.claimMany(providerId, claims, "");
    }
}
