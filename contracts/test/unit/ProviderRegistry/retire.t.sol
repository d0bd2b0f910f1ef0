// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IProviderRegistry} from "../../../src/interfaces/IProviderRegistry.sol";
import {ProviderBase} from "../../support/ProviderBase.sol";

contract RetireTest is ProviderBase {
    function test_retires() public {
        vm.expectEmit(address(registry));
        emit IProviderRegistry.Retired(id);
        retire();
        assertTrue(status() == IProviderRegistry.Status.Retired, "retired");
        assertTrue(!registry.isActive(id), "no new channels");
        assertTrue(registry.isPayable(id), "paid");
    }

    function test_paidWithoutAStake() public {
        retire();
        stakes.stakeProvider(id, false);
        assertTrue(registry.isPayable(id), "what it earned is its own");
    }

    function test_activeButNotStaked() public {
        stakes.stakeProvider(id, false);
        assertTrue(!registry.isActive(id) && !registry.isPayable(id), "neither");
    }

    function test_once() public {
        retire();
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(IProviderRegistry.WrongStatus.selector, id, IProviderRegistry.Status.Retired));
        registry.retire(id);
    }

    /// Retiring is no way out of a suspension, nor a suspension a lock for good.
    function test_suspensionSurvives() public {
        suspend(START + 30 days);
        retire();
        vm.warp(START + 30 days - 1);
        assertTrue(!registry.isPayable(id), "held back");
        vm.warp(START + 30 days);
        assertTrue(registry.isPayable(id), "paid");
        assertTrue(status() == IProviderRegistry.Status.Retired, "retired");
    }

    function test_suspendedAfterRetiring() public {
        retire();
        suspend(START + 1 days);
        assertTrue(status() == IProviderRegistry.Status.Retired, "still retired");
        assertTrue(!registry.isPayable(id), "held back");
    }

    function test_isAnExit() public {
        params.close(true);
        retire();
    }

    function test_onlyTheOperator() public {
        onlyOperator(abi.encodeCall(registry.retire, (id)));
    }
}
