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
        assertEq(manager.freeOf(PROVIDER), STAKE + added, "free");
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

    function test_isStakedByWhatIsFree() public {
        assertTrue(manager.providerStaked(PROVIDER), "10 ether");
        assertTrue(!manager.providerStaked(LISTING), "nothing");
        vm.prank(operator);
        manager.requestWithdraw(PROVIDER, 9 ether);
        assertTrue(manager.providerStaked(PROVIDER), "1 ether is free");
        _propose(1, REASON);
        assertTrue(!manager.providerStaked(PROVIDER), "one wei is frozen");
        vm.prank(operator);
        manager.cancelWithdraw(PROVIDER);
        assertTrue(manager.providerStaked(PROVIDER), "it thaws no more");
        _govern(Params.PROVIDER_STAKE_MIN, 10 ether);
        assertTrue(!manager.providerStaked(PROVIDER), "more is needed now");
    }
}
