// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICreditVault} from "../../../src/interfaces/ICreditVault.sol";
import {VaultFixture} from "../../support/VaultFixture.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

contract CreditVaultFundTest is VaultFixture {
    function testFuzz_addsUp(uint128 first, uint128 second) public {
        first = uint128(bound(first, 1, 5_000_000e6));
        second = uint128(bound(second, 1, 5_000_000e6));
        vm.expectEmit(address(vault));
        emit ICreditVault.Funded(A, tenant, first, first);
        _fund(A, first);
        vm.expectEmit(address(vault));
        emit ICreditVault.Funded(A, tenant, second, first + second);
        _fund(A, second);
        _assertAccount(A, first + second, 0);
        _assertBooks(first + second, 0);
    }

    function test_refusesZero() public {
        vm.expectRevert(ICreditVault.ZeroAmount.selector);
        _fund(A, 0);
    }

    function test_refusesWhatThePayerDoesNotHave() public {
        uint256 held = credits.balanceOf(tenant);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, tenant, held, held + 1));
        _fund(A, uint128(held + 1));
    }

    function test_refusesWithoutAllowance() public {
        vm.prank(tenant);
        credits.approve(address(vault), 4);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, address(vault), 4, 5));
        _fund(A, 5);
    }
}
