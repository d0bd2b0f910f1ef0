// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IParamGovernor} from "../../../src/interfaces/IParamGovernor.sol";
import {IProviderRegistry} from "../../../src/interfaces/IProviderRegistry.sol";
import {IStakes} from "../../../src/interfaces/IStakes.sol";
import {Params} from "../../../src/libraries/Params.sol";
import {StakesWorld} from "../../support/StakesWorld.sol";

contract StakeProviderTest is StakesWorld {
    function testFuzz_adds(uint128 added) public {
        added = uint128(bound(added, 1, 1e27));
        vm.deal(stranger, added);
        vm.expectEmit(address(manager));
        emit IStakes.Staked(PROVIDER, stranger, added, STAKE + added);
        vm.prank(stranger);
        manager.stakeProvider{value: added}(PROVIDER);
        _assertStake(STAKE + added, 0, 0, "added");
        assertEq(manager.ownerOf(PROVIDER), operator, "whoever paid");
        assertEq(manager.stayingOf(PROVIDER), STAKE + added, "staying");
    }

    function test_nothing() public {
        vm.expectRevert(IStakes.ZeroAmount.selector);
        vm.prank(operator);
        manager.stakeProvider(PROVIDER);
    }

    function test_forNobody() public {
        vm.expectRevert(abi.encodeWithSelector(IProviderRegistry.ProviderUnknown.selector, LISTING));
        vm.prank(operator);
        manager.stakeProvider{value: 1 ether}(LISTING);
    }

    function test_whilePaused() public {
        _pause();
        vm.expectRevert(abi.encodeWithSelector(IParamGovernor.EntryPaused.selector, START + 7 days));
        vm.prank(operator);
        manager.stakeProvider{value: 1 ether}(PROVIDER);
    }

    function test_isStakedByWhatStays() public {
        assertTrue(manager.providerStaked(PROVIDER), "10 ether");
        assertTrue(!manager.providerStaked(LISTING), "nothing");
        vm.prank(operator);
        manager.requestWithdraw(PROVIDER, 9 ether);
        assertTrue(manager.providerStaked(PROVIDER), "1 ether stays");
        vm.prank(operator);
        manager.requestWithdraw(PROVIDER, 1);
        assertTrue(!manager.providerStaked(PROVIDER), "one wei less");
        vm.prank(operator);
        manager.cancelWithdraw(PROVIDER);
        assertTrue(manager.providerStaked(PROVIDER), "it thaws no more");
        _govern(Params.PROVIDER_STAKE_MIN, 10 ether);
        assertTrue(manager.providerStaked(PROVIDER), "all of it is needed now");
        _govern(Params.PROVIDER_STAKE_MIN, 10 ether + 1);
        assertTrue(!manager.providerStaked(PROVIDER), "more is needed now");
    }

    /// Whatever is only proposed has taken nothing yet.
    function testFuzz_aProposalChangesNothing(uint128 amount) public {
        _govern(Params.PROVIDER_STAKE_MIN, STAKE);
        bytes32 slashId = _propose(uint128(bound(amount, 1, STAKE / 2)), REASON);
        assertTrue(manager.providerStaked(PROVIDER), "proposed");
        vm.warp(_now() + APPEAL);
        manager.execute(slashId);
        assertTrue(!manager.providerStaked(PROVIDER), "taken");
    }

    function test_aProvenFaultCountsAtOnce() public {
        _govern(Params.PROVIDER_STAKE_MIN, 9 ether);
        _propose(2 ether, REASON);
        assertTrue(manager.providerStaked(PROVIDER), "proposed");
        bytes32 first = _prove("fault");
        assertEq(manager.stayingOf(PROVIDER), 8 ether, "what is proven is as good as gone");
        assertTrue(!manager.providerStaked(PROVIDER), "proven");
        bytes32 second = _prove("another fault");
        vm.startPrank(arbiter);
        manager.dismiss(first);
        assertTrue(!manager.providerStaked(PROVIDER), "the other is still open");
        manager.dismiss(second);
        vm.stopPrank();
        assertTrue(manager.providerStaked(PROVIDER), "no fault is open");
    }
}
