// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IStakes} from "../../../src/interfaces/IStakes.sol";
import {Params} from "../../../src/libraries/Params.sol";
import {StakesWorld} from "../../support/StakesWorld.sol";

/// @notice The cap holds for a series of slashes: proposing again and again takes no more than proposing once.
contract SlashCapTest is StakesWorld {
    function _refused(uint128 amount, uint128 room, bytes32 reason) private {
        vm.expectRevert(abi.encodeWithSelector(IStakes.AboveCap.selector, PROVIDER, amount, room));
        _propose(amount, reason);
    }

    function test_openOnesShareIt() public {
        _propose(3 ether, "a");
        _refused(2 ether + 1, 2 ether, "b");
        _propose(2 ether, "c");
        _refused(1, 0, "d");
    }

    function test_executedOnesCountUntilAThawPeriodAfter() public {
        bytes32 first = _propose(CAP, "a");
        vm.warp(START + APPEAL);
        manager.execute(first);
        _refused(1, 0, "b");
        vm.warp(START + APPEAL + THAW - 1);
        _refused(1, 0, "b");
        vm.warp(START + APPEAL + THAW);
        // A new series, with a cap of what is left.
        _refused(2.5 ether + 1, 2.5 ether, "b");
        _propose(2.5 ether, "b");
    }

    function test_eachNewSlashProlongsTheSeries() public {
        bytes32 first = _propose(1 ether, "a");
        vm.warp(START + APPEAL);
        manager.execute(first);
        uint64 secondAt = START + APPEAL + THAW - 1;
        vm.warp(secondAt);
        bytes32 second = _propose(1 ether, "b");
        vm.warp(secondAt + APPEAL);
        manager.execute(second);
        // The first alone would have left the series by now.
        vm.warp(secondAt + APPEAL + THAW - 1);
        _refused(3 ether + 1, 3 ether, "c");
        vm.warp(secondAt + APPEAL + THAW);
        _propose(4 ether, "c");
    }

    function test_anOpenOneHoldsTheSeriesOpen() public {
        _propose(CAP, "a");
        vm.warp(START + 365 days);
        _refused(1, 0, "b");
    }

    function test_dismissedOnesCountAgainstLaterProposals() public {
        bytes32 first = _propose(CAP, "a");
        vm.prank(arbiter);
        manager.dismiss(first);
        _assertStake(STAKE, 0, 0, "released");
        _refused(1, 0, "b");
        vm.warp(START + THAW);
        _propose(CAP, "b");
    }

    function test_dismissedOnesDoNotShieldFromProof() public {
        bytes32 first = _propose(CAP, "a");
        vm.prank(arbiter);
        manager.dismiss(first);
        assertEq(manager.slashRoom(PROVIDER, true), CAP, "room for a proven fault");
        bytes32 proven = _prove("fault");
        assertEq(manager.slashOf(proven).amount, 2 ether, "in full");
    }

    function test_theCapOfTheSeriesIsThatOfItsBeginning() public {
        _govern(Params.THAW_PERIOD, 30 days);
        uint64 start = _now();
        bytes32 first = _propose(CAP, "a");
        _govern(Params.SLASH_CAP_BPS, 10_000);
        _refused(1, 0, "b");
        vm.warp(start + APPEAL);
        manager.execute(first);
        vm.warp(start + APPEAL + 30 days - 1);
        _refused(1, 0, "b");
        vm.warp(start + APPEAL + 30 days);
        _propose(5 ether, "b");
    }

    function test_allOfItWhereTheCapIsAll() public {
        _govern(Params.SLASH_CAP_BPS, 10_000);
        bytes32 slashId = _propose(STAKE, "a");
        _refused(1, 0, "b");
        vm.warp(_now() + APPEAL);
        manager.execute(slashId);
        _assertStake(0, 0, 0, "gone");
        assertEq(manager.owed(), STAKE, "owed");
        _refused(1, 0, "b");
    }

    function test_aLoweredThawPeriodBringsNoSecondSeriesUponWhoIsLeaving() public {
        _govern(Params.THAW_PERIOD, 30 days);
        _requestAll();
        uint64 thawedAt = manager.stakeOf(PROVIDER).thawedAt;
        _govern(Params.THAW_PERIOD, 2 days);
        bytes32 first = _propose(CAP, "a");
        vm.warp(_now() + APPEAL);
        manager.execute(first);
        vm.warp(_now() + 2 days);
        _refused(1, 0, "b");
        vm.warp(thawedAt - 1);
        _refused(1, 0, "b");
        vm.warp(thawedAt);
        vm.prank(operator);
        assertEq(manager.withdraw(PROVIDER, operator), STAKE - CAP, "leaves with the rest");
    }

    function test_aNewThawDoesNotKeepAUsedUpCap() public {
        bytes32 first = _propose(CAP, "a");
        vm.warp(START + APPEAL);
        manager.execute(first);
        vm.warp(START + APPEAL + THAW - 1);
        vm.prank(operator);
        manager.requestWithdraw(PROVIDER, 1);
        vm.warp(START + APPEAL + THAW);
        _propose(1 ether, "b");
    }

    function testFuzz_whatIsAddedRaisesTheCapByItsShareOnly(uint128 added, uint128 first) public {
        added = uint128(bound(added, 1, 100 ether));
        first = uint128(bound(first, 1, CAP));
        _propose(first, "a");
        vm.prank(stranger);
        manager.stakeProvider{value: added}(PROVIDER);
        uint128 room = uint128((uint256(STAKE) + added) / 2) - first;
        assertEq(manager.slashRoom(PROVIDER, false), room, "room");
        _refused(room + 1, room, "b");
    }

    /// @dev Whatever is proposed, executed, decided and dismissed: who asks everything back loses at most the cap before the thaw lets him go.
    function testFuzz_whoLeavesKeepsAllButTheCap(uint256 seed) public {
        _requestAll();
        bytes32 last;
        for (uint256 i; _now() < START + THAW && i < 40; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint128 room = manager.slashRoom(PROVIDER, seed % 2 == 0);
            if (seed % 2 == 0 && room != 0) last = _prove(bytes32(seed));
            else if (room != 0) last = _propose(uint128(bound(seed >> 8, 1, room)), bytes32(seed));
            if (seed % 5 == 0 && last != 0 && _state(last) == uint256(IStakes.SlashState.Proposed)) {
                vm.prank(arbiter);
                manager.dismiss(last);
            }
            vm.warp(_now() + (seed >> 128) % 1 days);
            if (last != 0 && _state(last) == uint256(IStakes.SlashState.Proposed)) {
                if (_now() >= manager.slashOf(last).executableAt) manager.execute(last);
            }
        }
        IStakes.Stake memory stake = manager.stakeOf(PROVIDER);
        assertGe(stake.amount - stake.frozen, STAKE - CAP, "never more than the cap, open and taken together");
        vm.warp(START + THAW);
        vm.prank(operator);
        assertGe(manager.withdraw(PROVIDER, operator), STAKE - CAP, "all but the cap");
    }

    /// A cap that is used up ends with its series, whatever is proposed: a wei at a time would else keep it for good, and every fault would go free.
    function test_noProposalKeepsAUsedUpCap() public {
        bytes32[3] memory proofs = [_prove("1"), _prove("2"), _prove("3")];
        vm.warp(START + APPEAL);
        for (uint256 i = 0; i < 3; ++i) {
            manager.execute(proofs[i]);
        }
        vm.prank(operator);
        manager.stakeProvider{value: 2000}(PROVIDER);
        uint64 endsAt = manager.seriesOf(PROVIDER).endsAt;
        assertEq(manager.seriesOf(PROVIDER).opensUntil, START + THAW, "for a thaw period");
        assertEq(manager.slashRoom(PROVIDER, true), 1000, "room for some wei");
        vm.warp(START + THAW);
        _refused(1, 0, "a wei");
        vm.warp(endsAt - 1);
        _refused(1, 0, "a wei");
        vm.warp(endsAt);
        assertTrue(_prove("another") != 0, "a new series");
    }

    /// In the beginning of a series, and as long as there is room for a proof, proposals are taken as ever.
    function test_proposalsGoOnWhereProofsCan() public {
        _propose(1, "first");
        vm.warp(START + 30 days);
        _propose(4 ether, "much later");
        assertEq(manager.slashRoom(PROVIDER, true), CAP, "and a proof has all of it");
        _propose(1 ether - 1, "the rest of the cap");
        _refused(1, 0, "no more");
    }
}
