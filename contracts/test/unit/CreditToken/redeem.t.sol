// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICreditToken} from "../../../src/interfaces/ICreditToken.sol";
import {IParamGovernor} from "../../../src/interfaces/IParamGovernor.sol";
import {CreditToken} from "../../../src/token/CreditToken.sol";
import {HookAsset} from "../../support/doubles/MoneyAssets.sol";
import {MoneyFixture} from "../../support/MoneyFixture.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

contract CreditTokenRedeemTest is MoneyFixture {
    function testFuzz_paysOneToOneWhilePaused(uint256 amount) public {
        uint256 supply = credits.totalSupply();
        amount = bound(amount, 1, supply);
        _pause();
        vm.expectEmit(address(credits));
        emit ICreditToken.Redeemed(tenant, stranger, amount, supply - amount);
        vm.prank(tenant);
        credits.redeem(stranger, amount);
        assertEq(asset.balanceOf(stranger), amount, "asset");
        assertEq(credits.balanceOf(tenant), supply - amount, "credits left");
        assertEq(credits.totalSupply(), supply - amount, "supply");
        assertEq(credits.reserve(), supply - amount, "reserve");
    }

    function test_refusesZero() public {
        vm.expectRevert(ICreditToken.ZeroAmount.selector);
        credits.redeem(stranger, 0);
        vm.expectRevert(ICreditToken.ZeroAddress.selector);
        credits.redeem(address(0), 1);
    }

    function test_refusesMoreThanTheCallerHas() public {
        uint256 held = credits.balanceOf(tenant);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, tenant, held, held + 1));
        vm.prank(tenant);
        credits.redeem(tenant, held + 1);
    }

    /// An allowance is for transfers by a venue; nobody redeems what is another's.
    function test_redeemsOnlyTheCallers() public {
        vm.prank(tenant);
        credits.approve(stranger, 5);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, stranger, 0, 5));
        vm.prank(stranger);
        credits.redeem(stranger, 5);
    }

    function test_cannotBeEnteredAgain() public {
        HookAsset other = new HookAsset();
        CreditToken token = new CreditToken(other, IParamGovernor(address(governor)), address(manager), new address[](0));
        other.mint(address(this), 100);
        other.approve(address(token), 100);
        token.deposit(address(this), 100);
        token.redeem(stranger, 10);
        other.arm(address(token), abi.encodeCall(ICreditToken.redeem, (stranger, 1)));
        token.redeem(stranger, 10);
        assertTrue(!other.succeeded(), "the inner call failed");
        assertEq(other.answer(), abi.encodePacked(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector), "by the guard");
        assertEq(token.totalSupply(), 80, "supply");
        assertEq(other.balanceOf(address(token)), 80, "reserve");
    }
}
