// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICreditVault} from "../../../src/interfaces/ICreditVault.sol";
import {CreditVault} from "../../../src/money/CreditVault.sol";
import {MoneyFixture} from "../../support/MoneyFixture.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

contract CreditVaultConstructTest is MoneyFixture {
    function test_knowsItsModules() public view {
        assertEq(address(vault.credits()), address(credits), "credits");
        assertEq(vault.channels(), address(channels), "channels");
        assertEq(vault.treasury(), address(treasury), "treasury");
    }

    function test_refusesZeroAddresses() public {
        vm.expectRevert(ICreditVault.ZeroAddress.selector);
        new CreditVault(IERC20(address(0)), address(channels), address(treasury));
        vm.expectRevert(ICreditVault.ZeroAddress.selector);
        new CreditVault(credits, address(0), address(treasury));
        vm.expectRevert(ICreditVault.ZeroAddress.selector);
        new CreditVault(credits, address(channels), address(0));
    }

    /// Every door has one key.
    function testFuzz_onlyTheModules(address caller) public {
        vm.assume(caller != address(channels) && caller != address(treasury));
        _refusedFor(caller);
    }

    function test_noModuleUsesTheOthersDoor() public {
        bytes memory refused = abi.encodeWithSelector(ICreditVault.OnlyModule.selector, address(channels), address(treasury));
        vm.expectRevert(refused);
        vm.prank(address(channels));
        vault.payOut(PROVIDER, stranger, 1);
        refused = abi.encodeWithSelector(ICreditVault.OnlyModule.selector, address(treasury), address(channels));
        vm.expectRevert(refused);
        vm.prank(address(treasury));
        vault.release("a", stranger);
    }

    function _refusedFor(address caller) private {
        bytes memory refused = abi.encodeWithSelector(ICreditVault.OnlyModule.selector, caller, address(channels));
        vm.startPrank(caller);
        vm.expectRevert(refused);
        vault.fund("a", tenant, 1);
        vm.expectRevert(refused);
        vault.move("a", "b", 1);
        vm.expectRevert(refused);
        vault.settle(PROVIDER, new bytes32[](0), new uint128[](0));
        vm.expectRevert(refused);
        vault.release("a", caller);
        vm.expectRevert(abi.encodeWithSelector(ICreditVault.OnlyModule.selector, caller, address(treasury)));
        vault.payOut(PROVIDER, caller, 1);
        vm.stopPrank();
    }
}
