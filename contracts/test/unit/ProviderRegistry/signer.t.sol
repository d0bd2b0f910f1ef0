// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IProviderRegistry} from "../../../src/interfaces/IProviderRegistry.sol";
import {ProviderBase} from "../../support/ProviderBase.sol";

contract SignerTest is ProviderBase {
    function _certify(uint8 level) private {
        vm.prank(registrar);
        registry.certify(id, level);
    }

    function test_setsTheSigner() public {
        vm.expectEmit(address(registry));
        emit IProviderRegistry.SignerSet(id, address(0xbeef));
        vm.prank(operator);
        registry.setSigner(id, address(0xbeef));
        assertEq(registry.signerOf(id), address(0xbeef), "signer");
    }

    function test_setsTheTariff() public {
        vm.expectEmit(address(registry));
        emit IProviderRegistry.TariffSet(id, SALT);
        vm.prank(operator);
        registry.setTariff(id, SALT);
        assertEq(registry.providerOf(id).tariffId, SALT, "tariff");
    }

    /// Levels 2 and 3 were certified for the key that went.
    function testFuzz_aNewSignerIsNotCertified(uint256 level_) public {
        // forge-lint: disable-next-line(unsafe-typecast)
        uint8 level = uint8(bound(level_, 0, 3));
        _certify(level);
        if (level > 1) {
            vm.expectEmit(address(registry));
            emit IProviderRegistry.SignerSet(id, address(0xbeef));
            vm.expectEmit(address(registry));
            emit IProviderRegistry.LevelSet(id, 1);
        }
        vm.prank(operator);
        registry.setSigner(id, address(0xbeef));
        assertEq(registry.providerOf(id).level, level > 1 ? 1 : level, "level");
    }

    function testFuzz_certifies(uint8 level) public {
        if (level > 3) vm.expectRevert(abi.encodeWithSelector(IProviderRegistry.LevelUnknown.selector, level));
        else vm.expectEmit(address(registry));
        if (level <= 3) emit IProviderRegistry.LevelSet(id, level);
        _certify(level);
        if (level <= 3) assertEq(registry.providerOf(id).level, level, "level");
    }

    function testFuzz_onlyTheRegistrarCertifies(address who) public {
        vm.assume(who != registrar);
        vm.prank(who);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, who));
        registry.certify(id, 1);
    }

    function test_certifyUnknown() public {
        vm.prank(registrar);
        vm.expectRevert(abi.encodeWithSelector(IProviderRegistry.ProviderUnknown.selector, bytes32(0)));
        registry.certify(0, 1);
    }

    function test_onlyTheOperator() public {
        onlyOperator(abi.encodeCall(registry.setSigner, (id, address(0xbeef))));
        onlyOperator(abi.encodeCall(registry.setTariff, (id, "tariff")));
    }

    function test_zeroAddress() public {
        vm.prank(operator);
        vm.expectRevert(IProviderRegistry.ZeroAddress.selector);
        registry.setSigner(id, address(0));
    }
}
