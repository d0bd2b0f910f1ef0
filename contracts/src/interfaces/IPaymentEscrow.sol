// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IStakes} from "./IStakes.sol";

/// @title Stakes of buyers, one per buyer and listing
/// @notice At least 0.1 ether stands behind bought access. A larger quota needs no new deposit while the stake covers it, and a top-up beyond that.
interface IPaymentEscrow is IStakes {
    /// @param quotaWei what the bought quota is worth, wei.
    /// @param upgrades how often it was raised.
    /// @param needed the stake that the quota needs by the parameters of its purchase or last upgrade, wei.
    struct Purchase {
        address buyer;
        uint32 upgrades;
        bytes32 listingId;
        uint128 quotaWei;
        uint128 needed;
    }

    /// @notice The buyer has a stake for this listing: upgrade it, or withdraw it first.
    error AlreadyStaked(bytes32 stakeId);
    error NotStaked(bytes32 stakeId);
    /// @notice `needed` wei must not be thawing; there are `staying`.
    error StakeTooSmall(uint128 staying, uint128 needed);
    /// @notice An upgrade must raise the quota.
    error QuotaNotRaised(uint128 given, uint128 current);
    /// @notice More was sent than the quota needs.
    error SentTooMuch(uint128 sent, uint128 needed);
    error QuotaRequired();

    event QuotaSet(
        bytes32 indexed stakeId, address indexed buyer, bytes32 indexed listingId, uint128 quotaWei, uint128 needed, uint32 upgrades
    );

    /// @return keccak256(abi.encode(buyer, listingId)).
    function stakeIdOf(address buyer, bytes32 listingId) external pure returns (bytes32);
    function purchaseOf(bytes32 stakeId) external view returns (Purchase memory);
    /// @return max(buyerStakeMin, quotaWei × buyerStakeBps ÷ 10,000 rounded up) by the parameters of now, wei.
    function stakeNeeded(uint128 quotaWei) external view returns (uint128);
    /// @return whether what stays of the buyer's stake covers the quota. What access hangs on.
    function isCovered(bytes32 stakeId) external view returns (bool);

    /// @return what `upgrade` to this quota must send, wei: what stays of the stake lacks for it.
    function topUpNeeded(bytes32 stakeId, uint128 quotaWei) external view returns (uint128);

    /// @notice The first stake of the caller for a listing, or the first after everything was withdrawn: at least what the quota needs. Entry.
    function stake(bytes32 listingId, uint128 quotaWei) external payable returns (bytes32 stakeId);
    /// @notice Raises the quota. Sends what the stake lacks for it, exactly, and nothing where it covers it. Entry.
    function upgrade(bytes32 listingId, uint128 quotaWei) external payable;
    /// @notice Replaces what the quota lacks, exactly, after a slash took it. Entry.
    function replenish(bytes32 listingId) external payable;
}
