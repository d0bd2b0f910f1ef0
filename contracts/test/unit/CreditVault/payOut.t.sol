// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICreditToken} from "../../../src/interfaces/ICreditToken.sol";
import {ICreditVault} from "../../../src/interfaces/ICreditVault.sol";
import {VaultFixture} from "../../support/VaultFixture.sol";

contract CreditVaultPayOutTest is VaultFixture {
    function setUp() public override {
        super.setUp();
        _fund(A, 10_000);
        _settle(A, 10_000);
    }

    function testFuzz_paysInParts(uint128 amount) public {
        amount = uint128(bound(amount, 1, 9200));
        vm.expectEmit(address(vault));
        emit ICreditVault.PaidOut(PROVIDER, stranger, amount, 9200 - amount);
        _payOut(stranger, amount);
        assertEq(credits.balanceOf(stranger), amount, "credits");
        assertEq(vault.owedTo(PROVIDER), 9200 - amount, "left");
        _assertBooks(0, 10_000 - amount);
    }

    function test_refusesMoreThanIsOwed() public {
        vm.expectRevert(abi.encodeWithSelector(ICreditVault.Insufficient.selector, PROVIDER, 9201, 9200));
        _payOut(stranger, 9201);
        _payOut(stranger, 9200);
        vm.expectRevert(abi.encodeWithSelector(ICreditVault.Insufficient.selector, PROVIDER, 1, 0));
        _payOut(stranger, 1);
    }

    function test_refusesZero() public {
        vm.expectRevert(ICreditVault.ZeroAmount.selector);
        _payOut(stranger, 0);
        vm.expectRevert(ICreditVault.ZeroAddress.selector);
        _payOut(address(0), 1);
    }

    /// A payout to the vault would leave credits in it that nobody owns: the books stay as they were.
    function test_neverPaysItself() public {
        vm.expectRevert(abi.encodeWithSelector(ICreditToken.TransferRestricted.selector, address(vault)));
        _payOut(address(vault), 1);
        _assertBooks(0, 10_000);
    }

    function _payOut(address to, uint128 amount) private {
        vm.prank(address(treasury));
        vault.payOut(PROVIDER, to, amount);
    }
}
