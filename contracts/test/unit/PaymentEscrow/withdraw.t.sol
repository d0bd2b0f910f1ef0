// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IStakes} from "../../../src/interfaces/IStakes.sol";
import {Params} from "../../../src/libraries/Params.sol";
import {StakesWorld} from "../../support/StakesWorld.sol";

contract BuyerWithdrawTest is StakesWorld {
    bytes32 private _stakeId;

    function setUp() public override {
        super.setUp();
        vm.prank(buyer);
        _stakeId = escrow.stake{value: 0.2 ether + 7}(LISTING, 1 ether);
    }

    function test_behindTheLock() public {
        vm.startPrank(buyer);
        vm.expectEmit(address(escrow));
        emit IStakes.ThawStarted(_stakeId, 0.2 ether + 7, START + 7 days);
        escrow.requestWithdraw(_stakeId, 0.2 ether + 7);
        vm.warp(START + 7 days - 1);
        vm.expectRevert(abi.encodeWithSelector(IStakes.TooEarly.selector, START + 7 days));
        escrow.withdraw(_stakeId, buyer);
        vm.warp(START + 7 days);
        assertEq(escrow.withdraw(_stakeId, address(0xbeef04)), 0.2 ether + 7, "all");
        assertEq(address(0xbeef04).balance, 0.2 ether + 7, "to the wei");
    }

    function test_theLockIsThatOfBuyers() public {
        _govern(Params.THAW_PERIOD, 2 days);
        _govern(Params.BUYER_LOCK, 9 days);
        vm.prank(buyer);
        escrow.requestWithdraw(_stakeId, 1);
        assertEq(escrow.stakeOf(_stakeId).thawedAt, _now() + 9 days, "not the providers' thaw");
    }

    function test_accessEndsWithTheRequest() public {
        vm.startPrank(buyer);
        escrow.requestWithdraw(_stakeId, 0.1 ether + 7);
        assertTrue(escrow.isCovered(_stakeId), "the rest still covers");
        escrow.requestWithdraw(_stakeId, 1);
        assertTrue(!escrow.isCovered(_stakeId), "one wei too few");
        escrow.cancelWithdraw(_stakeId);
        assertTrue(escrow.isCovered(_stakeId), "taken back");
    }

    function test_whatThereIsNotIsNotCovered() public view {
        assertTrue(!escrow.isCovered(keccak256("none")), "none");
        assertTrue(!escrow.isCovered(escrow.stakeIdOf(stranger, LISTING)), "stranger");
    }

    function test_misuseOnTheWayOutIsStillSlashed() public {
        vm.prank(buyer);
        escrow.requestWithdraw(_stakeId, 0.2 ether + 7);
        vm.warp(START + 7 days);
        vm.prank(proposer);
        bytes32 slashId = escrow.proposeSlash(_stakeId, 0.1 ether, REASON);
        vm.prank(buyer);
        escrow.withdraw(_stakeId, buyer);
        vm.warp(START + 7 days + APPEAL);
        escrow.execute(slashId);
        escrow.collect(beneficiary);
        assertEq(beneficiary.balance, 0.1 ether, "slashed");
        assertEq(escrow.stakeOf(_stakeId).amount, 0, "and the rest is gone");
    }

    function test_appealedAndDismissed() public {
        vm.prank(proposer);
        bytes32 slashId = escrow.proposeSlash(_stakeId, 0.1 ether, REASON);
        vm.prank(buyer);
        escrow.appeal(slashId, keccak256("my key was stolen"));
        vm.prank(arbiter);
        escrow.decide(slashId, false);
        assertEq(escrow.stayingOf(_stakeId), 0.2 ether + 7, "all of it");
        assertEq(escrow.owed(), 0, "nothing taken");
    }

    function test_oneListingIsNotSlashedForAnother() public {
        vm.prank(buyer);
        bytes32 other = escrow.stake{value: 0.1 ether}("other", 1);
        vm.prank(proposer);
        escrow.proposeSlash(other, 0.05 ether, REASON);
        assertEq(escrow.stayingOf(_stakeId), 0.2 ether + 7, "untouched");
        assertTrue(escrow.isCovered(_stakeId) && escrow.isCovered(other), "neither has lost anything yet");
        vm.warp(_now() + APPEAL);
        escrow.execute(escrow.slashIdOf(other, REASON, false));
        assertTrue(escrow.isCovered(_stakeId) && !escrow.isCovered(other), "only the one");
    }
}
