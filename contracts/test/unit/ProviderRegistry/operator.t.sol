// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IProviderRegistry} from "../../../src/interfaces/IProviderRegistry.sol";
import {ProviderBase} from "../../support/ProviderBase.sol";

contract OperatorTest is ProviderBase {
    address private next = address(0xbeef);

    function _propose(address operator_) private {
        vm.prank(operator);
        registry.proposeOperator(id, operator_);
    }

    function test_proposes() public {
        vm.expectEmit(address(registry));
        emit IProviderRegistry.OperatorProposed(id, next, START + DELAY);
        _propose(next);
        (address who, uint64 holdsAt) = registry.pendingOperator(id);
        assertEq(who, next, "pending");
        assertEq(holdsAt, START + DELAY, "holds at");
        assertEq(registry.operatorOf(id), operator, "not yet");
    }

    function test_acceptsAtItsTime() public {
        _propose(next);
        vm.warp(START + DELAY - 1);
        vm.prank(next);
        vm.expectRevert(abi.encodeWithSelector(IProviderRegistry.TooEarly.selector, START + DELAY));
        registry.acceptOperator(id);
        vm.warp(START + DELAY);
        vm.expectEmit(address(registry));
        emit IProviderRegistry.OperatorSet(id, next);
        vm.prank(next);
        registry.acceptOperator(id);
        assertEq(registry.operatorOf(id), next, "operator");
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(IProviderRegistry.NotOperator.selector, operator, id));
        registry.retire(id);
        vm.prank(next);
        vm.expectRevert(abi.encodeWithSelector(IProviderRegistry.NothingPending.selector, id));
        registry.acceptOperator(id);
    }

    function testFuzz_onlyTheProposedAccepts(address who) public {
        vm.assume(who != next);
        _propose(next);
        vm.warp(START + DELAY);
        vm.prank(who);
        vm.expectRevert(abi.encodeWithSelector(IProviderRegistry.NothingPending.selector, id));
        registry.acceptOperator(id);
    }

    /// Where nothing is proposed the proposed address is zero; nobody is that.
    function test_nothingProposed() public {
        vm.prank(address(0));
        vm.expectRevert(abi.encodeWithSelector(IProviderRegistry.NothingPending.selector, id));
        registry.acceptOperator(id);
    }

    /// The owner of a stolen key sees the proposal for days, and takes it back.
    function test_takesItBack() public {
        _propose(next);
        vm.expectEmit(address(registry));
        emit IProviderRegistry.OperatorProposed(id, address(0), 0);
        _propose(address(0));
        vm.warp(START + DELAY);
        vm.prank(next);
        vm.expectRevert(abi.encodeWithSelector(IProviderRegistry.NothingPending.selector, id));
        registry.acceptOperator(id);
    }

    function test_cancelsThePayoutOfTheOneBefore() public {
        _propose(next);
        vm.prank(operator);
        registry.proposePayout(id, operator);
        vm.warp(START + DELAY);
        vm.expectEmit(address(registry));
        emit IProviderRegistry.PayoutCancelled(id, operator);
        vm.prank(next);
        registry.acceptOperator(id);
        vm.expectRevert(abi.encodeWithSelector(IProviderRegistry.NothingPending.selector, id));
        registry.applyPayout(id);
    }

    function test_onlyTheOperatorProposes() public {
        onlyOperator(abi.encodeCall(registry.proposeOperator, (id, next)));
    }
}
