// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Stakes that can be slashed
/// @notice Wei that its owner can always ask back and that can be slashed until it is gone: also while it thaws. A slash is proposed, can be appealed, and is executed
/// or dismissed within a bounded time; it is capped, and goes to one fixed beneficiary, so nobody gains by proposing.
/// @dev The cap holds for a *series*, not for one slash: the slashes of a stake that follow each other with less than a thaw period between the end of one and the proposal
/// of the next share one cap, so that proposing again and again takes no more than proposing once. What was dismissed counts against later proposals too (not against
/// proven faults), so that nobody can hold a stake back by proposing it anew each time: an owner who asked everything back leaves, at the latest, an appeal window and a
/// decision window after the thaw, with all but the cap.
interface IStakes {
    enum SlashState {
        None,
        Proposed,
        Appealed,
        Executed,
        Dismissed
    }

    /// @param amount all of it, thawing and frozen parts included, wei.
    /// @param thawing the part that was asked back. It may overlap with the frozen part where the owner asks for everything.
    /// @param frozen what open slashes may take: never more than `amount`.
    /// @param proven the part of `frozen` that is for proven faults.
    /// @param proposed the sum of all open proposals. What of it is more than `frozen` less `proven` was taken over by proofs; a proof that is
    /// dismissed gives back as much.
    /// @param thawedAt Unix seconds.
    struct Stake {
        uint128 amount;
        uint128 thawing;
        uint128 frozen;
        uint128 proven;
        uint128 proposed;
        uint64 thawedAt;
    }

    /// @param amount the most that it takes: a proposal may take less, where proofs took over what it froze.
    /// @param objective proven on chain: it cannot be appealed, an arbiter can still dismiss it.
    /// @param executableAt Unix seconds, where nobody appeals.
    /// @param decideBy Unix seconds: an appeal that is not decided before is dismissed. 0 where it is objective.
    struct Slash {
        bytes32 stakeId;
        uint128 amount;
        SlashState state;
        bool objective;
        uint64 executableAt;
        uint64 decideBy;
        bytes32 reason;
    }

    /// @notice The slashes of one stake that share a cap. It ends once none is open and `endsAt` has come.
    /// @param taken by the slashes of the series, wei.
    /// @param dismissed what the series proposed and did not take, wei.
    /// @param endsAt Unix seconds: a thaw period after the last slash was executed or dismissed, and not before a thaw that ran then is over.
    /// @param opensUntil Unix seconds, a period after its beginning: from then on nothing is proposed in it that leaves no fault to be proven, or it could be kept open for good.
    /// @param period the thaw period when the series began, seconds.
    /// @param capBps the cap when the series began, basis points.
    struct Series {
        uint128 taken;
        uint128 dismissed;
        uint64 endsAt;
        uint64 opensUntil;
        uint32 period;
        uint16 capBps;
    }

    error NotOwner(address caller, bytes32 stakeId);
    error ZeroAmount();
    error ZeroAddress();
    /// @notice There are `left` wei for it.
    error Insufficient(bytes32 stakeId, uint128 wanted, uint128 left);
    /// @notice Slashes may take `room` wei more of this stake for now.
    error AboveCap(bytes32 stakeId, uint128 wanted, uint128 room);
    /// @notice Possible from `readyAt` on (Unix seconds).
    error TooEarly(uint64 readyAt);
    /// @notice Was possible before `until` (Unix seconds).
    error TooLate(uint64 until);
    error WrongState(bytes32 slashId, SlashState state);
    error NotAppealable(bytes32 slashId);
    error NothingThawed(bytes32 stakeId);
    error TransferFailed(address to, uint256 amount);
    error ReasonRequired();
    /// @notice The same reason or fault was proposed against this stake before, whatever became of it.
    error AlreadySlashed(bytes32 slashId);
    error NotBeneficiary(address caller);
    error NothingOwed();

