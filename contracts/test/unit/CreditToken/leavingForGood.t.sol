// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICreditToken} from "../../../src/interfaces/ICreditToken.sol";
import {ISessionChannels} from "../../../src/interfaces/ISessionChannels.sol";
import {MoneyFixture} from "../../support/MoneyFixture.sol";

contract LeavingForGoodTest is MoneyFixture {
    /// Not in two steps either: a vault that were none could pay nobody.
    function test_aLeavingVenueIsNotMadeNone() public {
        vm.startPrank(admin);
        credits.setVenue(address(vault), ICreditToken.Venue.Leaving);
        vm.expectRevert(abi.encodeWithSelector(ICreditToken.VenueNotRemovable.selector, address(vault)));
        credits.setVenue(address(vault), ICreditToken.Venue.None);
        vm.stopPrank();
    }

    /// A claim that moves nothing says nothing: also where it asks for more than was ever there.
    function test_aSecondClaimAboveTheDepositSaysNothing() public {
        (ISessionChannels.ChannelConfig memory config, bytes32 id) = _open(100);
        _claimAs(_claim(config, 0, 150));
        bytes32[] memory ids = new bytes32[](1);
        uint128[] memory totals = new uint128[](1);
        (ids[0], totals[0]) = (id, 150);
        vm.prank(address(channels));
        (uint128 amount, uint128[] memory reached) = vault.settle(PROVIDER, ids, totals);
        assertEq(amount, 0, "nothing");
        assertEq(reached[0], 0, "and nothing said");
    }
}
