// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICreditToken} from "../../../src/interfaces/ICreditToken.sol";
import {IParamGovernor} from "../../../src/interfaces/IParamGovernor.sol";
import {CreditToken} from "../../../src/token/CreditToken.sol";
import {FalseAsset, FeeAsset, HookAsset} from "../../support/doubles/MoneyAssets.sol";
import {MoneyFixture} from "../../support/MoneyFixture.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

contract CreditTokenDepositTest is MoneyFixture {
    function testFuzz_mintsOneToOne(uint256 amount) public {
        amount = bound(amount, 1, type(uint128).max);
        uint256 supply = credits.totalSupply();
        asset.mint(stranger, amount);
        vm.startPrank(stranger);
        asset.approve(address(credits), amount);
        vm.expectEmit(address(credits));
        emit ICreditToken.Deposited(stranger, operator, amount, supply + amount);
        credits.deposit(operator, amount);
        vm.stopPrank();
        assertEq(credits.balanceOf(operator), amount, "credits");
        assertEq(asset.balanceOf(stranger), 0, "asset of the payer");
        assertEq(credits.reserve(), supply + amount, "reserve");
        assertEq(credits.totalSupply(), supply + amount, "supply");
    }

    function test_refusesZero() public {
        vm.expectRevert(ICreditToken.ZeroAmount.selector);
        credits.deposit(stranger, 0);
        vm.expectRevert(ICreditToken.ZeroAddress.selector);
        credits.deposit(address(0), 1);
    }

    function test_refusesWithoutAllowance() public {
        asset.mint(stranger, 5);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, address(credits), 0, 5));
        vm.prank(stranger);
        credits.deposit(stranger, 5);
    }

    /// The pause ends at the second that it names.
    function test_stopsWhilePaused() public {
        asset.mint(address(this), 5);
        asset.approve(address(credits), 5);
        governor.setPausedUntil(T0 + 1);
        vm.expectRevert(abi.encodeWithSelector(IParamGovernor.EntryPaused.selector, T0 + 1));
        credits.deposit(stranger, 5);
        vm.warp(T0 + 1);
        credits.deposit(stranger, 5);
    }

    function test_refusesAnAssetThatTakesAFee() public {
        FeeAsset other = new FeeAsset();
        CreditToken token = _tokenOf(other, 100);
        other.setFee(1);
        vm.expectRevert(abi.encodeWithSelector(ICreditToken.AssetMismatch.selector, 100, 99));
        token.deposit(stranger, 100);
        // One that adds is refused as well: the books would not say whose the surplus is.
        other.setFee(-1);
        vm.expectRevert(abi.encodeWithSelector(ICreditToken.AssetMismatch.selector, 100, 101));
        token.deposit(stranger, 100);
        other.setFee(0);
        token.deposit(stranger, 100);
    }

    function test_refusesAnAssetThatSaysFalse() public {
        FalseAsset other = new FalseAsset();
        CreditToken token = _tokenOf(other, 100);
        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(other)));
        token.deposit(stranger, 100);
    }

    function test_cannotBeEnteredAgain() public {
        HookAsset other = new HookAsset();
        CreditToken token = _tokenOf(other, 100);
        bytes[2] memory calls = [abi.encodeCall(ICreditToken.deposit, (stranger, 1)), abi.encodeCall(ICreditToken.redeem, (stranger, 1))];
        for (uint256 i = 0; i < calls.length; ++i) {
            other.arm(address(token), calls[i]);
            token.deposit(stranger, 10);
            assertTrue(!other.succeeded(), "the inner call failed");
            assertEq(other.answer(), abi.encodePacked(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector), "by the guard");
        }
        assertEq(token.totalSupply(), 20, "supply");
        assertEq(token.reserve(), 20, "reserve");
    }

    /// A gift of the asset makes no credits, and disturbs no deposit.
    function test_countsOnlyWhatItTook() public {
        asset.mint(address(credits), 77);
        uint256 supply = credits.totalSupply();
        _give(stranger, 5);
        assertEq(credits.totalSupply(), supply + 5, "supply");
        assertEq(credits.reserve(), supply + 5 + 77, "reserve");
    }

    function test_mintsToNoVenue() public {
        asset.mint(stranger, 5);
        vm.startPrank(stranger);
        asset.approve(address(credits), 5);
        vm.expectRevert(abi.encodeWithSelector(ICreditToken.TransferRestricted.selector, stranger));
        credits.deposit(address(vault), 5);
        vm.stopPrank();
    }

    function _tokenOf(IERC20 other, uint256 amount) private returns (CreditToken token) {
        token = new CreditToken(other, IParamGovernor(address(governor)), address(manager), new address[](0));
        FeeAsset(address(other)).mint(address(this), amount);
        other.approve(address(token), type(uint256).max);
    }
}
