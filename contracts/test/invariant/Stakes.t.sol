// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IStakes} from "../../src/interfaces/IStakes.sol";
import {IPaymentEscrow} from "../../src/interfaces/IPaymentEscrow.sol";
import {StakesWorld} from "../support/StakesWorld.sol";
import {StakesHandler} from "./StakesHandler.sol";

/// @notice Stakes of a provider, an oracle and a buyer under random hands, against ghost ledgers.
contract StakesInvariants is StakesWorld {
    StakesHandler private _handler;

    function setUp() public override {
        super.setUp();
        _handler = new StakesHandler(
            StakesHandler.World(
                manager,
                escrow,
                governor,
                PROVIDER,
                LISTING,
                operator,
                oracle,
                buyer,
                proposer,
                arbiter,
                guardian,
                receiptFaults,
                beneficiary
            ),
            STAKE
        );
        _targetContract(address(_handler));
        // All that it does but the leaving of everybody, which is tried from each state that the others reach.
        bytes4[] memory selectors = new bytes4[](12);
        selectors[0] = StakesHandler.add.selector;
        selectors[1] = StakesHandler.requestWithdraw.selector;
        selectors[2] = StakesHandler.cancelWithdraw.selector;
        selectors[3] = StakesHandler.withdraw.selector;
        selectors[4] = StakesHandler.propose.selector;
        selectors[5] = StakesHandler.appeal.selector;
        selectors[6] = StakesHandler.decide.selector;
        selectors[7] = StakesHandler.dismiss.selector;
        selectors[8] = StakesHandler.execute.selector;
        selectors[9] = StakesHandler.collect.selector;
        selectors[10] = StakesHandler.pause.selector;
        selectors[11] = StakesHandler.pass.selector;
        _targetSelectors(address(_handler), selectors);
    }

    function invariant_balancesAreAmountsAndWhatIsOwed() public view {
        (uint256 inManager, uint256 inEscrow) = _handler.held();
        assertEq(address(manager).balance, inManager + manager.owed(), "manager");
        assertEq(address(escrow).balance, inEscrow + escrow.owed(), "escrow");
    }

    /// @dev What came in is what is there, what went out to owners, and what went to the beneficiary.
    function invariant_nothingIsMadeOrLost() public view {
        for (uint256 i; i < 3; ++i) {
            StakesHandler.Ghost memory ghost = _handler.ghost(i);
            IStakes.Stake memory stake = _handler.stakeAt(i);
            assertEq(stake.amount, ghost.staked - ghost.withdrawn - ghost.slashed, "amount");
        }
        assertEq(
            manager.owed() + escrow.owed() + _handler.collected(),
            _handler.ghost(0).slashed + _handler.ghost(1).slashed + _handler.ghost(2).slashed,
            "slashed"
        );
        assertEq(beneficiary.balance, _handler.collected(), "collected");
    }

    function invariant_frozenAndThawingAreWithinTheAmount() public view {
        for (uint256 i; i < 3; ++i) {
            IStakes.Stake memory stake = _handler.stakeAt(i);
            assertLe(stake.frozen, stake.amount, "frozen");
            assertLe(stake.thawing, stake.amount, "thawing");
            (uint256 proven, uint256 proposed) = _handler.open(i);
            assertEq(stake.proven, proven, "the sum of what is open and proven");
            assertEq(stake.proposed, proposed, "and of what is open and not");
            assertLe(stake.proven, stake.frozen, "what is proven is frozen");
            assertLe(stake.frozen, proven + proposed, "and nothing that no open slash is for");
            uint256 leaving = uint256(stake.thawing) + stake.proven;
            assertEq(_handler.stayingAt(i), leaving > stake.amount ? 0 : stake.amount - leaving, "staying");
        }
    }

    /// @dev A proof finds its room whatever is proposed: only what was taken and what is proven stand in its way.
    function invariant_noProposalShields() public view {
        for (uint256 i; i < 3; ++i) {
            IStakes.Stake memory stake = _handler.stakeAt(i);
            IStakes.Series memory series = _handler.seriesAt(i);
            uint256 cap = (uint256(stake.amount) + series.taken) * series.capBps / 10_000;
            uint256 used = uint256(stake.proven) + series.taken;
            assertEq(_handler.roomAt(i, true), cap > used ? cap - used : 0, "room");
        }
    }

    /// @dev Slashes open or executed in one series never take more than the cap of what the stake was worth in it.
    function invariant_aSeriesKeepsToItsCap() public view {
        for (uint256 i; i < 3; ++i) {
            StakesHandler.Ghost memory ghost = _handler.ghost(i);
            uint256 taken = ghost.seriesTaken + _handler.stakeAt(i).frozen;
            assertLe(taken, ghost.seriesWorth / 2, "at most half of all that was in it during the series");
        }
    }

    function invariant_coveredMeansFree() public view {
        bytes32 stakeId = escrow.stakeIdOf(buyer, LISTING);
        IPaymentEscrow.Purchase memory purchase = escrow.purchaseOf(stakeId);
        bool covered = purchase.needed != 0 && escrow.stayingOf(stakeId) >= purchase.needed;
        assertTrue(escrow.isCovered(stakeId) == covered, "covered");
        if (covered) assertGe(escrow.stakeOf(stakeId).amount, 0.1 ether, "by at least a tenth of an ether");
    }

    /// @dev From any state: with the arbiter silent and entry closed, each owner leaves within the thaw and the two windows.
    function invariant_everyoneCanLeave() public {
        _handler.everyoneLeaves();
        for (uint256 i; i < 3; ++i) {
            assertEq(_handler.stakeAt(i).amount, 0, "gone");
        }
        assertEq(address(manager).balance, manager.owed(), "manager");
        assertEq(address(escrow).balance, escrow.owed(), "escrow");
    }
}
