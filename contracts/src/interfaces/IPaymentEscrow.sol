// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IStakes} from "./IStakes.sol";

/// @title Stakes of buyers, one per buyer and listing
/// @notice At least 0.1 ether stands behind bought access. A larger quota needs no new deposit while the stake covers it, and a top-up beyond that.
interface IPaymentEscrow is IStakes {
    /// @param quotaWei what the bought quota is worth, wei.
    /// @param upgrades how often it was raised.
    struct Purchase {
        address buyer;
        uint32 upgrades;
        bytes32 listingId;
        uint128 quotaWei;
    }

    /// @notice The buyer has a stake for this listing: upgrade it, or withdraw it first.
    error AlreadyStaked(bytes32 stakeId);
    error NotStaked(bytes32 stakeId);
    /// @notice `needed` wei must be free of thaw and slashes; there are `free`.
    error StakeTooSmall(uint128 free, uint128 needed);
    /// @notice An upgrade must raise the quota.
    error QuotaNotRaised(uint128 given, uint128 current);
    /// @notice More was sent than the quota needs.
    error SentTooMuch(uint128 sent, uint128 needed);
    error QuotaRequired();

    event QuotaSet(bytes32 indexed stakeId, address indexed buyer, bytes32 indexed listingId, uint128 quotaWei, uint32 upgrades);

    /// @return keccak256(abi.encode(buyer, listingId)).
    function stakeIdOf(address buyer, bytes32 listingId) external pure returns (bytes32);
    function purchaseOf(bytes32 stakeId) external view returns (Purchase memory);
    /// @return max(buyerStakeMin, quotaWei × buyerStakeBps ÷ 10,000 rounded up), wei.
    function stakeNeeded(uint128 quotaWei) external view returns (uint128);
    /// @return whether the buyer's free stake covers the quota. What access hangs on.
    function isCovered(bytes32 stakeId) external view returns (bool);

    /// @notice The first stake of the caller for a listing: at least what the quota needs. Entry.
    function stake(bytes32 listingId, uint128 quotaWei) external payable returns (bytes32 stakeId);
    /// @notice Raises the quota. Sends what the stake lacks for it, exactly, and nothing where it covers it. Entry.
    function upgrade(bytes32 listingId, uint128 quotaWei) external payable;
    /// @notice Replaces what a slash took, so that the quota is covered again. Entry.
    function replenish(bytes32 listingId) external payable;
}
