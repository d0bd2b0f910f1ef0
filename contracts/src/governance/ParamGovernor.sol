// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {AuthorityUtils} from "@openzeppelin/contracts/access/manager/AuthorityUtils.sol";
import {IParamGovernor} from "../interfaces/IParamGovernor.sol";
import {Params} from "../libraries/Params.sol";

contract ParamGovernor is IParamGovernor, AccessManaged {
    struct Param {
        uint256 value;
        uint256 min;
        uint256 max;
    }

    struct Proposal {
        uint256 value;
        uint64 readyAt;
    }

    uint64 public constant TIMELOCK_MIN = 1 hours;
    uint64 public constant TIMELOCK_MAX = 30 days;
    uint64 public constant LOCKOUT = 90 days;
    /// @notice The launch may lie this far back: a deployment takes a while, and several chains may share one launch.
    uint64 public constant LAUNCH_PAST_MAX = 1 days;
    /// @notice And this far ahead: beyond, it is a mistake, such as milliseconds.
    uint64 public constant LAUNCH_AHEAD_MAX = 365 days;
    uint64 public constant PAUSE_MAX = 7 days;
    uint64 public constant PAUSE_COOLDOWN = 7 days;

    /// @inheritdoc IParamGovernor
    uint64 public immutable timelock;
    /// @inheritdoc IParamGovernor
    uint64 public immutable launchAt;
    /// @inheritdoc IParamGovernor
    uint64 public pausedUntil;

    bytes32[] private _keys;
    mapping(bytes32 key => Param) private _params;
    mapping(bytes32 key => Proposal) private _proposals;
    /// @dev A batch keeps the dispute window of its posting. Until this one has run out too, the thaw must stay longer than it.
    uint256 private _formerWindow;
    uint256 private _formerWindowUntil;

    constructor(address authority_, uint64 timelock_, uint64 launchAt_, Setting[] memory settings) AccessManaged(authority_) {
        if (authority_ == address(0)) revert ZeroAddress();
        if (timelock_ < TIMELOCK_MIN || timelock_ > TIMELOCK_MAX) revert TimelockOutOfBounds(timelock_, TIMELOCK_MIN, TIMELOCK_MAX);
        uint64 now_ = uint64(block.timestamp);
        uint64 earliest = now_ > LAUNCH_PAST_MAX ? now_ - LAUNCH_PAST_MAX : 0;
        if (launchAt_ < earliest || launchAt_ > now_ + LAUNCH_AHEAD_MAX) {
            revert LaunchOutOfBounds(launchAt_, earliest, now_ + LAUNCH_AHEAD_MAX);
        }
        timelock = timelock_;
        launchAt = launchAt_;
        for (uint256 i; i < settings.length; ++i) {
            Setting memory setting = settings[i];
            if (setting.key == 0 || _known(setting.key)) revert ParamRepeated(setting.key);
            // `max` 0 marks a key that is not there. Bounds that exclude each other leave no value within them.
            if (setting.value < setting.min || setting.value > setting.max || setting.max == 0) {
                revert ParamOutOfBounds(setting.key, setting.value, setting.min, setting.max);
            }
            _params[setting.key] = Param(setting.value, setting.min, setting.max);
            _keys.push(setting.key);
            emit ParamEnacted(setting.key, 0, setting.value);
        }
        _requireConsistent();
    }

    /// @inheritdoc IParamGovernor
    function get(bytes32 key) public view returns (uint256 value) {
        value = _params[key].value;
        // A value that is not 0 is one of a known key: the usual reading touches one slot.
        if (value == 0) _requireKnown(key);
    }

    /// @inheritdoc IParamGovernor
    function bounds(bytes32 key) external view returns (uint256 min, uint256 max) {
        _requireKnown(key);
        return (_params[key].min, _params[key].max);
    }

    /// @inheritdoc IParamGovernor
    function keys() external view returns (bytes32[] memory) {
        return _keys;
    }

    /// @inheritdoc IParamGovernor
    function proposed(bytes32 key) external view returns (uint256 value, uint64 readyAt) {
        Proposal memory proposal = _proposals[key];
        return (proposal.value, proposal.readyAt);
    }

    /// @inheritdoc IParamGovernor
    function propose(bytes32 key, uint256 value) external restricted {
        _requireKnown(key);
        Param memory param = _params[key];
        if (value < param.min || value > param.max) revert ParamOutOfBounds(key, value, param.min, param.max);
        // No check against other parameters: two may be proposed together, and only what holds must be consistent.
        uint64 readyAt = uint64(block.timestamp) + timelock;
        _proposals[key] = Proposal(value, readyAt);
        emit ParamProposed(key, value, readyAt);
    }

    /// @inheritdoc IParamGovernor
    function withdraw(bytes32 key) external {
        _requireGuardianOrProposer();
        Proposal memory proposal = _proposals[key];
        if (proposal.readyAt == 0) revert NothingProposed(key);
        delete _proposals[key];
        emit ParamWithdrawn(key, proposal.value);
    }

    /// @inheritdoc IParamGovernor
    function enact(bytes32 key) external {
        Proposal memory proposal = _proposals[key];
        if (proposal.readyAt == 0) revert NothingProposed(key);
        if (block.timestamp < proposal.readyAt) revert TimelockRunning(key, proposal.readyAt);
        delete _proposals[key];
        uint256 before = _params[key].value;
        _params[key].value = proposal.value;
        if (key == Params.DISPUTE_WINDOW && proposal.value < before) _rememberWindow(before);
        _requireConsistent();
        emit ParamEnacted(key, before, proposal.value);
    }

    /// @inheritdoc IParamGovernor
    function lockoutEndsAt() public view returns (uint64) {
        return launchAt + LOCKOUT;
    }

    /// @inheritdoc IParamGovernor
    function lockedOut() external view returns (bool) {
        return block.timestamp < lockoutEndsAt();
    }

    /// @inheritdoc IParamGovernor
    function pause() external restricted {
        if (pausedUntil != 0 && block.timestamp < pausedUntil + PAUSE_COOLDOWN) revert PauseCoolingDown(pausedUntil + PAUSE_COOLDOWN);
        pausedUntil = uint64(block.timestamp) + PAUSE_MAX;
        emit Paused(pausedUntil);
    }

    /// @inheritdoc IParamGovernor
    function resume() external {
        _requireGuardianOrProposer();
        if (block.timestamp >= pausedUntil) revert NotPaused();
        pausedUntil = uint64(block.timestamp);
        emit Resumed();
    }

    /// @inheritdoc IParamGovernor
    function requireEntry() external view {
        if (block.timestamp < pausedUntil) revert EntryPaused(pausedUntil);
    }

    /// @dev An access manager gives a function to one role, and the governor's role acts after a delay. Taking a proposal back and opening the house need neither the
    /// delay nor the guardian: whoever may propose, now or after a delay, may do both at once.
    function _requireGuardianOrProposer() private {
        (bool immediate, uint32 delay) =
            AuthorityUtils.canCallWithDelay(authority(), _msgSender(), address(this), IParamGovernor.propose.selector);
        if (!immediate && delay == 0) _checkCanCall(_msgSender(), _msgData());
    }

    /// @dev Keeps the longest window that a posted batch may still have, until the last batch posted under it is final.
    function _rememberWindow(uint256 window) private {
        if (window > _formerWindow || block.timestamp >= _formerWindowUntil) _formerWindow = window;
        // Not shortened: a longer window that was remembered before runs out at its own time or later.
        uint256 until = block.timestamp + window;
        if (until > _formerWindowUntil) _formerWindowUntil = until;
    }

    function _requireConsistent() private view {
        uint256 window = get(Params.DISPUTE_WINDOW);
        if (block.timestamp < _formerWindowUntil && _formerWindow > window) window = _formerWindow;
        // A stake that thaws before the batch behind it is final could not be slashed for it.
        if (get(Params.THAW_PERIOD) <= window) revert ParamsContradict(Params.THAW_PERIOD, Params.DISPUTE_WINDOW);
        if (get(Params.FAULT_PENALTY_BPS) > get(Params.SLASH_CAP_BPS)) {
            revert ParamsContradict(Params.FAULT_PENALTY_BPS, Params.SLASH_CAP_BPS);
        }
    }

    function _known(bytes32 key) private view returns (bool) {
        return _params[key].max != 0;
    }

    function _requireKnown(bytes32 key) private view {
        if (!_known(key)) revert ParamUnknown(key);
    }
}
