// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IOrderSettlement} from "../../../src/interfaces/IOrderSettlement.sol";
import {IParamGovernor} from "../../../src/interfaces/IParamGovernor.sol";
import {OrderSettlement} from "../../../src/market/OrderSettlement.sol";
import {MarketSetup} from "./MarketSetup.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

contract MarketGovernTest is MarketSetup {
    function test_FeeWithinItsHardBound() public {
        vm.expectEmit(address(market));
        emit IOrderSettlement.FeeSet(100, house);
        setFee(100);
        assertEq(market.feeBps(), 100, "fee");
        assertEq(market.feeRecipient(), house, "recipient");
        vm.startPrank(council);
        vm.expectRevert(abi.encodeWithSelector(IOrderSettlement.ReceiverRefused.selector, address(market)));
        market.setFee(1, address(market));
        vm.expectRevert(abi.encodeWithSelector(IOrderSettlement.FeeAboveMax.selector, 101, 100));
        market.setFee(101, house);
        vm.expectRevert(IOrderSettlement.ZeroAddress.selector);
        market.setFee(1, address(0));
        market.setFee(0, address(0));
        vm.stopPrank();
    }

    function testFuzz_OnlyTheGovernor(address caller) public {
        vm.assume(caller != council);
        bytes memory expected = abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, caller);
        vm.startPrank(caller);
        vm.expectRevert(expected);
        market.setFee(0, house);
        vm.expectRevert(expected);
        market.admitToken(address(tokenA), false);
        vm.stopPrank();
    }

    function test_OnlyAdmittedTokensTrade() public {
        address[2] memory tokens = [address(tokenA), address(tokenB)];
        IOrderSettlement.Order memory o = asking(10, 20);
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectEmit(address(market));
            emit IOrderSettlement.TokenAdmitted(tokens[i], false);
            vm.prank(council);
            market.admitToken(tokens[i], false);
            expectFillRevert(o, signedBy(aliceKey, o), 1, abi.encodeWithSelector(IOrderSettlement.TokenNotAdmitted.selector, tokens[i]));
            admit(tokens[i]);
        }
        take(o, 1);
        vm.expectRevert(IOrderSettlement.ZeroAddress.selector);
        vm.prank(council);
        market.admitToken(address(0), true);
    }

    function test_EveryAddressIsNeeded() public {
        vm.expectRevert(IOrderSettlement.ZeroAddress.selector);
        new OrderSettlement(address(0), IParamGovernor(address(governor)));
        vm.expectRevert(IOrderSettlement.ZeroAddress.selector);
        new OrderSettlement(address(manager), IParamGovernor(address(0)));
    }
}