    /// @notice `amount` is the total after it.
    event Staked(bytes32 indexed stakeId, address indexed from, uint128 added, uint128 amount);
    event ThawStarted(bytes32 indexed stakeId, uint128 thawing, uint64 thawedAt);
    event ThawCancelled(bytes32 indexed stakeId);
    event Withdrawn(bytes32 indexed stakeId, address indexed to, uint128 taken, uint128 amount);
    /// @notice `frozen` is the stake's total after it, here and below.
    event SlashProposed(
        bytes32 indexed slashId,
        bytes32 indexed stakeId,
        uint128 amount,
        bytes32 reason,
        bool objective,
        uint64 executableAt,
        uint128 frozen
    );
    event SlashAppealed(bytes32 indexed slashId, uint64 decideBy, bytes32 statement);
    /// @notice `amount` is what is left of the stake.
    event SlashExecuted(bytes32 indexed slashId, bytes32 indexed stakeId, uint128 taken, uint128 amount, uint128 frozen);
    event SlashDismissed(bytes32 indexed slashId, bytes32 indexed stakeId, uint128 frozen);
    /// @notice `total` is all that was ever collected.
    event Collected(address indexed to, uint128 amount, uint128 total);

    function stakeOf(bytes32 stakeId) external view returns (Stake memory);
    function slashOf(bytes32 slashId) external view returns (Slash memory);
    /// @return who may ask the stake back and appeal for it.
    function ownerOf(bytes32 stakeId) external view returns (address);
    /// @return what counts wherever a stake is asked for, wei: what neither thaws nor is frozen for a proven fault. What is only proposed has taken nothing yet, and counts.
    function stayingOf(bytes32 stakeId) external view returns (uint128);
    /// @return the series that a slash proposed now would belong to.
    function seriesOf(bytes32 stakeId) external view returns (Series memory);
    /// @return the most that a slash proposed now may take, wei; more where it is a proven fault, since no proposal shields from those: neither one that
    /// was dismissed nor one that is open, whose place a proof takes where the cap has none beside it.
    function slashRoom(bytes32 stakeId, bool objective) external view returns (uint128);
    /// @return keccak256(abi.encode(stakeId, reason, objective)), where `reason` is the fault id of an objective one.
    function slashIdOf(bytes32 stakeId, bytes32 reason, bool objective) external pure returns (bytes32);
    /// @return where slashed wei goes. Immutable.
    function beneficiary() external view returns (address);
    /// @return what was slashed and not collected yet, wei.
    function owed() external view returns (uint128);

    /// @notice Starts to thaw `amount` more; the clock starts anew for all that thaws, so withdraw first what has thawed. Frozen parts may thaw as well. Only the owner. Exit.
    function requestWithdraw(bytes32 stakeId, uint128 amount) external;
    /// @notice All that thaws backs new work again. Only the owner.
    function cancelWithdraw(bytes32 stakeId) external;
    /// @notice Pays what has thawed, as far as enough is left for open slashes, to `to`. Only the owner. Exit.
    function withdraw(bytes32 stakeId, address to) external returns (uint128 taken);
    /// @notice Role: PROPOSER. `reason` is the hash of a published statement, and the same one is proposed once only.
    function proposeSlash(bytes32 stakeId, uint128 amount, bytes32 reason) external returns (bytes32 slashId);
    /// @notice Only the stake's owner, within the appeal window.
    function appeal(bytes32 slashId, bytes32 statement) external;
    /// @notice Decides an appeal, before `decideBy`: upheld, the slash is executed at once. Role: ARBITER.
    function decide(bytes32 slashId, bool uphold) external;
    /// @notice Dismisses any open slash. Role: ARBITER; anyone once an appeal was left undecided.
    function dismiss(bytes32 slashId) external;
    /// @notice Executes a slash that nobody appealed, once the appeal window is over. Anyone.
    function execute(bytes32 slashId) external;
    /// @notice Pays all that is owed. To the beneficiary: anyone. To another address: only the beneficiary, which may be unable to take ether itself.
    function collect(address to) external returns (uint128 amount);
}
