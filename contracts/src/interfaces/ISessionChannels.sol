// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Payment channels between a tenant and a provider
/// @notice The tenant signs once: a channel's configuration is the capability that names the key which signs vouchers, the ceiling and the expiry.
/// Vouchers are cumulative, so only the latest counts, and a claim can be brought by anyone, again and again, without harm.
///
/// For whoever takes vouchers: a deposit counts once it is behind the chain's safe head, less what is locked; after `requestWithdraw` no more vouchers are taken and what was given is
/// claimed at once. A tenant's lock cannot take cover away from vouchers for long: the provider may `unlock` at any time. An authorizer with code (ERC-1271) can change its mind about a
/// signature, which makes the whole `claimMany` fail that carries it: claim of such channels one by one.
interface ISessionChannels {
    /// @notice What a tenant signs, once. Its EIP-712 digest is the channel's id, so the id binds chain and contract, and nothing of it is stored.
    /// @param tenant who pays, and to whom what is left returns.
    /// @param payerAuthorizer the key that signs vouchers; an account or an ERC-1271 contract. The key of an account counts also where the account has code (EIP-7702).
    /// @param providerId who is paid (`ProviderRegistry`).
    /// @param ceiling the most that can ever be put into the channel, credit base units.
    /// @param validUntil Unix seconds. After it nothing enters; claims are still taken before `validUntil + withdrawDelay`, from then on only the tenant is left.
    /// @param withdrawDelay seconds between a request and the withdrawal.
    /// @param salt makes channels of the same parties differ.
    struct ChannelConfig {
        address tenant;
        address payerAuthorizer;
        bytes32 providerId;
        uint128 ceiling;
        uint64 validUntil;
        uint32 withdrawDelay;
        bytes32 salt;
    }

    /// @notice One channel's claim. `jobId` 0 claims of the channel, anything else of the lock of that job.
    /// @param maxClaimableAmount what the voucher promises, cumulative.
    /// @param totalClaimed what is claimed of it, cumulative: what was used.
    /// @param receiptCount receipts behind `totalClaimed`.
    /// @param receiptsRoot their root, for the event only.
    /// @param voucherSignature the authorizer's, over Voucher(bytes32 channelId,uint128 maxClaimableAmount).
    struct Claim {
        ChannelConfig config;
        bytes32 jobId;
        uint128 maxClaimableAmount;
        uint128 totalClaimed;
        uint64 receiptCount;
        bytes32 receiptsRoot;
        bytes voucherSignature;
    }

    /// @notice Never opened, open, a withdrawal is asked for, closed for good.
    enum Status {
        None,
        Open,
        Withdrawing,
        Closed
    }

    /// @param everDeposited all that was ever put in, credit base units.
    /// @param withdrawableAt Unix seconds; 0 where no withdrawal is asked for.
    struct Channel {
        Status status;
        uint64 withdrawableAt;
        uint128 everDeposited;
    }

    error NotTenant(address caller, address tenant);
    error NotProvider(address caller, bytes32 providerId);
    error BadSignature();
    /// @notice The channel is not in a state that allows this.
    error WrongStatus(bytes32 channelId, Status status);
    /// @notice Deposits would pass the ceiling.
    error AboveCeiling(bytes32 channelId, uint128 wanted, uint128 ceiling);
    /// @notice Entry after `validUntil`, or a claim at or after `validUntil + withdrawDelay`.
    error ChannelExpired(bytes32 channelId, uint64 validUntil);
    /// @notice The delay must be `min` … `max` seconds.
    error DelayOutOfBounds(uint32 delay, uint256 min, uint256 max);
    error ProviderInactive(bytes32 providerId);
    /// @notice A claim above its voucher.
    error ClaimAboveVoucher(bytes32 channelId, uint128 claimed, uint128 maxClaimableAmount);
    /// @notice A claim of another provider than the call's.
    error WrongProvider(bytes32 channelId, bytes32 providerId);
    /// @notice Not before `readyAt` (Unix seconds).
    error TooEarly(uint64 readyAt);
    error ZeroAmount();
    error ZeroAddress();
    /// @notice A lock's job must have an id.
    error JobRequired();

