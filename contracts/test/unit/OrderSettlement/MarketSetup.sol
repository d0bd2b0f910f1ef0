// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IOrderSettlement} from "../../../src/interfaces/IOrderSettlement.sol";
import {IParamGovernor} from "../../../src/interfaces/IParamGovernor.sol";
import {Roles} from "../../../src/libraries/Roles.sol";
import {OrderSettlement} from "../../../src/market/OrderSettlement.sol";
import {Test} from "../../support/Test.sol";
import {TokensGovernorDouble} from "../../support/doubles/TokensGovernorDouble.sol";
import {TokensPlain} from "../../support/doubles/TokensPlain.sol";
import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

/// @notice A market of two admitted tokens, with two makers and a taker who hold plenty of both and allow the market all of it.
abstract contract MarketSetup is Test {
    uint256 internal constant PLENTY = type(uint128).max;
    uint64 internal constant NOW = 1_800_000_000;

    AccessManager internal manager = new AccessManager(address(this));
    TokensGovernorDouble internal governor = new TokensGovernorDouble();
    TokensPlain internal tokenA = new TokensPlain();
    TokensPlain internal tokenB = new TokensPlain();
    OrderSettlement internal market;
    address internal alice;
    address internal bob;
    address internal taker;
    address internal council;
    address internal house;
    uint256 internal aliceKey;
    uint256 internal bobKey;

    function setUp() public virtual {
        vm.warp(NOW);
        (alice, aliceKey) = account("alice");
        (bob, bobKey) = account("bob");
        taker = named("taker");
        council = named("council");
        house = named("house");
        market = new OrderSettlement(address(manager), IParamGovernor(address(governor)));
        bytes4[] memory governed = new bytes4[](2);
        governed[0] = IOrderSettlement.setFee.selector;
        governed[1] = IOrderSettlement.admitToken.selector;
        manager.setTargetFunctionRole(address(market), governed, Roles.GOVERNOR);
        manager.grantRole(Roles.GOVERNOR, council, 0);
        admit(address(tokenA));
        admit(address(tokenB));
        address[3] memory people = [alice, bob, taker];
        for (uint256 i = 0; i < 3; ++i) {
            equip(tokenA, people[i]);
            equip(tokenB, people[i]);
        }
    }

    function equip(TokensPlain token, address who) internal {
        token.mint(who, PLENTY);
        vm.prank(who);
        token.approve(address(market), type(uint256).max);
    }

    function admit(address token) internal {
        vm.prank(council);
        market.admitToken(token, true);
    }

    function setFee(uint16 feeBps) internal {
        vm.prank(council);
        market.setFee(feeBps, house);
    }

    /// Alice sells A for B.
    function asking(uint256 sellAmount, uint256 buyAmount) internal view returns (IOrderSettlement.Order memory) {
        return order(alice, address(tokenA), address(tokenB), sellAmount, buyAmount);
    }

    /// Bob sells B for A.
    function bidding(uint256 sellAmount, uint256 buyAmount) internal view returns (IOrderSettlement.Order memory) {
        return order(bob, address(tokenB), address(tokenA), sellAmount, buyAmount);
    }

    function order(address maker, address sellToken, address buyToken, uint256 sellAmount, uint256 buyAmount)
        internal
        pure
        returns (IOrderSettlement.Order memory)
    {
        return IOrderSettlement.Order(maker, sellToken, buyToken, sellAmount, buyAmount, address(0), NOW + 60, 1, 100, true);
    }

    function signedBy(uint256 key, IOrderSettlement.Order memory o) internal view returns (bytes memory) {
        return signed(key, market.digestOf(o));
    }

    function take(IOrderSettlement.Order memory o, uint256 amount) internal returns (uint256) {
        bytes memory signature = signedBy(aliceKey, o);
        vm.prank(taker);
        return market.fill(o, signature, amount, 0);
    }

    function cross(IOrderSettlement.Order memory ask, IOrderSettlement.Order memory bid) internal returns (uint256, uint256) {
        return market.match_(ask, signedBy(aliceKey, ask), bid, signedBy(bobKey, bid));
    }

    function expectFillRevert(IOrderSettlement.Order memory o, bytes memory signature, uint256 amount, bytes memory expected) internal {
        vm.expectRevert(expected);
        vm.prank(taker);
        market.fill(o, signature, amount, 0);
    }
}
