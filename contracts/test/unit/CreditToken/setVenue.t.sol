// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICreditToken} from "../../../src/interfaces/ICreditToken.sol";
import {CreditVenue} from "../../../src/token/CreditVenue.sol";
import {MoneyFixture} from "../../support/MoneyFixture.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

contract Willing is CreditVenue {}

/// As a wallet that answers everything: with the wrong word, or with too many.
contract Unwilling {
    bool private immutable LONG;

    constructor(bool long) {
        LONG = long;
    }

    fallback(bytes calldata) external returns (bytes memory) {
        return LONG ? abi.encode(bytes4(msg.sig), uint256(0)) : abi.encode(uint256(1));
    }
}

contract CreditTokenSetVenueTest is MoneyFixture {
    address private venue = address(new Willing());

    function test_setsEachState() public {
        ICreditToken.Venue[3] memory states = [ICreditToken.Venue.Open, ICreditToken.Venue.Leaving, ICreditToken.Venue.Open];
        for (uint256 i = 0; i < states.length; ++i) {
            vm.expectEmit(address(credits));
            emit ICreditToken.VenueSet(venue, states[i]);
            vm.prank(admin);
            credits.setVenue(venue, states[i]);
            assertTrue(credits.venueOf(venue) == states[i], "state");
        }
    }

    /// Else governance could lock in what the vault holds for tenants and providers.
    function test_aVenueIsNeverMadeNone() public {
        vm.expectRevert(abi.encodeWithSelector(ICreditToken.VenueNotRemovable.selector, address(vault)));
        vm.prank(admin);
        credits.setVenue(address(vault), ICreditToken.Venue.None);
    }

    /// Credits reach a venue only by itself: an account that were made one against its will could not be refunded.
    function test_nobodyIsMadeAVenueAgainstItsWill() public {
        address[4] memory unwilling = [tenant, address(this), address(new Unwilling(false)), address(new Unwilling(true))];
        for (uint256 i = 0; i < unwilling.length; ++i) {
            for (uint256 state = 1; state < 3; ++state) {
                vm.expectRevert(abi.encodeWithSelector(ICreditToken.NoVenue.selector, unwilling[i]));
                vm.prank(admin);
                credits.setVenue(unwilling[i], ICreditToken.Venue(state));
            }
        }
    }

    function testFuzz_onlyTheGovernor(address caller) public {
        vm.assume(caller != admin && caller != address(this));
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, caller));
        vm.prank(caller);
        credits.setVenue(stranger, ICreditToken.Venue.Open);
    }

    function test_refusesTheZeroAddress() public {
        vm.expectRevert(ICreditToken.ZeroAddress.selector);
        vm.prank(admin);
        credits.setVenue(address(0), ICreditToken.Venue.Open);
    }
}
