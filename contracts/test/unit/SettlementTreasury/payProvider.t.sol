// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICreditVault} from "../../../src/interfaces/ICreditVault.sol";
import {ISettlementTreasury} from "../../../src/interfaces/ISettlementTreasury.sol";
import {VaultFixture} from "../../support/VaultFixture.sol";

contract SettlementTreasuryPayProviderTest is VaultFixture {
    function setUp() public override {
        super.setUp();
        _fund(A, 1_000_000);
    }

    function test_paysAllToItsAddress() public {
        _settle(A, 10_000);
        _pause();
        vm.expectEmit(address(vault));
        emit ICreditVault.PaidOut(PROVIDER, payout, 9200, 0);
        vm.prank(stranger);
        assertEq(treasury.payProvider(PROVIDER), 9200, "amount");
        assertEq(credits.balanceOf(payout), 9200, "credits");
        vm.expectRevert(abi.encodeWithSelector(ISettlementTreasury.NothingOwed.selector, PROVIDER));
        treasury.payProvider(PROVIDER);
    }

    /// What is not payable waits, and is there when it is.
    function test_waitsWhileNotPayable() public {
        _settle(A, 10_000);
        registry.setActive(PROVIDER, true, false);
        vm.expectRevert(abi.encodeWithSelector(ISettlementTreasury.ProviderNotPayable.selector, PROVIDER));
        treasury.payProvider(PROVIDER);
        registry.setActive(PROVIDER, false, true);
        assertEq(treasury.payProvider(PROVIDER), 9200, "a retired provider is paid");
    }

    function test_paysNoShareOfOthers() public {
        _settle(A, 10_000);
        bytes32 reserve = treasury.RESERVE();
        vm.expectRevert(abi.encodeWithSelector(ISettlementTreasury.ProviderNotPayable.selector, reserve));
        treasury.payProvider(reserve);
    }
}
