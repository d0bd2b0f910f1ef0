// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IOrderSettlement} from "../../../src/interfaces/IOrderSettlement.sol";
import {MarketSetup} from "./MarketSetup.sol";

contract CancelTest is MarketSetup {
    function test_TheMakerCancelsOneOrder() public {
        IOrderSettlement.Order memory o = asking(10, 20);
        bytes32 orderHash = market.hashOf(o);
        take(o, 4);
        vm.expectEmit(address(market));
        emit IOrderSettlement.Cancelled(orderHash, alice);
        vm.prank(alice);
        market.cancel(o);
        assertTrue(market.isCancelled(orderHash), "cancelled");
        assertEq(market.soldOf(orderHash), 4, "what was sold stays told");
        expectFillRevert(o, signedBy(aliceKey, o), 1, abi.encodeWithSelector(IOrderSettlement.OrderCancelled.selector, orderHash));
    }

    function test_NobodyElseCancels() public {
        vm.expectRevert(abi.encodeWithSelector(IOrderSettlement.NotMaker.selector, bob, alice));
        vm.prank(bob);
        market.cancel(asking(10, 20));
    }

    function test_CancelledBeforeAnyFillLeavesItsNonceFree() public {
        vm.prank(alice);
        market.cancel(asking(10, 20));
        take(asking(10, 21), 10);
    }

    function test_ANonceVoidsAllItsOrdersAndOnlyTheCallers() public {
        IOrderSettlement.Order memory o = asking(10, 20);
        take(o, 4);
        vm.prank(bob);
        market.cancelNonce(1);
        take(o, 1);
        vm.expectEmit(address(market));
        emit IOrderSettlement.NonceCancelled(alice, 1);
        vm.prank(alice);
        market.cancelNonce(1);
        bytes memory expected = abi.encodeWithSelector(IOrderSettlement.NonceUsed.selector, alice, 1);
        expectFillRevert(o, signedBy(aliceKey, o), 1, expected);
        o = asking(10, 21);
        expectFillRevert(o, signedBy(aliceKey, o), 1, expected);
    }

    function test_AllNoncesBelow() public {
        IOrderSettlement.Order memory o = asking(10, 20);
        o.nonce = 4;
        take(o, 1);
        vm.expectEmit(address(market));
        emit IOrderSettlement.NoncesCancelledBelow(alice, 5);
        vm.prank(alice);
        market.cancelBelow(5);
        expectFillRevert(o, signedBy(aliceKey, o), 1, abi.encodeWithSelector(IOrderSettlement.NonceUsed.selector, alice, 4));
        o.nonce = 5;
        take(o, 1);
    }

    function testFuzz_AFloorNeverFalls(uint256 high, uint256 low) public {
        low = bound(low, 0, high);
        vm.startPrank(alice);
        market.cancelBelow(high);
        market.cancelBelow(low);
        vm.stopPrank();
        assertEq(market.nonceFloorOf(alice), high, "as high as before");
    }

    function test_CancellingGoesOnWhilePaused() public {
        governor.setPausedUntil(type(uint64).max);
        vm.startPrank(alice);
        market.cancel(asking(10, 20));
        market.cancelNonce(7);
        market.cancelBelow(9);
        vm.stopPrank();
        assertTrue(market.isCancelled(market.hashOf(asking(10, 20))), "cancelled");
        assertEq(market.nonceFloorOf(alice), 9, "floor");
    }
}
