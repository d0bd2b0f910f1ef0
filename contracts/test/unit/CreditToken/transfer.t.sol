// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICreditVenue} from "../../../src/interfaces/ICreditVenue.sol";
import {ICreditToken} from "../../../src/interfaces/ICreditToken.sol";
import {ISessionChannels} from "../../../src/interfaces/ISessionChannels.sol";
import {MoneyFixture} from "../../support/MoneyFixture.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

contract CreditTokenTransferTest is MoneyFixture {
    address private venue = named("venue");
    address private other = named("other venue");

    function setUp() public override {
        super.setUp();
        vm.startPrank(admin);
        vm.mockCall(venue, abi.encodeCall(ICreditVenue.creditVenue, ()), abi.encode(ICreditVenue.creditVenue.selector));
        vm.mockCall(other, abi.encodeCall(ICreditVenue.creditVenue, ()), abi.encode(ICreditVenue.creditVenue.selector));
        credits.setVenue(venue, ICreditToken.Venue.Open);
        credits.setVenue(other, ICreditToken.Venue.Open);
        vm.stopPrank();
        vm.startPrank(tenant);
        credits.approve(venue, type(uint256).max);
        credits.approve(stranger, type(uint256).max);
        vm.stopPrank();
    }

    function testFuzz_holdersCannotPassThemOn(address to, uint256 amount) public {
        vm.assume(to != address(0));
        amount = bound(amount, 0, credits.balanceOf(tenant));
        _refused(tenant);
        vm.prank(tenant);
        credits.transfer(to, amount);
    }

    function test_anAllowanceMakesNoMover() public {
        _refused(stranger);
        vm.prank(stranger);
        credits.transferFrom(tenant, stranger, 1);
    }

    function test_aVenueMovesWithinTheAllowance() public {
        vm.prank(venue);
        credits.transferFrom(tenant, stranger, 4);
        assertEq(credits.balanceOf(stranger), 4, "from holder to holder");
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, venue, 0, 1));
        vm.prank(venue);
        credits.transferFrom(stranger, tenant, 1);
    }

    function test_aVenueTakesAndGives() public {
        vm.startPrank(venue);
        credits.transferFrom(tenant, venue, 9);
        credits.transfer(stranger, 4);
        vm.stopPrank();
        assertEq(credits.balanceOf(venue), 5, "kept");
        assertEq(credits.balanceOf(stranger), 4, "given");
    }

    /// Else the vault's balance would not be what its books say.
    function test_nobodyPushesIntoAVenue() public {
        _refused(venue);
        vm.prank(venue);
        credits.transferFrom(tenant, address(vault), 1);
        vm.prank(venue);
        credits.transferFrom(tenant, venue, 1);
        _refused(venue);
        vm.prank(venue);
        credits.transfer(other, 1);
    }

    /// A venue that pays itself would write off what it still holds.
    function test_noVenuePaysItself() public {
        vm.startPrank(venue);
        credits.transferFrom(tenant, venue, 1);
        _refused(venue);
        credits.transfer(venue, 1);
        vm.stopPrank();
    }

    function test_aLeavingVenueOnlyGivesBack() public {
        vm.prank(venue);
        credits.transferFrom(tenant, venue, 9);
        vm.prank(admin);
        credits.setVenue(venue, ICreditToken.Venue.Leaving);
        _refused(venue);
        vm.prank(venue);
        credits.transferFrom(tenant, venue, 1);
        _refused(venue);
        vm.prank(venue);
        credits.transferFrom(tenant, stranger, 1);
        vm.prank(venue);
        credits.transfer(stranger, 9);
        assertEq(credits.balanceOf(stranger), 9, "given back");
    }

    function test_aLeavingVenueCanStillRedeem() public {
        vm.prank(venue);
        credits.transferFrom(tenant, venue, 9);
        vm.prank(admin);
        credits.setVenue(venue, ICreditToken.Venue.Leaving);
        vm.prank(venue);
        credits.redeem(stranger, 9);
        assertEq(asset.balanceOf(stranger), 9, "asset");
    }

    /// Sent away, the vault takes nothing in any more, and pays all that it holds.
    function test_aLeavingVaultPaysAll() public {
        (ISessionChannels.ChannelConfig memory config,) = _open(1000);
        _lock(config, JOB, 100);
        vm.prank(admin);
        credits.setVenue(address(vault), ICreditToken.Venue.Leaving);
        _refused(address(vault));
        vm.prank(tenant);
        channels.topUp(config, 1);
        _claimAs(_claim(config, 0, 500));
        treasury.payProvider(PROVIDER);
        treasury.payOracles();
        treasury.payBeneficiary(treasury.RESERVE());
        treasury.payBeneficiary(treasury.PROTOCOL());
        vm.warp(ENDS_AT);
        channels.finalize(config);
        vm.prank(tenant);
        channels.unlock(config, JOB);
        assertEq(credits.balanceOf(address(vault)), 0, "all is paid");
    }

    function _refused(address mover) private {
        vm.expectRevert(abi.encodeWithSelector(ICreditToken.TransferRestricted.selector, mover));
    }
}