    event Opened(
        bytes32 indexed channelId,
        address indexed tenant,
        bytes32 indexed providerId,
        address payerAuthorizer,
        uint128 ceiling,
        uint64 validUntil,
        uint32 withdrawDelay,
        bytes32 salt
    );
    /// @notice `everDeposited` is the total after it.
    event ToppedUp(bytes32 indexed channelId, address indexed from, uint128 amount, uint128 everDeposited);
    /// @notice Cumulative. `accountId` is the channel's id or the lock's. `totalClaimed` is what the vault gave, which is less than what the receipts sum to where the deposit did not cover it.
    /// A claim that moved nothing emits nothing. `receiptCount` and `receiptsRoot` are as the provider's key signed them with this claim: after a top-up they can be older than those before.
    event Claimed(bytes32 indexed accountId, bytes32 indexed providerId, uint128 totalClaimed, uint64 receiptCount, bytes32 receiptsRoot);
    event WithdrawRequested(bytes32 indexed channelId, uint64 withdrawableAt);
    event WithdrawCancelled(bytes32 indexed channelId);
    /// @notice The channel is closed; `refund` went back to the tenant.
    event Finalized(bytes32 indexed channelId, address indexed tenant, uint128 refund);
    event Locked(bytes32 indexed channelId, bytes32 indexed jobId, bytes32 indexed lockId, uint128 amount);
    /// @notice `refund` = locked − consumed, back in the channel.
    event Unlocked(bytes32 indexed channelId, bytes32 indexed jobId, bytes32 indexed lockId, uint128 refund);

    /// @return the EIP-712 digest of the configuration, which is the channel's id.
    function channelIdOf(ChannelConfig calldata config) external view returns (bytes32);
    /// @return keccak256(abi.encode(channelId, jobId)): the account of a job's lock. Vouchers on a lock carry it in place of the channel's id.
    function lockIdOf(bytes32 channelId, bytes32 jobId) external pure returns (bytes32);
    function channelOf(bytes32 channelId) external view returns (Channel memory);

    /// @notice Opens a channel and funds it with `amount` of the caller's credits (0 is allowed). The caller is the tenant, or brings the tenant's signature over
    /// the configuration. Whoever sees that signature on its way may open the channel first, with nothing in it: then `topUp`. Entry.
    function open(ChannelConfig calldata config, uint128 amount, bytes calldata tenantSignature) external returns (bytes32 channelId);
    /// @notice Adds `amount` of the caller's credits. Anyone, while the channel is open. Entry.
    function topUp(ChannelConfig calldata config, uint128 amount) external;
    /// @notice Claims of one provider's channels. The caller is its operator or signer, or brings the signer's signature over
    /// UsageClaims(UsageClaim[] claims) with UsageClaim(bytes32 channelId,uint128 totalClaimed,uint64 receiptCount,bytes32 receiptsRoot). A claim that is already made is no fault: of two
    /// callers in a race both succeed. A claim above the deposit takes what there is, one of an expired or closed channel nothing. Exit: goes on while paused.
    /// @return amount newly claimed, credit base units.
    function claimMany(bytes32 providerId, Claim[] calldata claims, bytes calldata providerSignature) external returns (uint128 amount);
    /// @notice Starts the withdrawal delay. Only the tenant. Claims go on until `finalize`. Exit.
    function requestWithdraw(ChannelConfig calldata config) external;
    /// @notice Takes the request back. Only the tenant.
    function cancelWithdraw(ChannelConfig calldata config) external;
    /// @notice Closes the channel and refunds the tenant, once the delay is over, or once `validUntil + withdrawDelay` is. Anyone. Exit. Open locks of
    /// the channel are given back by `unlock`, which then refunds the tenant directly.
    function finalize(ChannelConfig calldata config) external returns (uint128 refund);
    /// @notice Closes the channel at once. Only the provider's operator or signer: it gives up what it did not claim, of the channel and soon of its locks. Exit.
    function close(ChannelConfig calldata config) external returns (uint128 refund);
    /// @notice Sets credits of the channel aside for a job. Only the tenant. Entry.
    function lock(ChannelConfig calldata config, bytes32 jobId, uint128 amount) external returns (bytes32 lockId);
    /// @notice Gives back what a lock did not consume: to the channel, or to the tenant where the channel is closed. The provider at any time; the tenant once the channel could be
    /// finalised, or is. Exit.
    function unlock(ChannelConfig calldata config, bytes32 jobId) external returns (uint128 refund);
}
