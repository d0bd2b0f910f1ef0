// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IOrderSettlement} from "../../../src/interfaces/IOrderSettlement.sol";
import {IParamGovernor} from "../../../src/interfaces/IParamGovernor.sol";
import {TokensPlain} from "../../support/doubles/TokensPlain.sol";
import {MarketSetup} from "./MarketSetup.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

contract MatchTest is MarketSetup {
    function test_PriceIsTheRestingOrders() public {
        setFee(100);
        IOrderSettlement.Order memory ask = asking(1000, 2000);
        // Bob would pay 3 for one; he gets them for 2.
        IOrderSettlement.Order memory bid = bidding(3000, 1000);
        vm.expectEmit(address(market));
        emit IOrderSettlement.Filled(market.hashOf(ask), alice, bob, 1000, 1980, 20, 1000);
        vm.expectEmit(address(market));
        emit IOrderSettlement.Filled(market.hashOf(bid), bob, alice, 2000, 990, 10, 2000);
        (uint256 sold, uint256 bought) = cross(ask, bid);
        assertEq(sold, 1000, "sold");
        assertEq(bought, 2000, "bought");
        assertEq(tokenA.balanceOf(alice), PLENTY - 1000, "alice A");
        assertEq(tokenB.balanceOf(alice), PLENTY + 1980, "alice B");
        assertEq(tokenA.balanceOf(bob), PLENTY + 990, "bob A");
        assertEq(tokenB.balanceOf(bob), PLENTY - 2000, "bob B");
        assertEq(tokenA.balanceOf(house) + tokenB.balanceOf(house), 30, "both fees");
    }

    function test_TheOtherWayRoundTheOtherPrice() public {
        IOrderSettlement.Order memory ask = asking(1000, 2000);
        IOrderSettlement.Order memory bid = bidding(3000, 1000);
        (uint256 sold, uint256 bought) = market.match_(bid, signedBy(bobKey, bid), ask, signedBy(aliceKey, ask));
        assertEq(sold, 3000, "bob gives all");
        assertEq(bought, 1000, "for what he asked");
    }

    function test_AsFarAsBothGo() public {
        IOrderSettlement.Order memory ask = asking(1000, 2000);
        IOrderSettlement.Order memory bid = bidding(500, 250);
        (uint256 sold, uint256 bought) = cross(ask, bid);
        assertEq(sold, 250, "sold");
        assertEq(bought, 500, "bought");
        IOrderSettlement.Order memory more = bidding(5000, 2500);
        more.nonce = 2;
        (sold, bought) = cross(ask, more);
        assertEq(sold, 750, "the rest of the ask");
        assertEq(bought, 1500, "at its price");
    }

    function test_NotWhereTheLimitsDoNotMeet() public {
        IOrderSettlement.Order memory bid = bidding(1999, 1000);
        expectCrossRevert(asking(1000, 2000), bid, abi.encodeWithSelector(IOrderSettlement.NotCrossing.selector));
        bid.sellAmount = 2000;
        cross(asking(1000, 2000), bid);
    }

    function test_NotWhereThePairIsAnother() public {
        TokensPlain other = new TokensPlain();
        admit(address(other));
        IOrderSettlement.Order memory bid = bidding(2000, 1000);
        bid.buyToken = address(other);
        expectCrossRevert(asking(1000, 2000), bid, abi.encodeWithSelector(IOrderSettlement.NotCrossing.selector));
        bid = bidding(2000, 1000);
        bid.sellToken = address(other);
        expectCrossRevert(asking(1000, 2000), bid, abi.encodeWithSelector(IOrderSettlement.NotCrossing.selector));
    }

    function test_WholeOrNothingOnEitherSide() public {
        IOrderSettlement.Order memory ask = asking(1000, 2000);
        ask.partiallyFillable = false;
        bytes memory expected = abi.encodeWithSelector(IOrderSettlement.NotPartiallyFillable.selector, market.hashOf(ask));
        expectCrossRevert(ask, bidding(1999, 500), expected);
        IOrderSettlement.Order memory bid = bidding(2002, 500);
        bid.partiallyFillable = false;
        expected = abi.encodeWithSelector(IOrderSettlement.NotPartiallyFillable.selector, market.hashOf(bid));
        expectCrossRevert(asking(1000, 2000), bid, expected);
        bid.sellAmount = 2000;
        cross(ask, bid);
    }

    function test_AWholeOrderGivesThePartThatThePriceCannotDivide() public {
        IOrderSettlement.Order memory bid = bidding(10, 3);
        (uint256 sold, uint256 bought) = cross(asking(100, 300), bid);
        assertEq(sold, 3, "three at 3 each");
        assertEq(bought, 9, "and one left with bob");
        bid.nonce = 2;
        bid.partiallyFillable = false;
        (sold, bought) = cross(asking(100, 300), bid);
        assertEq(sold, 3, "three");
        assertEq(bought, 10, "for all of his ten, as he signed");
        bid.nonce = 3;
        bid.buyAmount = 4;
        expectCrossRevert(asking(100, 300), bid, abi.encodeWithSelector(IOrderSettlement.NotCrossing.selector));
    }

    function test_RoundingNeverBreaksTheIncomingLimit() public {
        // 3 for 10 is a hair above 10 / 3: one unit would cost 4 and break bob's limit, so nothing trades.
        expectCrossRevert(asking(3, 10), bidding(3, 1), abi.encodeWithSelector(IOrderSettlement.NotCrossing.selector));
        IOrderSettlement.Order memory bid = bidding(7, 2);
        (uint256 sold, uint256 bought) = cross(asking(3, 10), bid);
        assertEq(sold, 2, "two");
        assertEq(bought, 7, "for seven: 6.67 rounded up");
    }

    function test_AgainstOneself() public {
        IOrderSettlement.Order memory ask = asking(1000, 2000);
        IOrderSettlement.Order memory bid = order(alice, address(tokenB), address(tokenA), 2000, 1000);
        bytes memory signature = signedBy(aliceKey, bid);
        bytes memory askSignature = signedBy(aliceKey, ask);
        vm.expectRevert(abi.encodeWithSelector(IOrderSettlement.NonceUsed.selector, alice, 1));
        market.match_(ask, askSignature, bid, signature);
        bid.nonce = 2;
        market.match_(ask, askSignature, bid, signedBy(aliceKey, bid));
        assertEq(tokenA.balanceOf(alice), PLENTY, "A as before");
        assertEq(tokenB.balanceOf(alice), PLENTY, "B as before");
    }

    function test_AnOrderDoesNotMatchItself() public {
        IOrderSettlement.Order memory o = order(alice, address(tokenA), address(tokenA), 5, 5);
        bytes memory signature = signedBy(aliceKey, o);
        vm.expectRevert(IOrderSettlement.NotCrossing.selector);
        market.match_(o, signature, o, signature);
    }

    function test_BothMustHaveSigned() public {
        IOrderSettlement.Order memory ask = asking(1000, 2000);
        IOrderSettlement.Order memory bid = bidding(2000, 1000);
        (bytes memory asks, bytes memory bids) = (signedBy(aliceKey, ask), signedBy(bobKey, bid));
        vm.expectRevert(abi.encodeWithSelector(IOrderSettlement.BadSignature.selector, alice));
        market.match_(ask, bids, bid, bids);
        vm.expectRevert(abi.encodeWithSelector(IOrderSettlement.BadSignature.selector, bob));
        market.match_(ask, asks, bid, asks);
    }

    function test_FeeWithinWhatEachSigned() public {
        setFee(50);
        IOrderSettlement.Order memory bid = bidding(2000, 1000);
        bid.maxFeeBps = 49;
        expectCrossRevert(asking(1000, 2000), bid, abi.encodeWithSelector(IOrderSettlement.FeeAboveMax.selector, 50, 49));
    }

    function test_StopsWhilePaused() public {
        governor.setPausedUntil(NOW + 1);
        bytes memory expected = abi.encodeWithSelector(IParamGovernor.EntryPaused.selector, NOW + 1);
        expectCrossRevert(asking(1000, 2000), bidding(2000, 1000), expected);
    }

    function test_AmountsBeyond128BitsDoNotOverflow() public {
        uint256 huge = type(uint256).max - 3 * PLENTY;
        tokenA.mint(alice, huge);
        tokenB.mint(bob, huge);
        IOrderSettlement.Order memory ask = asking(huge, 1);
        (uint256 sold, uint256 bought) = cross(ask, bidding(huge, huge));
        assertEq(sold, huge, "all");
        assertEq(bought, 1, "for one");
    }

    /// Both limits hold by products that cannot be rounded, whatever the amounts; and what trades is as much as either side allows.
    function testFuzz_BothLimitsHold(uint64[4] calldata amounts, bool wholeAsk, bool wholeBid, bool small) public {
        uint256 top = small ? 40 : type(uint64).max;
        IOrderSettlement.Order memory ask = asking(bound(amounts[0], 1, top), bound(amounts[1], 1, top));
        IOrderSettlement.Order memory bid = bidding(bound(amounts[2], 1, top), bound(amounts[3], 1, top));
        (ask.partiallyFillable, bid.partiallyFillable) = (!wholeAsk, !wholeBid);
        (bytes memory asks, bytes memory bids) = (signedBy(aliceKey, ask), signedBy(bobKey, bid));
        try market.match_(ask, asks, bid, bids) returns (uint256 sold, uint256 bought) {
            assertGe(bought * ask.sellAmount, sold * ask.buyAmount, "the ask's limit");
            assertGe(sold * bid.sellAmount, bought * bid.buyAmount, "the bid's limit");
            assertLe(sold, ask.sellAmount, "no more than offered");
            assertLe(bought, bid.sellAmount, "no more than bid");
            if (wholeAsk) assertEq(sold, ask.sellAmount, "the whole ask");
            if (wholeBid) assertEq(bought, bid.sellAmount, "the whole bid");
            else assertEq(bought, Math.ceilDiv(sold * ask.buyAmount, ask.sellAmount), "the resting price");
            assertEq(tokenA.balanceOf(bob), PLENTY + sold, "bob got it");
            assertEq(tokenB.balanceOf(alice), PLENTY + bought, "alice got it");
        } catch (bytes memory reason) {
            bool whole = wholeAsk || wholeBid;
            bytes4 selector = bytes4(reason);
            assertTrue(
                selector == IOrderSettlement.NotCrossing.selector || (whole && selector == IOrderSettlement.NotPartiallyFillable.selector),
                "why"
            );
            // Where nothing must be whole, a refusal means that the price of the whole order, or of what can be afforded, is beyond the bid's limit.
            if (whole) return;
            uint256 sold = Math.min(ask.sellAmount, bid.sellAmount * ask.sellAmount / ask.buyAmount);
            uint256 cost = Math.ceilDiv(sold * ask.buyAmount, ask.sellAmount);
            assertTrue(sold == 0 || sold * bid.sellAmount < cost * bid.buyAmount, "it did not cross");
        }
    }

    function expectCrossRevert(IOrderSettlement.Order memory ask, IOrderSettlement.Order memory bid, bytes memory expected) private {
        (bytes memory asks, bytes memory bids) = (signedBy(aliceKey, ask), signedBy(bobKey, bid));
        vm.expectRevert(expected);
        market.match_(ask, asks, bid, bids);
    }
}
