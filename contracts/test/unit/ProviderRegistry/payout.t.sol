// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IProviderRegistry} from "../../../src/interfaces/IProviderRegistry.sol";
import {Params} from "../../../src/libraries/Params.sol";
import {ProviderBase} from "../../support/ProviderBase.sol";

contract PayoutTest is ProviderBase {
    address private next = address(0xbeef);

    function _propose(address payout_) private {
        vm.prank(operator);
        registry.proposePayout(id, payout_);
    }

    function test_proposes() public {
        vm.expectEmit(address(registry));
        emit IProviderRegistry.PayoutProposed(id, next, START + DELAY);
        _propose(next);
        (address who, uint64 holdsAt) = registry.pendingPayout(id);
        assertEq(who, next, "pending");
        assertEq(holdsAt, START + DELAY, "holds at");
        assertEq(registry.payoutOf(id), payout, "not yet");
    }

    function test_appliesAtItsTimeByAnyone() public {
        _propose(next);
        vm.warp(START + DELAY - 1);
        vm.expectRevert(abi.encodeWithSelector(IProviderRegistry.TooEarly.selector, START + DELAY));
        registry.applyPayout(id);
        vm.warp(START + DELAY);
        vm.expectEmit(address(registry));
        emit IProviderRegistry.PayoutSet(id, next);
        vm.prank(address(0xcafe));
        registry.applyPayout(id);
        assertEq(registry.payoutOf(id), next, "payout");
        vm.expectRevert(abi.encodeWithSelector(IProviderRegistry.NothingPending.selector, id));
        registry.applyPayout(id);
    }

    function test_delayIsThatOfTheProposal() public {
        _propose(next);
        params.set(Params.PAYOUT_DELAY, 30 days);
        vm.warp(START + DELAY);
        registry.applyPayout(id);
        assertEq(registry.payoutOf(id), next, "payout");
    }

    function test_aShorterDelayDoesNotHurryIt() public {
        _propose(next);
        params.set(Params.PAYOUT_DELAY, 1);
        vm.warp(START + DELAY - 1);
        vm.expectRevert(abi.encodeWithSelector(IProviderRegistry.TooEarly.selector, START + DELAY));
        registry.applyPayout(id);
    }

    function test_aNewProposalStartsAnew() public {
        _propose(next);
        vm.warp(START + DELAY - 1);
        _propose(address(0xf00d));
        vm.warp(START + DELAY);
        vm.expectRevert(abi.encodeWithSelector(IProviderRegistry.TooEarly.selector, START + 2 * DELAY - 1));
        registry.applyPayout(id);
    }

    function test_cancels() public {
        _propose(next);
        vm.expectEmit(address(registry));
        emit IProviderRegistry.PayoutCancelled(id, next);
        vm.prank(operator);
        registry.cancelPayout(id);
        vm.warp(START + DELAY);
        vm.expectRevert(abi.encodeWithSelector(IProviderRegistry.NothingPending.selector, id));
        registry.applyPayout(id);
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(IProviderRegistry.NothingPending.selector, id));
        registry.cancelPayout(id);
    }

    function test_onlyTheOperator() public {
        onlyOperator(abi.encodeCall(registry.proposePayout, (id, next)));
        _propose(next);
        onlyOperator(abi.encodeCall(registry.cancelPayout, (id)));
    }

    function test_zeroAddress() public {
        vm.prank(operator);
        vm.expectRevert(IProviderRegistry.ZeroAddress.selector);
        registry.proposePayout(id, address(0));
    }

    /// What was earned must reach a provider that left, or that is held back, once it is paid again.
    function test_alsoWhenRetiredOrSuspended() public {
        suspend(START + 1 days);
        retire();
        _propose(next);
        vm.warp(START + DELAY);
        registry.applyPayout(id);
        assertEq(registry.payoutOf(id), next, "payout");
    }
}
