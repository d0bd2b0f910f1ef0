// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IOrderSettlement} from "../../../src/interfaces/IOrderSettlement.sol";
import {FeeOnTransferToken, ReentrantToken, SenderFeeToken, SilentToken} from "../../support/doubles/TokensHostile.sol";
import {TokensPlain} from "../../support/doubles/TokensPlain.sol";
import {MarketSetup} from "./MarketSetup.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

contract HostileTokensTest is MarketSetup {
    function test_ATokenThatTakesAFeeIsRefusedOnEitherSide() public {
        refusedOnEitherSide(new FeeOnTransferToken(), 9, 19);
    }

    function test_ATokenThatTakesMoreFromTheSenderIsRefusedOnEitherSide() public {
        refusedOnEitherSide(new SenderFeeToken(), 11, 21);
    }

    function test_ATokenThatAnswersNothingTrades() public {
        SilentToken silent = new SilentToken();
        admit(address(silent));
        silent.mint(alice, 10);
        vm.prank(alice);
        silent.approve(address(market), 10);
        take(order(alice, address(silent), address(tokenB), 10, 20), 10);
        assertEq(silent.balanceOf(taker), 10, "delivered");
    }

    function test_ATokenThatCallsBackFindsTheDoorClosed() public {
        ReentrantToken hostile = new ReentrantToken();
        admit(address(hostile));
        equip(hostile, alice);
        IOrderSettlement.Order memory o = order(alice, address(hostile), address(tokenB), 10, 20);
        bytes memory signature = signedBy(aliceKey, o);
        hostile.arm(address(market), abi.encodeCall(market.fill, (o, signature, 10, 0)));
        vm.prank(taker);
        market.fill(o, signature, 4, 0);
        assertTrue(!hostile.succeeded(), "the call back failed");
        bytes memory expected = abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);
        assertEq(hostile.answer(), expected, "because of the guard");
        assertEq(market.soldOf(market.hashOf(o)), 4, "sold once");
        hostile.arm(address(market), abi.encodeCall(market.match_, (o, signature, o, signature)));
        vm.prank(taker);
        market.fill(o, signature, 6, 0);
        assertEq(hostile.answer(), expected, "nor by the other door");
    }

    /// A maker who cancels in the middle of a fill cancels the rest of it: what was booked before the token moved stands.
    function test_CancellingInTheMiddleIsHarmless() public {
        ReentrantToken hostile = new ReentrantToken();
        admit(address(hostile));
        equip(hostile, alice);
        IOrderSettlement.Order memory o = order(alice, address(hostile), address(tokenB), 10, 20);
        hostile.arm(address(market), abi.encodeCall(market.cancelNonce, (1)));
        take(o, 10);
        assertTrue(hostile.succeeded(), "the token voided a nonce of its own");
        assertEq(hostile.balanceOf(taker), 10, "and the fill went on");
    }

    function refusedOnEitherSide(TokensPlain hostile, uint256 moved, uint256 bought) private {
        admit(address(hostile));
        equip(hostile, alice);
        equip(hostile, taker);
        IOrderSettlement.Order memory o = order(alice, address(hostile), address(tokenB), 10, 20);
        bytes4 selector = IOrderSettlement.TokenMismatch.selector;
        expectFillRevert(o, signedBy(aliceKey, o), 10, abi.encodeWithSelector(selector, address(hostile), 10, moved));
        o = order(alice, address(tokenA), address(hostile), 10, 20);
        expectFillRevert(o, signedBy(aliceKey, o), 10, abi.encodeWithSelector(selector, address(hostile), 20, bought));
    }
}
