// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IParamGovernor} from "../../../src/interfaces/IParamGovernor.sol";
import {IProviderRegistry} from "../../../src/interfaces/IProviderRegistry.sol";
import {IStakeManager} from "../../../src/interfaces/IStakeManager.sol";
import {ProviderRegistry} from "../../../src/providers/ProviderRegistry.sol";
import {ProviderBase} from "../../support/ProviderBase.sol";

contract RegisterTest is ProviderBase {
    function testFuzz_registers(address who, bytes32 salt, address payout_, address signer_, bytes32 tariff) public {
        vm.assume(payout_ != address(0) && signer_ != address(0) && who != operator);
        bytes32 expected = keccak256(abi.encode(block.chainid, address(registry), who, salt));
        vm.expectEmit(address(registry));
        emit IProviderRegistry.Registered(expected, who, payout_, signer_, tariff);
        vm.prank(who);
        assertEq(registry.register(salt, payout_, signer_, tariff), expected, "id");
        assertEq(registry.idOf(who, salt), expected, "idOf");
        IProviderRegistry.Provider memory provider = registry.providerOf(expected);
        IProviderRegistry.Provider memory wanted =
            IProviderRegistry.Provider(who, 0, IProviderRegistry.Status.Active, 0, payout_, signer_, tariff);
        assertEq(abi.encode(provider), abi.encode(wanted), "record");
        assertEq(registry.operatorOf(expected), who, "operator");
        assertEq(registry.payoutOf(expected), payout_, "payout");
        assertEq(registry.signerOf(expected), signer_, "signer");
    }

    function test_onceOnly() public {
        vm.startPrank(operator);
        vm.expectRevert(abi.encodeWithSelector(IProviderRegistry.AlreadyRegistered.selector, id));
        registry.register(SALT, payout, signer, TARIFF);
        registry.retire(id);
        vm.expectRevert(abi.encodeWithSelector(IProviderRegistry.AlreadyRegistered.selector, id));
        registry.register(SALT, payout, signer, TARIFF);
        vm.stopPrank();
    }

    /// Ids are bound to the operator: the same salt of another is another id.
    function test_nobodyTakesAnIdBeforeItsOwner() public {
        vm.prank(arbiter);
        assertTrue(registry.register(SALT, payout, signer, TARIFF) != id, "another id");
        assertEq(registry.operatorOf(id), operator, "as it was");
    }

    function test_isAnEntry() public {
        params.close(true);
        vm.expectRevert(abi.encodeWithSelector(IParamGovernor.EntryPaused.selector, uint64(1)));
        registry.register(SALT, payout, signer, TARIFF);
    }

    function test_zeroAddresses() public {
        vm.expectRevert(IProviderRegistry.ZeroAddress.selector);
        registry.register(SALT, address(0), signer, TARIFF);
        vm.expectRevert(IProviderRegistry.ZeroAddress.selector);
        registry.register(SALT, payout, address(0), TARIFF);
    }

    function test_constructorRefusesZero() public {
        IParamGovernor g = IParamGovernor(address(params));
        IStakeManager s = IStakeManager(address(stakes));
        vm.expectRevert(IProviderRegistry.ZeroAddress.selector);
        new ProviderRegistry(address(0), g, s);
        vm.expectRevert(IProviderRegistry.ZeroAddress.selector);
        new ProviderRegistry(address(manager), IParamGovernor(address(0)), s);
        vm.expectRevert(IProviderRegistry.ZeroAddress.selector);
        new ProviderRegistry(address(manager), g, IStakeManager(address(0)));
    }

    function testFuzz_unknown(bytes32 other) public {
        vm.assume(other != id);
        bytes memory unknown = abi.encodeWithSelector(IProviderRegistry.ProviderUnknown.selector, other);
        vm.expectRevert(unknown);
        registry.providerOf(other);
        vm.expectRevert(unknown);
        registry.operatorOf(other);
        vm.expectRevert(unknown);
        registry.payoutOf(other);
        vm.expectRevert(unknown);
        registry.signerOf(other);
        vm.expectRevert(unknown);
        registry.retire(other);
        stakes.stakeProvider(other, true);
        assertTrue(!registry.isActive(other) && !registry.isPayable(other), "nobody is neither active nor paid");
    }
}
