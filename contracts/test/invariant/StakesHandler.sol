// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ParamGovernor} from "../../src/governance/ParamGovernor.sol";
import {IPaymentEscrow} from "../../src/interfaces/IPaymentEscrow.sol";
import {IStakes} from "../../src/interfaces/IStakes.sol";
import {PaymentEscrow} from "../../src/stakes/PaymentEscrow.sol";
import {StakeManager} from "../../src/stakes/StakeManager.sol";
import {Test} from "../support/Test.sol";

/// @notice Random but lawful hands on three stakes: 0 a provider's, 1 an oracle's, 2 a buyer's. It keeps its own books.
contract StakesHandler is Test {
    struct World {
        StakeManager manager;
        PaymentEscrow escrow;
        ParamGovernor governor;
        bytes32 provider;
        bytes32 listing;
        address operator;
        address oracle;
        address buyer;
        address proposer;
        address arbiter;
        address guardian;
        address prover;
        address beneficiary;
    }

    /// @param seriesTaken what slashes of the running series took.
    /// @param seriesWorth the amount when the series began and all that was added since.
    struct Ghost {
        uint256 staked;
        uint256 withdrawn;
        uint256 slashed;
        uint256 seriesTaken;
        uint256 seriesWorth;
        uint64 seriesEndsAt;
        uint64 thawedAt;
    }

    error ClosedTwice(bytes32 slashId);

    uint64 private constant THAW = 7 days;
    uint128 private constant LEAST_PENALTY = 0.1 ether;

    World private _world;
    bytes32[3] private _ids;
    Ghost[3] private _ghosts;
    bytes32[] private _slashes;
    mapping(bytes32 slashId => uint256) private _stakeOf;
    mapping(bytes32 slashId => uint256) private _closings;
    uint256 public collected;
    uint256 private _nonce;

    constructor(World memory world, uint256 staked) {
        _world = world;
        _ids = [world.provider, world.manager.oracleStakeId(world.oracle), world.escrow.stakeIdOf(world.buyer, world.listing)];
        _ghosts[0].staked = staked;
        _ghosts[0].seriesWorth = staked;
    }

    function ghost(uint256 index) external view returns (Ghost memory) {
        return _ghosts[index];
    }

    function held() external view returns (uint256 inManager, uint256 inEscrow) {
        return (uint256(stakeAt(0).amount) + stakeAt(1).amount, stakeAt(2).amount);
    }

    function stakeAt(uint256 index) public view returns (IStakes.Stake memory) {
        return _stakes(index).stakeOf(_ids[index]);
    }

    function stayingAt(uint256 index) external view returns (uint256) {
        return _stakes(index).stayingOf(_ids[index]);
    }

    function seriesAt(uint256 index) external view returns (IStakes.Series memory) {
        return _stakes(index).seriesOf(_ids[index]);
    }

    function roomAt(uint256 index, bool objective) external view returns (uint128) {
        return _stakes(index).slashRoom(_ids[index], objective);
    }

    function open(uint256 index) external view returns (uint256 proven, uint256 proposed) {
        for (uint256 i; i < _slashes.length; ++i) {
            IStakes.Slash memory slash = _slash(_slashes[i]);
            if (_stakeOf[_slashes[i]] != index || !_isOpen(slash)) continue;
            if (slash.objective) proven += slash.amount;
            else proposed += slash.amount;
        }
    }

    // What is done to them.

    function add(uint256 index, uint128 amount) external {
        index = index % 3;
        amount = uint128(bound(amount, 1, 20 ether));
        if (_now() < _world.governor.pausedUntil()) return;
        if (index == 2) {
            amount = _buy(amount);
        } else {
            vm.deal(_owner(index), amount);
            vm.prank(_owner(index));
            if (index == 0) _world.manager.stakeProvider{value: amount}(_world.provider);
            else _world.manager.stakeOracle{value: amount}();
        }
        _ghosts[index].staked += amount;
        _ghosts[index].seriesWorth += amount;
    }

    /// @return sent wei: a first stake, or exactly what an upgrade lacks.
    function _buy(uint128 amount) private returns (uint128 sent) {
        bytes32 stakeId = _ids[2];
        IPaymentEscrow.Purchase memory purchase = _world.escrow.purchaseOf(stakeId);
        bool first = stakeAt(2).amount == 0;
        uint128 quota = first ? amount : purchase.quotaWei + amount;
        sent = first ? _world.escrow.stakeNeeded(quota) + amount : _world.escrow.topUpNeeded(stakeId, quota);
        vm.deal(_world.buyer, sent);
        vm.prank(_world.buyer);
        if (first) _world.escrow.stake{value: sent}(_world.listing, quota);
        else _world.escrow.upgrade{value: sent}(_world.listing, quota);
    }

    function requestWithdraw(uint256 index, uint128 amount) external {
        index = index % 3;
        IStakes.Stake memory stake = stakeAt(index);
        if (stake.amount == stake.thawing) return;
        _request(index, uint128(bound(amount, 1, stake.amount - stake.thawing)));
    }

    function cancelWithdraw(uint256 index) external {
        index = index % 3;
        if (stakeAt(index).thawing == 0) return;
        vm.prank(_owner(index));
        _stakes(index).cancelWithdraw(_ids[index]);
    }

    function withdraw(uint256 index) public {
        index = index % 3;
        IStakes.Stake memory stake = stakeAt(index);
        if (stake.thawing == 0 || _now() < stake.thawedAt || stake.amount == stake.frozen) return;
        // The ghost's own clock: nothing leaves before the period since the last request is over.
        assertGe(_now(), _ghosts[index].thawedAt, "thawed");
        uint256 before = address(this).balance;
        vm.prank(_owner(index));
        uint128 taken = _stakes(index).withdraw(_ids[index], address(this));
        assertEq(address(this).balance - before, taken, "paid");
        assertLe(taken, stake.thawing, "no more than thawed");
        assertLe(taken, stake.amount - stake.frozen, "nor than is not frozen");
        _ghosts[index].withdrawn += taken;
        if (_isGone(index)) _startSeries(index);
    }

    function propose(uint256 index, uint128 amount, bool proven) external {
        index = index % 3;
        proven = proven && index != 2;
        IStakes stakes = _stakes(index);
        bytes32 stakeId = _ids[index];
        uint128 room = stakes.slashRoom(stakeId, proven);
        // A proof takes half the penalty of the least stake at least.
        if (room < (proven ? LEAST_PENALTY : 1) || _slashes.length >= 64) return;
        IStakes.Stake memory stake = stakeAt(index);
        if (stake.frozen == 0 && stake.proposed == 0 && _now() >= _ghosts[index].seriesEndsAt) _startSeries(index);
        bytes32 reason = bytes32(++_nonce);
        bytes32 slashId;
        if (proven) {
            vm.prank(_world.prover);
            slashId = _world.manager.proposeProven(stakeId, reason);
        } else {
            amount = uint128(bound(amount, 1, room));
            vm.prank(_world.proposer);
            slashId = stakes.proposeSlash(stakeId, amount, reason);
        }
        _slashes.push(slashId);
        _stakeOf[slashId] = index;
    }

    function appeal(uint256 which) external {
        (bytes32 slashId, IStakes.Slash memory slash, uint256 index) = _pick(which);
        if (slash.state != IStakes.SlashState.Proposed || slash.objective || _now() >= slash.executableAt) return;
        vm.prank(_owner(index));
        _stakes(index).appeal(slashId, 0);
    }

    function decide(uint256 which, bool uphold) external {
        (bytes32 slashId, IStakes.Slash memory slash, uint256 index) = _pick(which);
        if (slash.state != IStakes.SlashState.Appealed || _now() >= slash.decideBy) return;
        uint256 owed = _stakes(index).owed();
        vm.prank(_world.arbiter);
        _stakes(index).decide(slashId, uphold);
        _close(slashId, slash, index, _stakes(index).owed() - owed);
    }

    function dismiss(uint256 which, bool byArbiter) external {
        (bytes32 slashId, IStakes.Slash memory slash, uint256 index) = _pick(which);
        if (!_isOpen(slash)) return;
        bool undecided = slash.state == IStakes.SlashState.Appealed && _now() >= slash.decideBy;
        if (!undecided && !byArbiter) return;
        uint256 owed = _stakes(index).owed();
        if (!undecided) vm.prank(_world.arbiter);
        _stakes(index).dismiss(slashId);
        assertEq(_stakes(index).owed(), owed, "a dismissal takes nothing");
        _close(slashId, slash, index, 0);
    }

    function execute(uint256 which) external {
        (bytes32 slashId, IStakes.Slash memory slash, uint256 index) = _pick(which);
        if (slash.state != IStakes.SlashState.Proposed || _now() < slash.executableAt) return;
        uint256 owed = _stakes(index).owed();
        _stakes(index).execute(slashId);
        _close(slashId, slash, index, _stakes(index).owed() - owed);
    }

    function collect(bool ofEscrow) external {
        IStakes stakes = ofEscrow ? IStakes(_world.escrow) : IStakes(_world.manager);
        if (stakes.owed() == 0) return;
        collected += stakes.collect(_world.beneficiary);
    }

    function pause() external {
        uint64 until = _world.governor.pausedUntil();
        if (until != 0 && _now() < until + 7 days) return;
        vm.prank(_world.guardian);
        _world.governor.pause();
    }

    function pass(uint64 time) external {
        vm.warp(_now() + bound(time, 1, 4 days));
    }

    /// @dev Everybody leaves: slashes that nobody appealed are executed, the others left undecided; the arbiter says nothing.
    function everyoneLeaves() external {
        uint64 start = _now();
        for (uint256 i; i < 3; ++i) {
            IStakes.Stake memory stake = stakeAt(i);
            if (stake.amount != stake.thawing) _request(i, stake.amount - stake.thawing);
        }
        vm.warp(start + THAW + 3 days + 7 days);
        for (uint256 i; i < _slashes.length; ++i) {
            IStakes.SlashState state = _slash(_slashes[i]).state;
            if (state == IStakes.SlashState.Proposed) _stakes(_stakeOf[_slashes[i]]).execute(_slashes[i]);
            if (state == IStakes.SlashState.Appealed) _stakes(_stakeOf[_slashes[i]]).dismiss(_slashes[i]);
        }
        for (uint256 i; i < 3; ++i) {
            withdraw(i);
        }
    }

    receive() external payable {}

    function _request(uint256 index, uint128 amount) private {
        vm.prank(_owner(index));
        _stakes(index).requestWithdraw(_ids[index], amount);
        _ghosts[index].thawedAt = _now() + THAW;
    }

    function _now() private view returns (uint64) {
        return uint64(vm.getBlockTimestamp());
    }

    function _close(bytes32 slashId, IStakes.Slash memory slash, uint256 index, uint256 taken) private {
        if (++_closings[slashId] != 1) revert ClosedTwice(slashId);
        assertLe(taken, slash.amount, "no more than was said");
        _ghosts[index].slashed += taken;
        _ghosts[index].seriesTaken += taken;
        _ghosts[index].seriesEndsAt = _now() + THAW;
        if (_isGone(index)) _startSeries(index);
    }

    function _isGone(uint256 index) private view returns (bool) {
        IStakes.Stake memory stake = stakeAt(index);
        return stake.amount == 0 && stake.proposed == 0;
    }

    function _startSeries(uint256 index) private {
        _ghosts[index].seriesTaken = 0;
        _ghosts[index].seriesWorth = stakeAt(index).amount;
    }

    function _pick(uint256 which) private view returns (bytes32 slashId, IStakes.Slash memory slash, uint256 index) {
        if (_slashes.length == 0) return (slashId, slash, index);
        slashId = _slashes[which % _slashes.length];
        return (slashId, _slash(slashId), _stakeOf[slashId]);
    }

    function _slash(bytes32 slashId) private view returns (IStakes.Slash memory) {
        return _stakes(_stakeOf[slashId]).slashOf(slashId);
    }

    function _isOpen(IStakes.Slash memory slash) private pure returns (bool) {
        return slash.state == IStakes.SlashState.Proposed || slash.state == IStakes.SlashState.Appealed;
    }

    function _stakes(uint256 index) private view returns (IStakes) {
        return index == 2 ? IStakes(_world.escrow) : IStakes(_world.manager);
    }

    function _owner(uint256 index) private view returns (address) {
        if (index == 0) return _world.operator;
        return index == 1 ? _world.oracle : _world.buyer;
    }
}
