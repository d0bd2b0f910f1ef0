// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISettlementTreasury} from "../../../src/interfaces/ISettlementTreasury.sol";
import {VaultFixture} from "../../support/VaultFixture.sol";

contract SettlementTreasuryPayBeneficiaryTest is VaultFixture {
    function setUp() public override {
        super.setUp();
        _fund(A, 1_000_000);
    }

    function test_paysReserveAndProtocol() public {
        _settle(A, 10_000);
        _pause();
        (bytes32 reserve, bytes32 protocol) = (treasury.RESERVE(), treasury.PROTOCOL());
        assertEq(treasury.payBeneficiary(reserve), 300, "reserve");
        assertEq(treasury.payBeneficiary(protocol), 300, "protocol");
        assertEq(credits.balanceOf(reservePayout), 300, "credits of the reserve");
        assertEq(credits.balanceOf(protocolPayout), 300, "credits of the protocol");
        vm.expectRevert(abi.encodeWithSelector(ISettlementTreasury.NothingOwed.selector, reserve));
        treasury.payBeneficiary(reserve);
        _assertBooks(990_000, 9400);
    }

    function test_refusesAllOthers() public {
        _settle(A, 10_000);
        bytes32 oracles_ = treasury.ORACLES();
        vm.expectRevert(abi.encodeWithSelector(ISettlementTreasury.BeneficiaryUnknown.selector, oracles_));
        treasury.payBeneficiary(oracles_);
        vm.expectRevert(abi.encodeWithSelector(ISettlementTreasury.BeneficiaryUnknown.selector, PROVIDER));
        treasury.payBeneficiary(PROVIDER);
    }
}
