// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISettlementTreasury} from "../../../src/interfaces/ISettlementTreasury.sol";
import {MoneyFixture} from "../../support/MoneyFixture.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

contract SettlementTreasurySetBeneficiaryTest is MoneyFixture {
    function test_setsTheReserveAndTheProtocol() public {
        bytes32[2] memory keys = [treasury.RESERVE(), treasury.PROTOCOL()];
        for (uint256 i = 0; i < keys.length; ++i) {
            vm.expectEmit(address(treasury));
            emit ISettlementTreasury.BeneficiarySet(keys[i], stranger);
            vm.prank(admin);
            treasury.setBeneficiary(keys[i], stranger);
            assertEq(treasury.payoutOf(keys[i]), stranger, "payout");
        }
    }

    /// Governance names no address for a provider's earnings, nor for the oracles'.
    function test_refusesAllOthers() public {
        bytes32[3] memory keys = [PROVIDER, treasury.ORACLES(), bytes32(0)];
        for (uint256 i = 0; i < keys.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(ISettlementTreasury.BeneficiaryUnknown.selector, keys[i]));
            vm.prank(admin);
            treasury.setBeneficiary(keys[i], stranger);
        }
    }

    function test_refusesTheZeroAddress() public {
        bytes32 reserve = treasury.RESERVE();
        vm.expectRevert(ISettlementTreasury.ZeroAddress.selector);
        vm.prank(admin);
        treasury.setBeneficiary(reserve, address(0));
    }

    function testFuzz_onlyTheGovernor(address caller) public {
        vm.assume(caller != admin && caller != address(this));
        bytes32 reserve = treasury.RESERVE();
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, caller));
        vm.prank(caller);
        treasury.setBeneficiary(reserve, caller);
    }
}
