// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IParamGovernor} from "../interfaces/IParamGovernor.sol";
import {IStakes} from "../interfaces/IStakes.sol";
import {Guard} from "../libraries/Guard.sol";
import {Params} from "../libraries/Params.sol";

/// @dev Invariants: the balance is the sum of all amounts and of what is owed, wei that was forced in apart; `frozen` ≤ `amount` and `thawing` ≤ `amount`;
/// `proven` is the sum of the open slashes for proven faults, `proposed` that of the
/// others; `proven` ≤ `frozen` ≤ `proven` + `proposed`. What is forced in by a contract that destroys itself belongs to nobody and changes nothing.
abstract contract Stakes is IStakes, AccessManaged, Guard {
    uint256 internal constant BPS = 10_000;

    IParamGovernor public immutable governor;
    /// @inheritdoc IStakes
    address public immutable beneficiary;
    bytes32 private immutable _thawKey;

    mapping(bytes32 stakeId => Stake) private _stakes;
    mapping(bytes32 stakeId => Series) private _series;
    mapping(bytes32 slashId => Slash) private _slashes;
    /// @inheritdoc IStakes
    uint128 public owed;
    uint128 private _collected;

    /// @param thawKey the parameter that says how long a stake thaws.
    constructor(address authority_, address governor_, address beneficiary_, bytes32 thawKey) AccessManaged(authority_) {
        if (authority_ == address(0) || governor_ == address(0) || beneficiary_ == address(0)) revert ZeroAddress();
        governor = IParamGovernor(governor_);
        beneficiary = beneficiary_;
        _thawKey = thawKey;
    }

    /// @inheritdoc IStakes
    function stakeOf(bytes32 stakeId) public view returns (Stake memory) {
        return _stakes[stakeId];
    }

    /// @inheritdoc IStakes
    function slashOf(bytes32 slashId) external view returns (Slash memory) {
        return _slashes[slashId];
    }

    /// @inheritdoc IStakes
    function ownerOf(bytes32 stakeId) public view virtual returns (address);

    /// @inheritdoc IStakes
    function stayingOf(bytes32 stakeId) public view returns (uint128) {
        Stake storage stake = _stakes[stakeId];
        return SafeCast.toUint128(Math.saturatingSub(stake.amount, uint256(stake.thawing) + stake.proven));
    }

    /// @inheritdoc IStakes
    function seriesOf(bytes32 stakeId) public view returns (Series memory series) {
        series = _series[stakeId];
        Stake storage stake = _stakes[stakeId];
        if (stake.frozen != 0 || stake.proposed != 0 || block.timestamp < series.endsAt) return series;
        // Periods and basis points are far below these types by the governor's bounds; so are all times below.
        uint32 period = uint32(governor.get(_thawKey));
        return Series(0, 0, 0, uint64(block.timestamp) + period, period, uint16(governor.get(Params.SLASH_CAP_BPS)));
    }

    /// @inheritdoc IStakes
    function slashRoom(bytes32 stakeId, bool objective) public view returns (uint128) {
        Stake memory stake = _stakes[stakeId];
        Series memory series = seriesOf(stakeId);
        // The cap is of what is there and what the series took already. What the owner withdraws meanwhile lowers it.
        uint256 cap = (uint256(stake.amount) + series.taken) * series.capBps / BPS;
        // At most `amount - proven`, and below at most `amount - frozen`, since a cap is at most all of it: no further check is needed for that.
        uint256 provable = Math.saturatingSub(cap, uint256(series.taken) + stake.proven);
        if (objective) return SafeCast.toUint128(provable);
        // A cap that leaves no fault to be proven must be a new one some day: each proposal would put that off, for a wei.
        if (block.timestamp >= series.opensUntil && provable < _leastPenalty(stakeId)) return 0;
        return SafeCast.toUint128(Math.saturatingSub(cap, uint256(stake.frozen) + series.taken + series.dismissed));
    }

    /// @inheritdoc IStakes
    function slashIdOf(bytes32 stakeId, bytes32 reason, bool objective) public pure returns (bytes32) {
        // With `objective` in it, a proposer cannot take the id of a fault before it is proven.
        return keccak256(abi.encode(stakeId, reason, objective));
    }

    /// @inheritdoc IStakes
    function requestWithdraw(bytes32 stakeId, uint128 amount) external nonReentrant {
        _requireOwner(stakeId);
        if (amount == 0) revert ZeroAmount();
        Stake storage stake = _stakes[stakeId];
        // Frozen wei may thaw as well, or an open slash would hold it back for longer than its own windows.
        uint128 left = stake.amount - stake.thawing;
        if (amount > left) revert Insufficient(stakeId, amount, left);
        stake.thawing += amount;
        stake.thawedAt = uint64(block.timestamp + governor.get(_thawKey));
        emit ThawStarted(stakeId, stake.thawing, stake.thawedAt);
    }

    /// @inheritdoc IStakes
    function cancelWithdraw(bytes32 stakeId) external nonReentrant {
        _requireOwner(stakeId);
        Stake storage stake = _stakes[stakeId];
        if (stake.thawing == 0) revert NothingThawed(stakeId);
        stake.thawing = 0;
        stake.thawedAt = 0;
        emit ThawCancelled(stakeId);
    }

    /// @inheritdoc IStakes
    function withdraw(bytes32 stakeId, address to) external nonReentrant returns (uint128 taken) {
        _requireOwner(stakeId);
        if (to == address(0)) revert ZeroAddress();
        Stake storage stake = _stakes[stakeId];
        uint128 thawing = stake.thawing;
        if (thawing == 0) revert NothingThawed(stakeId);
        if (block.timestamp < stake.thawedAt) revert TooEarly(stake.thawedAt);
        uint128 unfrozen = stake.amount - stake.frozen;
        taken = thawing < unfrozen ? thawing : unfrozen;
        if (taken == 0) revert Insufficient(stakeId, thawing, 0);
        uint128 amount = stake.amount - taken;
        stake.amount = amount;
        stake.thawing = thawing - taken;
        _forgetIfGone(stakeId);
        emit Withdrawn(stakeId, to, taken, amount);
        _pay(to, taken);
    }

    /// @inheritdoc IStakes
    function proposeSlash(bytes32 stakeId, uint128 amount, bytes32 reason) external restricted nonReentrant returns (bytes32 slashId) {
        if (amount == 0) revert ZeroAmount();
        return _open(stakeId, amount, reason, false);
    }

    /// @inheritdoc IStakes
    function appeal(bytes32 slashId, bytes32 statement) external nonReentrant {
        Slash storage slash = _slashes[slashId];
        _requireState(slashId, slash, SlashState.Proposed);
        _requireOwner(slash.stakeId);
        if (slash.objective) revert NotAppealable(slashId);
        if (block.timestamp >= slash.executableAt) revert TooLate(slash.executableAt);
        slash.state = SlashState.Appealed;
        emit SlashAppealed(slashId, slash.decideBy, statement);
    }

    /// @inheritdoc IStakes
    function decide(bytes32 slashId, bool uphold) external restricted nonReentrant {
        Slash storage slash = _slashes[slashId];
        _requireState(slashId, slash, SlashState.Appealed);
        if (block.timestamp >= slash.decideBy) revert TooLate(slash.decideBy);
        if (uphold) _take(slashId, slash);
        else _release(slashId, slash);
    }

    /// @inheritdoc IStakes
    function dismiss(bytes32 slashId) external nonReentrant {
        Slash storage slash = _slashes[slashId];
        bool undecided = slash.state == SlashState.Appealed && block.timestamp >= slash.decideBy;
        // What `restricted` does, but not where anybody may: the arbiter's silence must not hold a stake back.
        if (!undecided) {
            _checkCanCall(_msgSender(), _msgData());
            if (slash.state != SlashState.Appealed) _requireState(slashId, slash, SlashState.Proposed);
        }
        _release(slashId, slash);
    }

    /// @inheritdoc IStakes
    function execute(bytes32 slashId) external nonReentrant {
        Slash storage slash = _slashes[slashId];
        _requireState(slashId, slash, SlashState.Proposed);
        if (block.timestamp < slash.executableAt) revert TooEarly(slash.executableAt);
        _take(slashId, slash);
    }

    /// @inheritdoc IStakes
    function collect(address to) external nonReentrant returns (uint128 amount) {
        if (to == address(0)) revert ZeroAddress();
        if (to != beneficiary && msg.sender != beneficiary) revert NotBeneficiary(msg.sender);
        amount = owed;
        if (amount == 0) revert NothingOwed();
        owed = 0;
        _collected += amount;
        emit Collected(to, amount, _collected);
        _pay(to, amount);
    }

    /// @dev The least that a proof takes; 0 where nothing is proven.
    function _leastPenalty(bytes32) internal view virtual returns (uint256) {
        return 0;
    }

    /// @dev Adds the sent wei, which must be some.
    function _add(bytes32 stakeId) internal {
        if (msg.value == 0) revert ZeroAmount();
        Stake storage stake = _stakes[stakeId];
        uint128 added = SafeCast.toUint128(msg.value);
        stake.amount += added;
        emit Staked(stakeId, msg.sender, added, stake.amount);
    }

    function _open(bytes32 stakeId, uint128 amount, bytes32 reason, bool objective) internal returns (bytes32 slashId) {
        if (reason == 0) revert ReasonRequired();
        slashId = slashIdOf(stakeId, reason, objective);
        if (_slashes[slashId].state != SlashState.None) revert AlreadySlashed(slashId);
        uint128 room = slashRoom(stakeId, objective);
        if (amount > room) revert AboveCap(stakeId, amount, room);

        _series[stakeId] = seriesOf(stakeId);
        Stake storage stake = _stakes[stakeId];
        if (objective) {
            // Beside what is proposed as far as there is room, and else in its place: a proposal, friendly or wrong, is no shield.
            uint128 beside = SafeCast.toUint128(Math.saturatingSub(room, stake.frozen - stake.proven));
            stake.frozen += amount < beside ? amount : beside;
            stake.proven += amount;
        } else {
            stake.frozen += amount;
            stake.proposed += amount;
        }
        uint64 executableAt = uint64(block.timestamp + governor.get(Params.APPEAL_WINDOW));
        uint64 decideBy = objective ? 0 : uint64(executableAt + governor.get(Params.DECISION_WINDOW));
        _slashes[slashId] = Slash(stakeId, amount, SlashState.Proposed, objective, executableAt, decideBy, reason);
        emit SlashProposed(slashId, stakeId, amount, reason, objective, executableAt, stake.frozen);
    }

    /// @dev Executes an open slash. The wei is owed and not sent: a beneficiary that refuses it cannot keep a slash open.
    function _take(bytes32 slashId, Slash storage slash) private {
        (bytes32 stakeId, uint128 taken) = (slash.stakeId, slash.amount);
        Stake storage stake = _stakes[stakeId];
        slash.state = SlashState.Executed;
        if (slash.objective) {
            stake.proven -= taken;
        } else {
            stake.proposed -= taken;
            uint128 unproven = stake.frozen - stake.proven;
            if (taken > unproven) taken = unproven;
        }
        stake.frozen -= taken;
        uint128 left = stake.amount - taken;
        stake.amount = left;
        if (stake.thawing > left) stake.thawing = left;
        owed += taken;
        _series[stakeId].taken += taken;
        _extendSeries(stakeId);
        emit SlashExecuted(slashId, stakeId, taken, left, stake.frozen);
        _forgetIfGone(stakeId);
    }

    function _release(bytes32 slashId, Slash storage slash) private {
        (bytes32 stakeId, uint128 amount) = (slash.stakeId, slash.amount);
        Stake storage stake = _stakes[stakeId];
        slash.state = SlashState.Dismissed;
        // What proofs took over of proposals: a proof that ends gives it back to them first, and a proposal that ends has that much less to give.
        uint128 displaced = stake.proposed - (stake.frozen - stake.proven);
        if (slash.objective) stake.proven -= amount;
        else stake.proposed -= amount;
        stake.frozen -= amount > displaced ? amount - displaced : 0;
        _series[stakeId].dismissed += amount;
        _extendSeries(stakeId);
        emit SlashDismissed(slashId, stakeId, stake.frozen);
        _forgetIfGone(stakeId);
    }

    /// @dev Not before the end of a thaw that runs now, so that an owner on the way out meets no second series even if the thaw period was lowered since.
    /// A thaw that starts later does not prolong it, or an owner could keep a used-up cap for good.
    function _extendSeries(bytes32 stakeId) private {
        Series storage series = _series[stakeId];
        series.endsAt = uint64(Math.max(block.timestamp + series.period, _stakes[stakeId].thawedAt));
    }

    /// @dev A stake that is gone starts anew, with a cap of its own. Nothing of it is frozen; a proposal that proofs left nothing to take can still be open, and is waited for.
    function _forgetIfGone(bytes32 stakeId) private {
        Stake storage stake = _stakes[stakeId];
        if (stake.amount != 0 || stake.proposed != 0) return;
        delete _stakes[stakeId];
        delete _series[stakeId];
    }

    function _requireOwner(bytes32 stakeId) private view {
        if (msg.sender != ownerOf(stakeId)) revert NotOwner(msg.sender, stakeId);
    }

    function _requireState(bytes32 slashId, Slash storage slash, SlashState state) private view {
        if (slash.state != state) revert WrongState(slashId, slash.state);
    }

    /// @dev All state is written before, and the guard is up: the receiver may do what it likes.
    function _pay(address to, uint128 amount) private {
        (bool ok,) = to.call{value: amount}("");
        if (!ok) revert TransferFailed(to, amount);
    }
}
