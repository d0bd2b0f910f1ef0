// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IParamGovernor} from "../../../src/interfaces/IParamGovernor.sol";
import {IPaymentEscrow} from "../../../src/interfaces/IPaymentEscrow.sol";
import {IStakes} from "../../../src/interfaces/IStakes.sol";
import {Params} from "../../../src/libraries/Params.sol";
import {StakesWorld} from "../../support/StakesWorld.sol";

contract StakeTest is StakesWorld {
    function testFuzz_theFirst(uint128 quota, uint128 more) public {
        quota = uint128(bound(quota, 1, 1e27));
        uint128 needed = escrow.stakeNeeded(quota);
        uint128 sent = needed + uint128(bound(more, 0, 1e27));
        vm.deal(buyer, sent);
        bytes32 stakeId = escrow.stakeIdOf(buyer, LISTING);
        assertEq(stakeId, keccak256(abi.encode(buyer, LISTING)), "id");
        vm.expectEmit(address(escrow));
        emit IStakes.Staked(stakeId, buyer, sent, sent);
        vm.expectEmit(address(escrow));
        emit IPaymentEscrow.QuotaSet(stakeId, buyer, LISTING, quota, needed, 0);
        vm.prank(buyer);
        assertEq(escrow.stake{value: sent}(LISTING, quota), stakeId, "id returned");
        IPaymentEscrow.Purchase memory purchase = escrow.purchaseOf(stakeId);
        assertEq(purchase.buyer, buyer, "buyer");
        assertEq(purchase.listingId, LISTING, "listing");
        assertEq(purchase.quotaWei, quota, "quota");
        assertEq(purchase.needed, needed, "needed");
        assertEq(purchase.upgrades, 0, "upgrades");
        assertEq(escrow.stakeOf(stakeId).amount, sent, "to the wei");
        assertEq(escrow.ownerOf(stakeId), buyer, "owner");
        assertTrue(escrow.isCovered(stakeId), "covered");
    }

    function test_theLeastIsATenthOfAnEther() public {
        assertEq(escrow.stakeNeeded(1), 0.1 ether, "least");
        vm.startPrank(buyer);
        vm.expectRevert(abi.encodeWithSelector(IPaymentEscrow.StakeTooSmall.selector, 0.1 ether - 1, 0.1 ether));
        escrow.stake{value: 0.1 ether - 1}(LISTING, 1);
        escrow.stake{value: 0.1 ether}(LISTING, 1);
    }

    function test_noParameterGoesBelowATenth() public {
        vm.expectRevert(
            abi.encodeWithSelector(IParamGovernor.ParamOutOfBounds.selector, Params.BUYER_STAKE_MIN, 0.1 ether - 1, 0.1 ether, 10 ether)
        );
        vm.prank(governing);
        governor.propose(Params.BUYER_STAKE_MIN, 0.1 ether - 1);
    }

    /// @dev At every remainder.
    function testFuzz_whatAQuotaNeedsIsRoundedUp(uint128 quota, uint256 bps) public {
        bps = bound(bps, 0, 10_000);
        _govern(Params.BUYER_STAKE_BPS, bps);
        uint256 share = (uint256(quota) * bps + 9_999) / 10_000;
        assertEq(escrow.stakeNeeded(quota), share > 0.1 ether ? share : 0.1 ether, "needed");
    }

    function test_noDoubleDeposit() public {
        vm.startPrank(buyer);
        bytes32 stakeId = escrow.stake{value: 0.1 ether}(LISTING, 1);
        vm.expectRevert(abi.encodeWithSelector(IPaymentEscrow.AlreadyStaked.selector, stakeId));
        escrow.stake{value: 0.1 ether}(LISTING, 2);
        bytes32 other = escrow.stake{value: 0.1 ether}("another listing", 1);
        assertTrue(other != stakeId, "one for each listing");
    }

    function test_notEvenWhileItThaws() public {
        vm.startPrank(buyer);
        bytes32 stakeId = escrow.stake{value: 0.1 ether}(LISTING, 1);
        escrow.requestWithdraw(stakeId, 0.1 ether);
        vm.warp(START + 7 days);
        vm.expectRevert(abi.encodeWithSelector(IPaymentEscrow.AlreadyStaked.selector, stakeId));
        escrow.stake{value: 0.1 ether}(LISTING, 1);
        escrow.withdraw(stakeId, buyer);
        escrow.stake{value: 0.1 ether}(LISTING, 7);
        IPaymentEscrow.Purchase memory purchase = escrow.purchaseOf(stakeId);
        assertEq(purchase.quotaWei, 7, "a new purchase");
        assertTrue(escrow.isCovered(stakeId), "covered");
    }

    function test_withoutQuota() public {
        vm.expectRevert(IPaymentEscrow.QuotaRequired.selector);
        vm.prank(buyer);
        escrow.stake{value: 1 ether}(LISTING, 0);
    }

    function test_whilePaused() public {
        _pause();
        bytes memory closed = abi.encodeWithSelector(IParamGovernor.EntryPaused.selector, START + 7 days);
        vm.startPrank(buyer);
        vm.expectRevert(closed);
        escrow.stake{value: 1 ether}(LISTING, 1);
        vm.expectRevert(closed);
        escrow.upgrade(LISTING, 2);
        vm.expectRevert(closed);
        escrow.replenish{value: 1}(LISTING);
    }

    function test_theStakeOfAnotherBuyerIsAnother() public {
        vm.prank(buyer);
        bytes32 stakeId = escrow.stake{value: 1 ether}(LISTING, 1);
        vm.startPrank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IStakes.NotOwner.selector, stranger, stakeId));
        escrow.requestWithdraw(stakeId, 1 ether);
        bytes32 own = escrow.stakeIdOf(stranger, LISTING);
        vm.expectRevert(abi.encodeWithSelector(IPaymentEscrow.NotStaked.selector, own));
        escrow.upgrade(LISTING, 2);
    }
}
