// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IOrderSettlement} from "../../src/interfaces/IOrderSettlement.sol";
import {OrderSettlement} from "../../src/market/OrderSettlement.sol";
import {Test} from "../support/Test.sol";
import {TokensPlain} from "../support/doubles/TokensPlain.sol";
import {MarketSetup} from "../unit/OrderSettlement/MarketSetup.sol";

/// @notice Makers who sign orders of all kinds, with few nonces, and anybody who fills, matches and cancels. Its books are made from balances, not from what the market says.
contract OrdersHandler is Test {
    uint256 private constant MAX = 32;
    OrderSettlement private immutable _market;
    TokensPlain[2] private _tokens;
    uint256[2] private _keys;
    address private immutable _taker;
    address private immutable _council;

    IOrderSettlement.Order[] private _orders;
    mapping(bytes32 orderHash => uint256) public gaveOf;
    mapping(bytes32 orderHash => uint256) public gotOf;
    mapping(bytes32 orderHash => bool) public voidOf;
    mapping(address maker => mapping(uint256 nonce => bytes32)) public filledAs;
    uint256 public trades;
    uint256 public matches;
    uint256 public tradesOfVoid;
    uint256 public noncesReused;
    uint256 public feesTooHigh;

    constructor(OrderSettlement market_, TokensPlain[2] memory tokens_, uint256[2] memory keys_, address taker_, address council_) {
        _market = market_;
        _tokens = tokens_;
        _keys = keys_;
        _taker = taker_;
        _council = council_;
    }

    function orderCount() external view returns (uint256) {
        return _orders.length;
    }

    function orderAt(uint256 index) external view returns (IOrderSettlement.Order memory) {
        return _orders[index];
    }

    function sign(uint256 seed, uint64 sellAmount, uint64 buyAmount, bool small) external {
        if (_orders.length == MAX) return;
        uint256 top = small ? 30 : type(uint64).max;
        uint256 side = seed % 2;
        _orders.push(
            IOrderSettlement.Order(
                vm.addr(_keys[(seed >> 1) % 2]),
                address(_tokens[side]),
                address(_tokens[1 - side]),
                bound(sellAmount, 1, top),
                bound(buyAmount, 1, top),
                // Receivers of their own, so that what an order got can be read from a balance.
                address(uint160(0x10000 + _orders.length)),
                uint64(block.timestamp + (seed >> 2) % 1000),
                (seed >> 12) % 8,
                uint16((seed >> 15) % 120),
                (seed >> 22) % 4 != 0
            )
        );
    }

    function fill(uint256 which, uint256 amount) external {
        if (_orders.length == 0) return;
        IOrderSettlement.Order memory order = _orders[which % _orders.length];
        bytes memory signature = _signature(order);
        amount = bound(amount, 1, order.sellAmount);
        uint256 before = TokensPlain(order.sellToken).balanceOf(order.maker);
        vm.prank(_taker);
        try _market.fill(order, signature, amount, 0) {
            _book(order, before - TokensPlain(order.sellToken).balanceOf(order.maker));
        } catch {}
    }

    function cross(uint256 first, uint256 second) external {
        if (_orders.length == 0) return;
        IOrderSettlement.Order memory resting = _orders[first % _orders.length];
        IOrderSettlement.Order memory incoming = _orders[second % _orders.length];
        (bytes memory restings, bytes memory incomings) = (_signature(resting), _signature(incoming));
        uint256 restingBefore = TokensPlain(resting.sellToken).balanceOf(resting.maker);
        uint256 incomingBefore = TokensPlain(incoming.sellToken).balanceOf(incoming.maker);
        try _market.match_(resting, restings, incoming, incomings) {
            _book(resting, restingBefore - TokensPlain(resting.sellToken).balanceOf(resting.maker));
            _book(incoming, incomingBefore - TokensPlain(incoming.sellToken).balanceOf(incoming.maker));
            ++matches;
        } catch {}
    }

    /// An order that crosses one that is there, so that runs do not wait for chance to make a pair.
    function answer(uint256 which, uint256 seed) external {
        if (_orders.length == 0 || _orders.length == MAX) return;
        which %= _orders.length;
        IOrderSettlement.Order memory order = _orders[which];
        (order.sellToken, order.buyToken) = (order.buyToken, order.sellToken);
        (order.sellAmount, order.buyAmount) = (order.buyAmount + seed % 7, order.sellAmount);
        order.maker = vm.addr(_keys[seed % 2]);
        order.nonce = (seed >> 1) % 8;
        order.receiver = address(uint160(0x10000 + _orders.length));
        order.partiallyFillable = (seed >> 4) % 2 == 0;
        _orders.push(order);
        this.cross(which, _orders.length - 1);
    }

    function cancel(uint256 which) external {
        if (_orders.length == 0 || which % 5 != 0) return;
        IOrderSettlement.Order memory order = _orders[which % _orders.length];
        vm.prank(order.maker);
        _market.cancel(order);
        voidOf[_market.hashOf(order)] = true;
    }

    function cancelNonces(uint256 maker, uint256 nonce, bool below) external {
        if (nonce % 7 != 0) return;
        address who = vm.addr(_keys[maker % 2]);
        nonce = (nonce >> 8) % (below ? 3 : 8);
        vm.prank(who);
        if (below) _market.cancelBelow(nonce);
        else _market.cancelNonce(nonce);
        for (uint256 i = 0; i < _orders.length; ++i) {
            IOrderSettlement.Order memory order = _orders[i];
            if (order.maker == who && (below ? order.nonce < nonce : order.nonce == nonce)) voidOf[_market.hashOf(order)] = true;
        }
    }

    function setFee(uint16 feeBps) external {
        vm.prank(_council);
        _market.setFee(uint16(bound(feeBps, 0, 100)), address(0xfee));
    }

    function passTime(uint256 time) external {
        vm.warp(block.timestamp + bound(time, 1, 60));
    }

    function _book(IOrderSettlement.Order memory order, uint256 gave) private {
        bytes32 hash = _market.hashOf(order);
        if (voidOf[hash] || block.timestamp > order.validTo) ++tradesOfVoid;
        if (_market.feeBps() > order.maxFeeBps) ++feesTooHigh;
        bytes32 filled = filledAs[order.maker][order.nonce];
        if (filled != bytes32(0) && filled != hash) ++noncesReused;
        filledAs[order.maker][order.nonce] = hash;
        gaveOf[hash] += gave;
        gotOf[hash] = TokensPlain(order.buyToken).balanceOf(order.receiver);
        ++trades;
    }

    function _signature(IOrderSettlement.Order memory order) private view returns (bytes memory) {
        return signed(order.maker == vm.addr(_keys[0]) ? _keys[0] : _keys[1], _market.digestOf(order));
    }
}

