// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICreditToken} from "../../../src/interfaces/ICreditToken.sol";
import {IParamGovernor} from "../../../src/interfaces/IParamGovernor.sol";
import {CreditToken} from "../../../src/token/CreditToken.sol";
import {PlainAsset} from "../../support/doubles/MoneyAssets.sol";
import {MoneyFixture} from "../../support/MoneyFixture.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

contract CreditTokenConstructTest is MoneyFixture {
    function test_tellsWhatItIs() public view {
        assertEq(credits.decimals(), 6, "decimals");
        assertEq(address(credits.asset()), address(asset), "asset");
        assertEq(address(credits.governor()), address(governor), "governor");
        assertEq(credits.authority(), address(manager), "authority");
        assertTrue(credits.venueOf(address(vault)) == ICreditToken.Venue.Open, "the vault is a venue from the first block");
        assertTrue(credits.venueOf(stranger) == ICreditToken.Venue.None, "nobody else is");
    }

    function testFuzz_refusesOtherDecimals(uint8 decimals) public {
        vm.assume(decimals != 6);
        PlainAsset other = new PlainAsset(decimals);
        vm.expectRevert(abi.encodeWithSelector(ICreditToken.DecimalsMismatch.selector, decimals));
        _construct(other, address(governor), address(manager), new address[](0));
    }

    function test_refusesZeroAddresses() public {
        vm.expectRevert(ICreditToken.ZeroAddress.selector);
        _construct(IERC20(address(0)), address(governor), address(manager), new address[](0));
        vm.expectRevert(ICreditToken.ZeroAddress.selector);
        _construct(asset, address(0), address(manager), new address[](0));
        vm.expectRevert(ICreditToken.ZeroAddress.selector);
        _construct(asset, address(governor), address(0), new address[](0));
        vm.expectRevert(ICreditToken.ZeroAddress.selector);
        _construct(asset, address(governor), address(manager), new address[](1));
    }

    function _construct(IERC20 asset_, address governor_, address authority_, address[] memory venues) private {
        new CreditToken(asset_, IParamGovernor(governor_), authority_, venues);
    }
}
