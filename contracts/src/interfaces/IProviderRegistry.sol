// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Providers
/// @notice Who is paid, where, with which key it signs, and how far its usage can be believed (level 0: a gateway's word, 1: signed by the provider, 2: TEE, 3: ZK).
interface IProviderRegistry {
    enum Status {
        None,
        Active,
        /// Active, but payments wait until `suspendedUntil`.
        Suspended,
        /// Left by itself: no new channels; what it earned is still paid (after `suspendedUntil`).
        Retired
    }

    /// @param suspendedUntil Unix seconds; what is past suspends nothing. Retiring does not end a suspension.

    struct Provider {
        address operator;
        uint8 level;
        Status status;
        uint64 suspendedUntil;
        address payout;
        address signer;
        bytes32 tariffId;
    }

    error NotOperator(address caller, bytes32 providerId);
    error ProviderUnknown(bytes32 providerId);
    error AlreadyRegistered(bytes32 providerId);
    error WrongStatus(bytes32 providerId, Status status);
    error LevelUnknown(uint8 level);
    /// @notice At most 30 days from now, and not again before `openAt` (Unix seconds).
    error SuspensionOutOfBounds(uint64 until, uint64 openAt);
    /// @notice Nothing is proposed, or not to the caller.
    error NothingPending(bytes32 providerId);
    error TooEarly(uint64 readyAt);
    error ZeroAddress();

    event Registered(bytes32 indexed providerId, address indexed operator, address payout, address signer, bytes32 tariffId);
    event PayoutProposed(bytes32 indexed providerId, address payout, uint64 holdsAt);
    event PayoutCancelled(bytes32 indexed providerId, address payout);
    event PayoutSet(bytes32 indexed providerId, address payout);
    event SignerSet(bytes32 indexed providerId, address signer);
    event TariffSet(bytes32 indexed providerId, bytes32 tariffId);
    event LevelSet(bytes32 indexed providerId, uint8 level);
    /// @notice `operator` may accept from `holdsAt` (Unix seconds) on; zero takes the proposal back.
    event OperatorProposed(bytes32 indexed providerId, address operator, uint64 holdsAt);
    event OperatorSet(bytes32 indexed providerId, address operator);
    event Suspended(bytes32 indexed providerId, uint64 until, bytes32 reason);
    event Reinstated(bytes32 indexed providerId);
    event Retired(bytes32 indexed providerId);

    /// @notice Registers the caller as operator. Nobody can take an id before its owner: it is keccak256(abi.encode(chainId, registry, operator, salt)). Entry.
    function register(bytes32 salt, address payout, address signer, bytes32 tariffId) external returns (bytes32 providerId);
    function idOf(address operator, bytes32 salt) external view returns (bytes32);
    /// @notice These four revert with `ProviderUnknown`; `isActive` and `isPayable` answer false.
    function providerOf(bytes32 providerId) external view returns (Provider memory);
    function operatorOf(bytes32 providerId) external view returns (address);
    function signerOf(bytes32 providerId) external view returns (address);
    /// @return the payout address that holds now.
    function payoutOf(bytes32 providerId) external view returns (address);
    /// @return whether it may take new channels: active, and staked at least `providerStakeMin`.
    function isActive(bytes32 providerId) external view returns (bool);
    /// @return whether it is paid now: not suspended, and active and staked or else retired. A suspension that has run out is none.
    function isPayable(bytes32 providerId) external view returns (bool);
    /// @return payout what is proposed, zero where nothing is.
    /// @return holdsAt Unix seconds.
    function pendingPayout(bytes32 providerId) external view returns (address payout, uint64 holdsAt);
    /// @return operator what is proposed, zero where nothing is.
    /// @return holdsAt Unix seconds.
    function pendingOperator(bytes32 providerId) external view returns (address operator, uint64 holdsAt);
    /// @return from when on it may be suspended (Unix seconds).
    function suspensionOpenAt(bytes32 providerId) external view returns (uint64);

    /// @notice A new payout address, from `payoutDelay` (as it is now) on; replaces an earlier proposal. Only the operator: a stolen operator key shows for days before it pays.
    function proposePayout(bytes32 providerId, address payout) external;
    /// @notice Only the operator.
    function cancelPayout(bytes32 providerId) external;
    /// @notice Anyone, once the delay is over.
    function applyPayout(bytes32 providerId) external;
    /// @notice Only the operator. A level above 1 says something about the signer's key, so it falls back to 1.
    function setSigner(bytes32 providerId, address signer) external;
    /// @notice Only the operator. Holds for what is sold from now on: a receipt names its own tariff.
    function setTariff(bytes32 providerId, bytes32 tariffId) external;
    /// @notice Only the operator; zero takes the proposal back. It waits for `payoutDelay` like a payout address: a stolen key must not lock its owner out before the owner sees it.
    function proposeOperator(bytes32 providerId, address operator) external;
    /// @notice Only the proposed operator, once the delay is over. Cancels a payout address that the operator before proposed.
    function acceptOperator(bytes32 providerId) external;
    /// @notice Only the operator. Cannot be undone. Exit: also while suspended, though it ends no suspension.
    function retire(bytes32 providerId) external;
    /// @notice Role: REGISTRAR.
    function certify(bytes32 providerId, uint8 level) external;
    /// @notice Role: ARBITER. Holds payments back, for at most 30 days, and then not again for 30 days. Also of a retired provider: retiring is no way out of it.
    function suspend(bytes32 providerId, uint64 until, bytes32 reason) external;
    /// @notice Ends a suspension early. Role: ARBITER.
    function reinstate(bytes32 providerId) external;
}