contract OrdersInvariant is MarketSetup {
    OrdersHandler private _handler;

    function setUp() public override {
        super.setUp();
        _handler = new OrdersHandler(market, [tokenA, tokenB], [aliceKey, bobKey], taker, council);
        _targetContract(address(_handler));
    }

    function invariant_AMakersLimitIsNeverViolated() public view {
        for (uint256 i = 0; i < _handler.orderCount(); ++i) {
            IOrderSettlement.Order memory o = _handler.orderAt(i);
            bytes32 hash = market.hashOf(o);
            uint256 gave = _handler.gaveOf(hash);
            assertEq(market.soldOf(hash), gave, "sold is what left the maker");
            assertLe(gave, o.sellAmount, "no more than offered");
            if (!o.partiallyFillable) assertTrue(gave == 0 || gave == o.sellAmount, "whole or nothing");
            // What came in is after the fee: never less than the limit less the most that the maker signed for.
            uint256 got = _handler.gotOf(hash);
            uint256 least = gave * o.buyAmount;
            assertGe(got * o.sellAmount * 10_000, least * (10_000 - (o.maxFeeBps > 100 ? 100 : o.maxFeeBps)), "the limit less the fee");
        }
    }

    function invariant_NothingVoidTradesAndNoNonceTwice() public view {
        assertEq(_handler.tradesOfVoid(), 0, "cancelled or expired");
        assertEq(_handler.noncesReused(), 0, "nonces");
        assertEq(_handler.feesTooHigh(), 0, "fees");
    }

    function invariant_TheMarketHoldsNothing() public view {
        assertEq(tokenA.balanceOf(address(market)) + tokenB.balanceOf(address(market)), 0, "holds");
    }

    function test_TheHandlerTradesAndMatches() public {
        for (uint256 i = 0; i < 200; ++i) {
            uint256 seed = uint256(keccak256(abi.encode(i)));
            _handler.sign(seed, uint64(seed >> 64), uint64(seed >> 128), i % 2 == 0);
            _handler.fill(seed >> 3, seed >> 9);
            if (i % 2 == 0) _handler.answer(seed >> 5, seed >> 7);
            _handler.cross(seed >> 11, seed >> 13);
        }
        assertGe(_handler.trades(), 20, "trades");
        assertGe(_handler.matches(), 3, "matches");
        invariant_AMakersLimitIsNeverViolated();
    }
}
