// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Stakes that can be slashed
/// @notice Wei that its owner can always ask back and that can be slashed until it is gone: also while it thaws. A slash is proposed, can be appealed, and is executed
/// or dismissed within a bounded time; it is capped, and goes to one fixed beneficiary, so nobody gains by proposing.
interface IStakes {
    enum SlashState {
        None,
        Proposed,
        Appealed,
        Executed,
        Dismissed
    }

    /// @param amount all of it, thawing and frozen parts included, wei.
    /// @param thawing the part that was asked back.
    /// @param thawedAt Unix seconds.
    /// @param frozen what open slashes may take.
    struct Stake {
        uint128 amount;
        uint128 thawing;
        uint128 frozen;
        uint64 thawedAt;
    }

    /// @param objective proven on chain: it cannot be appealed, an arbiter can still dismiss it.
    /// @param executableAt Unix seconds, where nobody appeals.
    /// @param decideBy Unix seconds: an appeal that is not decided by then is dismissed.
    struct Slash {
        bytes32 stakeId;
        uint128 amount;
        SlashState state;
        bool objective;
        uint64 executableAt;
        uint64 decideBy;
        bytes32 reason;
    }

    error NotOwner(address caller, bytes32 stakeId);
    error ZeroAmount();
    error ZeroAddress();
    /// @notice More than the free part.
    error Insufficient(bytes32 stakeId, uint128 wanted, uint128 free);
    /// @notice A slash takes at most `cap` of this stake, wei.
    error AboveCap(bytes32 stakeId, uint128 wanted, uint128 cap);
    error TooEarly(uint64 readyAt);
    error TooLate(uint64 readyAt);
    error WrongState(bytes32 slashId, SlashState state);
    error NotAppealable(bytes32 slashId);
    error NothingThawed(bytes32 stakeId);
    error TransferFailed(address to, uint256 amount);
    error ReasonRequired();
    error AlreadySlashed(bytes32 slashId);

    /// @notice `amount` is the total after it.
    event Staked(bytes32 indexed stakeId, address indexed from, uint128 added, uint128 amount);
    event ThawStarted(bytes32 indexed stakeId, uint128 thawing, uint64 thawedAt);
    event ThawCancelled(bytes32 indexed stakeId);
    event Withdrawn(bytes32 indexed stakeId, address indexed to, uint128 taken, uint128 amount);
    event SlashProposed(
        bytes32 indexed slashId, bytes32 indexed stakeId, uint128 amount, bytes32 reason, bool objective, uint64 executableAt
    );
    event SlashAppealed(bytes32 indexed slashId, uint64 decideBy, bytes32 statement);
    event SlashExecuted(bytes32 indexed slashId, bytes32 indexed stakeId, uint128 taken, uint128 amount);
    event SlashDismissed(bytes32 indexed slashId, bytes32 indexed stakeId);

    function stakeOf(bytes32 stakeId) external view returns (Stake memory);
    function slashOf(bytes32 slashId) external view returns (Slash memory);
    /// @return who may ask the stake back and appeal for it.
    function ownerOf(bytes32 stakeId) external view returns (address);
    /// @return what backs new work: neither thawing nor frozen, wei.
    function freeOf(bytes32 stakeId) external view returns (uint128);
    /// @return where slashed wei goes. Immutable.
    function beneficiary() external view returns (address);

    /// @notice Starts to thaw `amount` more; the clock starts anew for all that thaws. Only the owner. Exit.
    function requestWithdraw(bytes32 stakeId, uint128 amount) external;
    function cancelWithdraw(bytes32 stakeId) external;
    /// @notice Pays what has thawed, less what open slashes may take, to `to`. Only the owner. Exit.
    function withdraw(bytes32 stakeId, address to) external returns (uint128 taken);
    /// @notice Role: PROPOSER. `reason` is the hash of a published statement. @return slashId
    function proposeSlash(bytes32 stakeId, uint128 amount, bytes32 reason) external returns (bytes32 slashId);
    /// @notice Only the stake's owner, within the appeal window.
    function appeal(bytes32 slashId, bytes32 statement) external;
    /// @notice Decides an appeal. Role: ARBITER.
    function decide(bytes32 slashId, bool uphold) external;
    /// @notice Dismisses any open slash. Role: ARBITER; anyone once an appeal was left undecided.
    function dismiss(bytes32 slashId) external;
    /// @notice Executes a slash that nobody appealed, once the window is over. Anyone.
    function execute(bytes32 slashId) external;
}
