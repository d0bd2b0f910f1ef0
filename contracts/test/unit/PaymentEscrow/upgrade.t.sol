// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPaymentEscrow} from "../../../src/interfaces/IPaymentEscrow.sol";
import {IStakes} from "../../../src/interfaces/IStakes.sol";
import {Params} from "../../../src/libraries/Params.sol";
import {StakesWorld} from "../../support/StakesWorld.sol";

contract UpgradeTest is StakesWorld {
    bytes32 private _stakeId;

    function setUp() public override {
        super.setUp();
        vm.prank(buyer);
        _stakeId = escrow.stake{value: 0.1 ether}(LISTING, 0.5 ether);
    }

    function test_withoutDepositWhileItCovers() public {
        vm.expectEmit(address(escrow));
        emit IPaymentEscrow.QuotaSet(_stakeId, buyer, LISTING, 1 ether, 0.1 ether, 1);
        vm.prank(buyer);
        escrow.upgrade(LISTING, 1 ether);
        assertEq(escrow.stakeOf(_stakeId).amount, 0.1 ether, "the same stake");
        assertEq(escrow.purchaseOf(_stakeId).upgrades, 1, "counted");
    }

    function test_noDepositThatIsNotNeeded() public {
        vm.expectRevert(abi.encodeWithSelector(IPaymentEscrow.SentTooMuch.selector, 1, 0));
        vm.prank(buyer);
        escrow.upgrade{value: 1}(LISTING, 1 ether);
    }

    function testFuzz_exactTopUpBeyond(uint128 quota) public {
        quota = uint128(bound(quota, 1 ether + 1, 1e27));
        vm.deal(buyer, 1e27);
        uint128 lacking = escrow.topUpNeeded(_stakeId, quota);
        uint256 share = (uint256(quota) + 9) / 10;
        assertEq(lacking, share - 0.1 ether, "lacking");
        vm.startPrank(buyer);
        vm.expectRevert(abi.encodeWithSelector(IPaymentEscrow.StakeTooSmall.selector, share - 1, share));
        escrow.upgrade{value: lacking - 1}(LISTING, quota);
        vm.expectRevert(abi.encodeWithSelector(IPaymentEscrow.SentTooMuch.selector, lacking + 1, lacking));
        escrow.upgrade{value: lacking + 1}(LISTING, quota);
        vm.expectEmit(address(escrow));
        emit IStakes.Staked(_stakeId, buyer, lacking, uint128(share));
        escrow.upgrade{value: lacking}(LISTING, quota);
        assertEq(escrow.stakeOf(_stakeId).amount, share, "exactly what it needs");
        assertTrue(escrow.isCovered(_stakeId), "covered");
    }

    function test_mustRaise() public {
        vm.startPrank(buyer);
        vm.expectRevert(abi.encodeWithSelector(IPaymentEscrow.QuotaNotRaised.selector, 0.5 ether, 0.5 ether));
        escrow.upgrade(LISTING, 0.5 ether);
        vm.expectRevert(abi.encodeWithSelector(IPaymentEscrow.QuotaNotRaised.selector, 1, 0.5 ether));
        escrow.upgrade(LISTING, 1);
    }

    function test_withoutStake() public {
        bytes32 none = escrow.stakeIdOf(stranger, LISTING);
        vm.expectRevert(abi.encodeWithSelector(IPaymentEscrow.NotStaked.selector, none));
        vm.prank(stranger);
        escrow.upgrade{value: 1 ether}(LISTING, 10 ether);
    }

    function test_afterEverythingWasWithdrawn() public {
        vm.startPrank(buyer);
        escrow.requestWithdraw(_stakeId, 0.1 ether);
        vm.warp(START + 7 days);
        escrow.withdraw(_stakeId, buyer);
        vm.expectRevert(abi.encodeWithSelector(IPaymentEscrow.NotStaked.selector, _stakeId));
        escrow.upgrade(LISTING, 1 ether);
        vm.expectRevert(abi.encodeWithSelector(IPaymentEscrow.NotStaked.selector, _stakeId));
        escrow.replenish{value: 0.1 ether}(LISTING);
    }

    function test_whatThawsDoesNotCoverAndWhatIsProposedDoes() public {
        vm.prank(buyer);
        escrow.requestWithdraw(_stakeId, 0.02 ether);
        vm.prank(proposer);
        escrow.proposeSlash(_stakeId, 0.03 ether, REASON);
        vm.startPrank(buyer);
        vm.expectRevert(abi.encodeWithSelector(IPaymentEscrow.StakeTooSmall.selector, 0.08 ether, 0.1 ether));
        escrow.upgrade(LISTING, 1 ether);
        escrow.upgrade{value: 0.02 ether}(LISTING, 1 ether);
        assertTrue(escrow.isCovered(_stakeId), "covered");
    }

    /// What is asked for is what covers it, where everything thaws and a part is proposed as well.
    function testFuzz_whatIsAskedForCovers(uint128 thawing, uint128 proposed, uint128 quota) public {
        thawing = uint128(bound(thawing, 1, 0.1 ether));
        proposed = uint128(bound(proposed, 1, 0.05 ether));
        quota = uint128(bound(quota, 1 ether, 20 ether));
        vm.prank(buyer);
        escrow.requestWithdraw(_stakeId, thawing);
        vm.prank(proposer);
        escrow.proposeSlash(_stakeId, proposed, REASON);
        uint128 lacking = escrow.topUpNeeded(_stakeId, quota);
        vm.deal(buyer, lacking);
        vm.prank(buyer);
        escrow.upgrade{value: lacking}(LISTING, quota);
        assertTrue(escrow.isCovered(_stakeId), "covered");
    }

    /// @dev A parameter that changes does not pull bought access away; it holds for what is bought from then on.
    function test_aRaisedParameterHoldsFromTheNextUpgrade() public {
        _govern(Params.BUYER_STAKE_MIN, 1 ether);
        assertTrue(escrow.isCovered(_stakeId), "still covered");
        assertEq(escrow.topUpNeeded(_stakeId, 0.6 ether), 0.9 ether, "the next needs more");
        vm.prank(buyer);
        escrow.upgrade{value: 0.9 ether}(LISTING, 0.6 ether);
        assertEq(escrow.purchaseOf(_stakeId).needed, 1 ether, "by the new one");
    }

    function test_replenishedToTheWei() public {
        vm.prank(proposer);
        bytes32 slashId = escrow.proposeSlash(_stakeId, 0.05 ether, REASON);
        vm.warp(START + APPEAL);
        escrow.execute(slashId);
        assertTrue(!escrow.isCovered(_stakeId), "a slash took of it");
        vm.startPrank(buyer);
        vm.expectRevert(abi.encodeWithSelector(IPaymentEscrow.StakeTooSmall.selector, 0.1 ether - 1, 0.1 ether));
        escrow.replenish{value: 0.05 ether - 1}(LISTING);
        vm.expectRevert(abi.encodeWithSelector(IPaymentEscrow.SentTooMuch.selector, 0.05 ether + 1, 0.05 ether));
        escrow.replenish{value: 0.05 ether + 1}(LISTING);
        vm.expectRevert(IStakes.ZeroAmount.selector);
        escrow.replenish(LISTING);
        escrow.replenish{value: 0.05 ether}(LISTING);
        assertTrue(escrow.isCovered(_stakeId), "covered again");
        vm.expectRevert(abi.encodeWithSelector(IPaymentEscrow.SentTooMuch.selector, 1, 0));
        escrow.replenish{value: 1}(LISTING);
    }
}
