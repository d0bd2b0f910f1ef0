// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IParamGovernor} from "../../../src/interfaces/IParamGovernor.sol";
import {ISessionChannels} from "../../../src/interfaces/ISessionChannels.sol";
import {ICreditToken} from "../../../src/interfaces/ICreditToken.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {System} from "../../support/System.sol";

/// With the real contracts joined: while entry is closed nothing comes in, and everything that is in can leave.
contract SystemExitsTest is System {
    address private tenant;
    address private operator;
    address private payer;
    uint256 private payerKey;
    bytes32 private providerId;
    ISessionChannels.ChannelConfig private config;

    function setUp() public {
        deploySystem();
        (tenant, operator) = (named("tenant"), named("operator"));
        (payer, payerKey) = account("payer");
        vm.deal(operator, 10 ether);
        vm.deal(tenant, 10 ether);
        openOracles();

        vm.startPrank(operator);
        providerId = providers.register("provider", operator, operator, bytes32(0));
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
        escrow.stake{value: 0.1 ether}("listing", 1 ether);
        vm.stopPrank();
    }

    function _pause() private {
        governor.pause();
    }

    function test_nothingComesInWhilePaused() public {
        _pause();
        bytes memory closed = abi.encodeWithSelector(IParamGovernor.EntryPaused.selector, governor.pausedUntil());
        vm.startPrank(tenant);
        vm.expectRevert(closed);
        credits.deposit(tenant, 1);
        vm.expectRevert(closed);
        channels.topUp(config, 1);
        vm.expectRevert(closed);
        channels.lock(config, "another", 1);
        vm.expectRevert(closed);
        escrow.upgrade("listing", 2 ether);
        vm.stopPrank();
        vm.startPrank(operator);
        vm.expectRevert(closed);
        stakes.stakeProvider{value: 1}(providerId);
        vm.expectRevert(closed);
        receipts.registerLane(providerId, 0, operator, false);
        vm.expectRevert(closed);
        providers.register("another", operator, operator, bytes32(0));
        vm.stopPrank();
    }

    /// From the provider's claim to the last token in everybody's own hands, with entry closed all the while.
    function test_everythingLeavesWhilePaused() public {
        _pause();
        ISessionChannels.Claim[] memory claims = new ISessionChannels.Claim[](2);
        (claims[0], claims[1]) = (claimOf(config, 0, 200e6, payerKey), claimOf(config, "job", 40e6, payerKey));
        vm.startPrank(operator);
        assertEq(channels.claimMany(providerId, claims, ""), 240e6, "claimed");
        channels.unlock(config, "job");
        vm.stopPrank();

        treasury.payProvider(providerId);
        treasury.payOracles();
        treasury.payBeneficiary(treasury.RESERVE());
        treasury.payBeneficiary(treasury.PROTOCOL());
        assertEq(credits.balanceOf(operator), 220_800_000, "92 of 100 of 240 credits");
        vm.prank(operator);
        credits.redeem(operator, 220_800_000);

        vm.prank(tenant);
        channels.requestWithdraw(config);
        vm.warp(block.timestamp + 1 days);
        if (block.timestamp >= governor.pausedUntil()) revert("the pause is over");
        channels.finalize(config);
        assertEq(credits.balanceOf(tenant), 400e6 + 360e6, "all that was not claimed");
        assertEq(vault.totalHeld() + vault.totalOwed(), 0, "nothing is left behind");
        vm.prank(tenant);
        credits.redeem(tenant, 760e6);
        assertEq(asset.balanceOf(tenant), 760e6, "in dollars again");
    }

    /// Stakes leave too; a second pause cannot be joined to the first, so the longest thaw meets an open house.
    function test_stakesLeaveWhilePaused() public {
        _pause();
        bytes32 stakeId = escrow.stakeIdOf(tenant, "listing");
        vm.prank(operator);
        stakes.requestWithdraw(providerId, 2 ether);
        vm.prank(tenant);
        escrow.requestWithdraw(stakeId, 0.1 ether);
        vm.expectRevert(abi.encodeWithSelector(IParamGovernor.PauseCoolingDown.selector, governor.pausedUntil() + 7 days));
        governor.pause();
        vm.warp(block.timestamp + 7 days);
        uint256 before = tenant.balance;
        vm.prank(tenant);
        escrow.withdraw(stakeId, tenant);
        assertEq(tenant.balance - before, 0.1 ether, "the buyer's stake");
        before = operator.balance;
        vm.prank(operator);
        stakes.withdraw(providerId, operator);
        assertEq(operator.balance - before, 2 ether, "the provider's stake");
    }

    /// Who has lost its place as a venue can still give back what it holds: governance cannot close an exit by the back door.
    function test_aVenueThatLeavesStillPays() public {
        vm.expectRevert(abi.encodeWithSelector(ICreditToken.VenueNotRemovable.selector, address(vault)));
        credits.setVenue(address(vault), ICreditToken.Venue.None);
        credits.setVenue(address(vault), ICreditToken.Venue.Leaving);
        vm.prank(tenant);
        vm.expectRevert(abi.encodeWithSelector(ICreditToken.TransferRestricted.selector, address(vault)));
        channels.topUp(config, 1);
        test_everythingLeavesWhilePaused();
    }
}
