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
        address[5] memory members;
        for (uint256 i = 0; i < 5; ++i) {
            members[i] = address(uint160(0x0AC1E + i));
            vm.deal(members[i], 1 ether);
            vm.startPrank(members[i]);
            stakes.stakeOracle{value: 1 ether}();
            quorum.registerKey(address(scheme), abi.encodePacked(members[i]), "");
            vm.stopPrank();
        }
        quorum.rotate(address(scheme), members);
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
        bytes32 channelId = channels.channelIdOf(config);
        bytes32 voucher = keccak256(abi.encode(keccak256("Voucher(bytes32 channelId,uint128 maxClaimableAmount)"), channelId, total));
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Tallystick"),
                keccak256("1"),
                block.chainid,
                address(channels)
            )
        );
        ISessionChannels.Claim[] memory claims = new ISessionChannels.Claim[](1);
        claims[0] = ISessionChannels.Claim(
            config, 0, total, total, 1, "root", signed(payerKey, keccak256(abi.encodePacked(hex"1901", domain, voucher)))
        );
        vm.prank(operator);
        channels.claimMany(providerId, claims, "");
    }
}
