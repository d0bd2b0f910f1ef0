// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IStakes} from "../../../src/interfaces/IStakes.sol";
import {IStakeManager} from "../../../src/interfaces/IStakeManager.sol";
import {Params} from "../../../src/libraries/Params.sol";
import {StakesWorld} from "../../support/StakesWorld.sol";

contract ProposeProvenTest is StakesWorld {
    /// Half of a fifth of the least stake.
    uint128 private constant LEAST_PENALTY = 0.1 ether;

    function test_freezesThePenalty() public {
        bytes32 expected = manager.slashIdOf(PROVIDER, "fault", true);
        vm.expectEmit(address(manager));
        emit IStakes.SlashProposed(expected, PROVIDER, 2 ether, "fault", true, START + APPEAL, 2 ether);
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
        _prove("first");
        bytes32 second = _prove("second");
        bytes32 slashId = _prove("third");
        assertEq(manager.slashOf(slashId).amount, 1 ether, "the rest of the cap");
        vm.expectRevert(abi.encodeWithSelector(IStakes.AboveCap.selector, PROVIDER, LEAST_PENALTY, 0));
        _prove("fourth");
        // And it is not lost: it can be proven once there is room.
        vm.warp(START + APPEAL);
        manager.execute(slashId);
        vm.prank(arbiter);
        manager.dismiss(second);
        _prove("fourth");
    }

    /// A little room is none: a fault that is named once must not be rid of for a little.
    function test_lessThanTheLeastPenaltyIsRefused() public {
        _prove("first");
        _prove("second");
        _prove("third");
        vm.deal(operator, 1 ether);
        vm.prank(operator);
        manager.stakeProvider{value: 2 * LEAST_PENALTY - 2}(PROVIDER);
        vm.expectRevert(abi.encodeWithSelector(IStakes.AboveCap.selector, PROVIDER, LEAST_PENALTY, LEAST_PENALTY - 1));
        _prove("fourth");
        vm.prank(operator);
        manager.stakeProvider{value: 2}(PROVIDER);
        assertEq(manager.slashOf(_prove("fourth")).amount, LEAST_PENALTY, "half of what who has the least stake pays");
    }

    function test_whereNothingIsStaked() public {
        vm.expectRevert(abi.encodeWithSelector(IStakes.AboveCap.selector, LISTING, LEAST_PENALTY, 0));
        vm.prank(receiptFaults);
        manager.proposeProven(LISTING, "fault");
    }

    /// A penalty above the cap is the cap, or no fault could ever be punished.
    function test_thePenaltyIsAtMostTheCap() public {
        // The cap of a series is that of its beginning, and can be below a penalty of today.
        _propose(1 ether, REASON);
        _govern(Params.SLASH_CAP_BPS, 10_000);
        _govern(Params.FAULT_PENALTY_BPS, 10_000);
        assertEq(manager.slashOf(_prove("fault")).amount, CAP, "half");
    }

    /// Oracles have a least stake of their own.
    function test_theLeastStakeIsThatOfItsKind() public {
        _govern(Params.ORACLE_STAKE_MIN, 10 ether);
        bytes32 oracleId = manager.oracleStakeId(oracle);
        vm.deal(oracle, 1.5 ether);
        vm.prank(oracle);
        manager.stakeOracle{value: 1.5 ether}();
        vm.expectRevert(abi.encodeWithSelector(IStakes.AboveCap.selector, oracleId, 1 ether, 0.75 ether));
        vm.prank(oracleFaults);
        manager.proposeProven(oracleId, "fault");
        assertEq(manager.slashOf(_prove("fault")).amount, 2 ether, "a provider's is as before");
    }

    /// @dev At every remainder: rounded up, of the least stake where less is staked, and no more than the cap.
    function testFuzz_roundsUp(uint128 amount, uint256 bps) public {
        amount = uint128(bound(amount, 1, 4 ether));
        bps = bound(bps, 100, 5_000);
        _govern(Params.FAULT_PENALTY_BPS, bps);
        vm.deal(oracle, amount);
        vm.prank(oracle);
        manager.stakeOracle{value: amount}();
        bytes32 oracleId = manager.oracleStakeId(oracle);
        uint256 floor = 1 ether * bps / 10_000 / 2;
        uint256 cap = amount / 2;
        if (cap < floor) vm.expectRevert(abi.encodeWithSelector(IStakes.AboveCap.selector, oracleId, floor, cap));
        vm.prank(oracleFaults);
        bytes32 slashId = manager.proposeProven(oracleId, "fault");
        if (cap < floor) return;
        uint256 exact = (amount < 1 ether ? 1 ether : uint256(amount)) * bps;
        uint256 rounded = (exact + 9_999) / 10_000;
        assertEq(manager.slashOf(slashId).amount, rounded > cap ? cap : rounded, "penalty");
    }

    /// A stake that lost a little, or all but a little of its cap, does not go free of what is proven.
    function test_aLittleLessThanTheLeastDoesNotGoFree() public {
        _govern(Params.FAULT_PENALTY_BPS, 5_000);
        _govern(Params.PROVIDER_STAKE_MIN, STAKE);
        bytes32 slashId = _propose(1, REASON);
        vm.warp(_now() + APPEAL);
        manager.execute(slashId);
        assertEq(manager.slashOf(_prove("fault")).amount, CAP - 1, "the rest of the cap");
    }

    /// Raised up to five times what is staked, the least stake keeps nobody from a penalty.
    function test_aRaisedLeastStake() public {
        _govern(Params.PROVIDER_STAKE_MIN, 5 * STAKE);
        assertEq(manager.slashOf(_prove("fault")).amount, CAP, "all that the cap has");
        _govern(Params.PROVIDER_STAKE_MIN, 5 * STAKE + 10);
        vm.expectRevert(abi.encodeWithSelector(IStakes.AboveCap.selector, LISTING, CAP + 1, 0));
        vm.prank(receiptFaults);
        manager.proposeProven(LISTING, "fault");
    }
}
