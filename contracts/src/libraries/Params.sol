// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Keys of the `ParamGovernor`. Their bounds are fixed at its construction.
library Params {
    /// @notice Seconds from posting a batch until it can be final. Default 24 h, within 1 h and 14 days.
    bytes32 internal constant DISPUTE_WINDOW = "disputeWindow";
    /// @notice The least seconds between a tenant's request and its withdrawal from a channel. Default 24 h, within 24 h and 30 days.
    bytes32 internal constant WITHDRAW_DELAY_MIN = "withdrawDelayMin";
    /// @notice Seconds a stake of a provider or oracle thaws. Default 7 days, within 2 and 30 days, and above every dispute window that may still be open.
    bytes32 internal constant THAW_PERIOD = "thawPeriod";
    /// @notice Seconds a buyer's stake is locked after the request. Default 7 days, within 7 and 30 days.
    bytes32 internal constant BUYER_LOCK = "buyerLock";
    /// @notice The least stake of a provider, wei. Default 1 ether, within 0.1 and 1,000 ether.
    bytes32 internal constant PROVIDER_STAKE_MIN = "providerStakeMin";
    /// @notice The least stake of an oracle operator, wei. Default 1 ether, within 0.1 and 1,000 ether.
    bytes32 internal constant ORACLE_STAKE_MIN = "oracleStakeMin";
    /// @notice The least stake of a buyer per listing, wei. Default and lower bound 0.1 ether, at most 10 ether.
    bytes32 internal constant BUYER_STAKE_MIN = "buyerStakeMin";
    /// @notice The stake that a quota needs: basis points of the quota's value. Default 1000, at most 10000.
    bytes32 internal constant BUYER_STAKE_BPS = "buyerStakeBps";
    /// @notice The most of a stake that one series of slashes may take, basis points. Default 5000, within 1000 and 10000.
    bytes32 internal constant SLASH_CAP_BPS = "slashCapBps";
    /// @notice What a proven objective fault takes, basis points of the stake. Default 2000, within 100 and 10000, and at most `SLASH_CAP_BPS`.
    bytes32 internal constant FAULT_PENALTY_BPS = "faultPenaltyBps";
    /// @notice Seconds in which the staked party may appeal. Default 3 days, within 1 and 14 days.
    bytes32 internal constant APPEAL_WINDOW = "appealWindow";
    /// @notice Seconds in which an appeal must be decided, or the slash is dismissed. Default 7 days, within 1 and 30 days.
    bytes32 internal constant DECISION_WINDOW = "decisionWindow";
    /// @notice Seconds until a provider's new payout address holds. Default 2 days, within 1 and 30 days.
    bytes32 internal constant PAYOUT_DELAY = "payoutDelay";
    /// @notice Seconds for which the oracle set before the current one may still attest. Default 1 h, within 0 and 24 h.
    bytes32 internal constant EPOCH_OVERLAP = "epochOverlap";
    /// @notice AI tokens (base units) that may be minted per credit base unit of fees. Default 1e12, at most 1e15.
    bytes32 internal constant MINT_RATE = "mintRate";
    /// @notice The most AI tokens (base units) that one provider may mint in one epoch. Default 1e24 (a million tokens), at most 1e27.
    bytes32 internal constant MINT_EPOCH_CAP = "mintEpochCap";
}
