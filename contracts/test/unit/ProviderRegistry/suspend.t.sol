// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IProviderRegistry} from "../../../src/interfaces/IProviderRegistry.sol";
import {ProviderBase} from "../../support/ProviderBase.sol";

contract SuspendTest is ProviderBase {
    uint64 private constant MAX = 30 days;

    function _refused(uint64 until, uint64 openAt) private {
        vm.prank(arbiter);
        vm.expectRevert(abi.encodeWithSelector(IProviderRegistry.SuspensionOutOfBounds.selector, until, openAt));
        registry.suspend(id, until, "reason");
    }

    function testFuzz_suspendsUntil(uint64 until) public {
        until = uint64(bound(until, START + 1, START + MAX));
        vm.expectEmit(address(registry));
        emit IProviderRegistry.Suspended(id, until, "reason");
        suspend(until);
        vm.warp(until - 1);
        assertTrue(status() == IProviderRegistry.Status.Suspended, "suspended");
        assertTrue(!registry.isActive(id) && !registry.isPayable(id), "held back");
        vm.warp(until);
        assertTrue(status() == IProviderRegistry.Status.Active, "ends by itself");
        assertTrue(registry.isActive(id) && registry.isPayable(id), "paid again");
    }

    function testFuzz_outOfBounds(uint64 until) public {
        vm.assume(until <= START || until > START + MAX);
        _refused(until, 0);
    }

    function test_notAgainFor30Days() public {
        suspend(START + MAX);
        _refused(START + MAX, START + 2 * MAX);
        vm.warp(START + 2 * MAX - 1);
        _refused(START + 2 * MAX, START + 2 * MAX);
        vm.warp(START + 2 * MAX);
        assertEq(registry.suspensionOpenAt(id), START + 2 * MAX, "open at");
        suspend(START + 3 * MAX);
    }

    function test_reinstates() public {
        suspend(START + MAX);
        vm.warp(START + 1 days);
        vm.expectEmit(address(registry));
        emit IProviderRegistry.Reinstated(id);
        vm.prank(arbiter);
        registry.reinstate(id);
        assertTrue(registry.isPayable(id), "paid again");
        _refused(START + 2 days, START + 1 days + MAX);
        vm.prank(arbiter);
        vm.expectRevert(abi.encodeWithSelector(IProviderRegistry.WrongStatus.selector, id, IProviderRegistry.Status.Active));
        registry.reinstate(id);
    }

    function test_onlyTheArbiter() public {
        address[3] memory others = [operator, registrar, payout];
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(others[i]);
            vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, others[i]));
            registry.suspend(id, START + 1, "reason");
            vm.prank(others[i]);
            vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, others[i]));
            registry.reinstate(id);
        }
    }

    function test_unknown() public {
        vm.prank(arbiter);
        vm.expectRevert(abi.encodeWithSelector(IProviderRegistry.ProviderUnknown.selector, bytes32(0)));
        registry.suspend(0, START + 1, "reason");
        vm.prank(arbiter);
        vm.expectRevert(abi.encodeWithSelector(IProviderRegistry.ProviderUnknown.selector, bytes32(0)));
        registry.reinstate(0);
    }
}
