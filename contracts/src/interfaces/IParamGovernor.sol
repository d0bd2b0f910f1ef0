// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Parameters within hard bounds, the launch, and the guardian's pause
/// @notice Every figure that governance may change is here, behind a timelock and within bounds that nobody can change.
/// Contracts read a parameter when work begins and keep that value: open work is never changed under anybody's feet.
interface IParamGovernor {
    /// @notice A parameter as it is constructed. `min` and `max` are hard: no role passes them.
    struct Setting {
        bytes32 key;
        uint256 value;
        uint256 min;
        uint256 max;
    }

    /// @notice There is no parameter `key`.
    error ParamUnknown(bytes32 key);
    /// @notice `key` is constructed twice, or is zero.
    error ParamRepeated(bytes32 key);
    /// @notice `value` is outside the hard bounds `min` … `max`.
    error ParamOutOfBounds(bytes32 key, uint256 value, uint256 min, uint256 max);
    /// @notice Nothing is proposed for `key`.
    error NothingProposed(bytes32 key);
    /// @notice The timelock of `key` runs until `readyAt` (Unix seconds).
    error TimelockRunning(bytes32 key, uint64 readyAt);
    /// @notice Two parameters would contradict each other, for example a thaw no longer than the dispute window.
    error ParamsContradict(bytes32 key, bytes32 other);
    /// @notice The guardian paused less than the cool-down ago; the next pause is possible at `openAt` (Unix seconds).
    error PauseCoolingDown(uint64 openAt);
    /// @notice Entry is paused until `until` (Unix seconds).
    error EntryPaused(uint64 until);
    error NotPaused();
    error ZeroAddress();
    /// @notice The timelock must be within `min` … `max` seconds.
    error TimelockOutOfBounds(uint64 given, uint64 min, uint64 max);
    /// @notice The launch must be within `min` … `max` (Unix seconds): a date long past would shorten the lockout, one far off is a mistake.
    error LaunchOutOfBounds(uint64 given, uint64 min, uint64 max);

    /// @notice `value` is to hold for `key` from `readyAt` (Unix seconds), once enacted.
    event ParamProposed(bytes32 indexed key, uint256 value, uint64 readyAt);
    event ParamWithdrawn(bytes32 indexed key, uint256 value);
    event ParamEnacted(bytes32 indexed key, uint256 before, uint256 value);
    /// @notice Entry is closed until `until` (Unix seconds). Exits go on.
    event Paused(uint64 until);
    event Resumed();

    /// @return the value that holds for `key`.
    function get(bytes32 key) external view returns (uint256);
    /// @return min the lower hard bound of `key`.
    /// @return max the upper hard bound of `key`.
    function bounds(bytes32 key) external view returns (uint256 min, uint256 max);
    /// @return keys of all parameters, in the order of construction.
    function keys() external view returns (bytes32[] memory);
    /// @return value what is proposed.
    /// @return readyAt Unix seconds; 0 where nothing is proposed.
    function proposed(bytes32 key) external view returns (uint256 value, uint64 readyAt);
    /// @return the timelock in seconds. Immutable.
    function timelock() external view returns (uint64);

    /// @notice Proposes a value; replaces an earlier proposal and starts the timelock anew. Role: GOVERNOR.
    function propose(bytes32 key, uint256 value) external;
    /// @notice Takes a proposal back, at once. Roles: GUARDIAN, and whoever may propose (GOVERNOR, without its delay: it leaves all as it is).
    function withdraw(bytes32 key) external;
    /// @notice Makes a proposal hold, once its timelock is over. Anyone.
    function enact(bytes32 key) external;

    /// @return when the system was launched (Unix seconds). Immutable.
    function launchAt() external view returns (uint64);
    /// @return when the lockout of 90 days ends (Unix seconds). Nobody can change it.
    function lockoutEndsAt() external view returns (uint64);
    /// @return whether the lockout still holds.
    function lockedOut() external view returns (bool);

    /// @notice Closes entry for `PAUSE_MAX` (7 days); exits go on. Role: GUARDIAN. The next pause is possible `PAUSE_COOLDOWN` (7 days) after the
    /// end of the last, so that nobody can close the house for good.
    function pause() external;
    /// @notice Opens entry before the pause ends; the cool-down runs from then. Roles: GUARDIAN, and whoever may propose (GOVERNOR, without its delay).
    function resume() external;
    /// @return until when entry is closed (Unix seconds); in the past or 0 where it is open.
    function pausedUntil() external view returns (uint64);
    /// @notice Reverts with `EntryPaused` while entry is closed. Called at the entry of what brings value in, never on the way out.
    function requireEntry() external view;
}
