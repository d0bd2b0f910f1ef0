// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IStakes} from "../../../src/interfaces/IStakes.sol";
import {IStakeManager} from "../../../src/interfaces/IStakeManager.sol";
import {Params} from "../../../src/libraries/Params.sol";
import {StakesWorld} from "../../support/StakesWorld.sol";

contract ProposeProvenTest is StakesWorld {
    function test_freezesThePenalty() public {
        bytes32 expected = manager.slashIdOf(PROVIDER, "fault", true);
        vm.expectEmit(address(manager));
        emit IStakes.SlashProposed(expected, PROVIDER, 2 ether, "fault", true, START + APPEAL);
        assertEq(_prove("fault"), expected, "id");
        IStakes.Slash memory slash = manager.slashOf(expected);
        assertTrue(slash.objective, "objective");
        assertEq(slash.decideBy, 0, "no appeal, no decision");
        _assertStake(STAKE, 0, 2 ether, "frozen");
        vm.warp(START + APPEAL - 1);
        vm.expectRevert(abi.encodeWithSelector(IStakes.TooEarly.selector, START + APPEAL));
        manager.execute(expected);
        vm.warp(START + APPEAL);
        manager.execute(expected);
        assertEq(manager.owed(), 2 ether, "taken");
    }

    function test_onlyProvers() public {
        address[5] memory others = [stranger, operator, proposer, arbiter, address(this)];
        for (uint256 i; i < others.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IStakeManager.OnlyProver.selector, others[i]));
            vm.prank(others[i]);
            manager.proposeProven(PROVIDER, "fault");
        }
        vm.prank(oracleFaults);
        manager.proposeProven(PROVIDER, "fault");
    }

    function test_theSameFaultOnce() public {
        bytes32 slashId = _prove("fault");
        vm.expectRevert(abi.encodeWithSelector(IStakes.AlreadySlashed.selector, slashId));
        _prove("fault");
        vm.prank(arbiter);
        manager.dismiss(slashId);
        vm.expectRevert(abi.encodeWithSelector(IStakes.AlreadySlashed.selector, slashId));
        vm.prank(oracleFaults);
        manager.proposeProven(PROVIDER, "fault");
    }

    function test_aProposerCannotTakeItsPlace() public {
        _propose(1, "fault");
        assertEq(manager.slashOf(_prove("fault")).amount, 2 ether, "proven all the same");
    }

    function test_theSameFaultOfAnother() public {
        vm.prank(oracle);
        manager.stakeOracle{value: 1 ether}();
        bytes32 oracleId = manager.oracleStakeId(oracle);
        _prove("fault");
        vm.prank(oracleFaults);
        bytes32 slashId = manager.proposeProven(oracleId, "fault");
        assertEq(manager.slashOf(slashId).amount, 0.2 ether, "its own penalty");
    }

    function test_withoutFault() public {
        vm.expectRevert(IStakes.ReasonRequired.selector);
        _prove(0);
    }

    function test_whatTheCapLeaves() public {
        _propose(4 ether, REASON);
        bytes32 slashId = _prove("first");
        assertEq(manager.slashOf(slashId).amount, 1 ether, "the rest of the cap");
        vm.expectRevert(abi.encodeWithSelector(IStakes.AboveCap.selector, PROVIDER, 2 ether, 0));
        _prove("second");
        // And it is not lost: it can be proven once there is room.
        vm.warp(START + APPEAL);
        manager.execute(slashId);
        bytes32 open = manager.slashIdOf(PROVIDER, REASON, false);
        vm.prank(arbiter);
        manager.dismiss(open);
        _prove("second");
    }

    function test_whereNothingIsStaked() public {
        vm.expectRevert(abi.encodeWithSelector(IStakes.AboveCap.selector, LISTING, 0, 0));
        vm.prank(receiptFaults);
        manager.proposeProven(LISTING, "fault");
    }

    /// @dev At every remainder: rounded up, so that a small stake is no way around a penalty.
    function testFuzz_roundsUp(uint128 amount, uint256 bps) public {
        amount = uint128(bound(amount, 2, 1e30));
        bps = bound(bps, 100, 5_000);
        _govern(Params.FAULT_PENALTY_BPS, bps);
        vm.deal(oracle, amount);
        vm.prank(oracle);
        manager.stakeOracle{value: amount}();
        bytes32 oracleId = manager.oracleStakeId(oracle);
        vm.prank(oracleFaults);
        uint256 penalty = manager.slashOf(manager.proposeProven(oracleId, "fault")).amount;
        uint256 exact = uint256(amount) * bps;
        uint256 cap = amount / 2;
        uint256 rounded = (exact + 9_999) / 10_000;
        assertEq(penalty, rounded > cap ? cap : rounded, "penalty");
        assertGe(penalty, 1, "never nothing");
    }
}
