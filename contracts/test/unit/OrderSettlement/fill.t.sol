// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IOrderSettlement} from "../../../src/interfaces/IOrderSettlement.sol";
import {IParamGovernor} from "../../../src/interfaces/IParamGovernor.sol";
import {MarketSetup} from "./MarketSetup.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

contract FillTest is MarketSetup {
    function test_TakesAtTheLimitAndPaysTheFeeOutOfIt() public {
        setFee(30);
        IOrderSettlement.Order memory o = asking(1000, 2000);
        o.receiver = named("receiver");
        bytes32 orderHash = market.hashOf(o);
        bytes memory signature = signedBy(aliceKey, o);
        vm.expectEmit(address(market));
        emit IOrderSettlement.Filled(orderHash, alice, taker, 500, 997, 3, 500);
        vm.prank(taker);
        assertEq(market.fill(o, signature, 500, 500), 1000, "paid");
        assertEq(tokenB.balanceOf(o.receiver), 997, "to the receiver");
        assertEq(tokenB.balanceOf(house), 3, "0.3 % fee");
        assertEq(tokenB.balanceOf(taker), PLENTY - 1000, "from the taker");
        assertEq(tokenA.balanceOf(taker), PLENTY + 500, "to the taker");
        assertEq(tokenA.balanceOf(alice), PLENTY - 500, "from the maker");
        assertEq(market.soldOf(orderHash), 500, "sold");
    }

    function test_NoMoreThanIsLeftAndThenNothing() public {
        IOrderSettlement.Order memory o = asking(1000, 2000);
        assertEq(take(o, 600), 1200, "first");
        assertEq(take(o, type(uint256).max), 800, "the rest");
        bytes memory expected = abi.encodeWithSelector(IOrderSettlement.OrderFilled.selector, market.hashOf(o));
        expectFillRevert(o, signedBy(aliceKey, o), 1, expected);
    }

    function test_TakeLeastGuardsTheTaker() public {
        IOrderSettlement.Order memory o = asking(1000, 2000);
        take(o, 600);
        bytes memory signature = signedBy(aliceKey, o);
        vm.expectRevert(abi.encodeWithSelector(IOrderSettlement.SlippageExceeded.selector, 400, 401));
        vm.prank(taker);
        market.fill(o, signature, 600, 401);
        vm.prank(taker);
        market.fill(o, signature, 600, 400);
    }

    function test_FillOrKill() public {
        IOrderSettlement.Order memory o = asking(1000, 2000);
        o.partiallyFillable = false;
        bytes memory expected = abi.encodeWithSelector(IOrderSettlement.NotPartiallyFillable.selector, market.hashOf(o));
        expectFillRevert(o, signedBy(aliceKey, o), 999, expected);
        assertEq(take(o, 1000), 2000, "whole");
    }

    function test_NothingIsNoFill() public {
        IOrderSettlement.Order memory o = asking(1000, 2000);
        expectFillRevert(o, signedBy(aliceKey, o), 0, abi.encodeWithSelector(IOrderSettlement.ZeroAmount.selector));
    }

    function test_OrdersOfNothingAreRefused() public {
        bytes memory expected = abi.encodeWithSelector(IOrderSettlement.ZeroAmount.selector);
        IOrderSettlement.Order memory o = asking(0, 2000);
        expectFillRevert(o, signedBy(aliceKey, o), 1, expected);
        o = asking(1000, 0);
        expectFillRevert(o, signedBy(aliceKey, o), 1, expected);
    }

    function test_ATokenForItselfIsRefused() public {
        IOrderSettlement.Order memory o = order(alice, address(tokenA), address(tokenA), 5, 5);
        expectFillRevert(o, signedBy(aliceKey, o), 5, abi.encodeWithSelector(IOrderSettlement.NotCrossing.selector));
    }

    function test_TheLastSecond() public {
        IOrderSettlement.Order memory o = asking(1000, 2000);
        vm.warp(o.validTo);
        take(o, 1);
        vm.warp(o.validTo + 1);
        bytes memory expected = abi.encodeWithSelector(IOrderSettlement.OrderExpired.selector, market.hashOf(o), o.validTo);
        expectFillRevert(o, signedBy(aliceKey, o), 1, expected);
    }

    function test_FeeWithinWhatTheMakerSigned() public {
        IOrderSettlement.Order memory o = asking(1000, 2000);
        o.maxFeeBps = 29;
        setFee(30);
        expectFillRevert(o, signedBy(aliceKey, o), 1, abi.encodeWithSelector(IOrderSettlement.FeeAboveMax.selector, 30, 29));
        setFee(29);
        take(o, 1);
    }

    function test_StopsWhilePaused() public {
        IOrderSettlement.Order memory o = asking(1000, 2000);
        governor.setPausedUntil(NOW + 1);
        expectFillRevert(o, signedBy(aliceKey, o), 1, abi.encodeWithSelector(IParamGovernor.EntryPaused.selector, NOW + 1));
    }

    function test_OneOrderPerNonce() public {
        IOrderSettlement.Order memory first = asking(1000, 2000);
        IOrderSettlement.Order memory second = asking(1000, 2001);
        assertTrue(market.nonceOf(alice, 1) == bytes32(0), "free");
        take(second, 10);
        assertEq(market.nonceOf(alice, 1), market.hashOf(second), "taken");
        bytes memory expected = abi.encodeWithSelector(IOrderSettlement.NonceUsed.selector, alice, 1);
        expectFillRevert(first, signedBy(aliceKey, first), 10, expected);
        take(second, 10);
    }

    function test_AMakerMayTakeFromHimself() public {
        setFee(100);
        IOrderSettlement.Order memory o = asking(1000, 2000);
        bytes memory signature = signedBy(aliceKey, o);
        vm.prank(alice);
        market.fill(o, signature, 1000, 0);
        assertEq(tokenA.balanceOf(alice), PLENTY, "A as before");
        assertEq(tokenB.balanceOf(alice), PLENTY - 20, "B less the fee");
    }

    function testFuzz_NoFillIsBelowTheLimit(uint256 sellAmount, uint256 buyAmount, uint256 amount, uint16 feeBps) public {
        sellAmount = bound(sellAmount, 1, PLENTY);
        buyAmount = bound(buyAmount, 1, PLENTY);
        amount = bound(amount, 1, sellAmount);
        feeBps = uint16(bound(feeBps, 0, 100));
        setFee(feeBps);
        uint256 paid = take(asking(sellAmount, buyAmount), amount);
        assertGe(paid * sellAmount, amount * buyAmount, "at least the limit");
        assertTrue((paid - 1) * sellAmount < amount * buyAmount, "and no unit more");
        uint256 fee = paid * feeBps / 10_000;
        assertEq(tokenB.balanceOf(alice), PLENTY + paid - fee, "the maker's");
        assertEq(tokenB.balanceOf(house), fee, "the fee");
    }

    function testFuzz_ManySmallFillsPayTheMakerNoLess(uint16 sellAmount, uint16 buyAmount, uint256 seed) public {
        sellAmount = uint16(bound(sellAmount, 1, 200));
        buyAmount = uint16(bound(buyAmount, 1, type(uint16).max));
        IOrderSettlement.Order memory o = asking(sellAmount, buyAmount);
        uint256 sold = 0;
        uint256 paid = 0;
        while (sold < sellAmount) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint256 part = bound(seed, 1, sellAmount - sold);
            paid += take(o, part);
            sold += part;
            assertGe(paid, Math.ceilDiv(sold * buyAmount, sellAmount), "after every fill");
        }
    }

    function test_EveryRemainderIsTheMakers() public {
        for (uint256 x = 1; x <= 7; ++x) {
            IOrderSettlement.Order memory o = asking(7, 10);
            o.nonce = x;
            assertEq(take(o, x), (x * 10 + 6) / 7, "ceil");
        }
    }

    function test_AmountsBeyond128BitsDoNotOverflow() public {
        tokenA.mint(alice, type(uint256).max - 3 * PLENTY);
        tokenB.mint(taker, type(uint256).max - 3 * PLENTY);
        uint256 huge = type(uint256).max - 3 * PLENTY;
        assertEq(take(asking(huge, huge), huge), huge, "one for one");
        IOrderSettlement.Order memory never = asking(type(uint256).max, type(uint256).max);
        never.nonce = 2;
        assertEq(take(never, 5), 5, "a part of an amount that nobody has");
    }
}
