// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Who gets what of a settlement
/// @notice 92 % provider, 2 % oracles, 3 % reserve, 3 % protocol at launch; versioned, changed behind the access manager's delay, and within hard bounds. Holds nothing:
/// the vault does. Shares are rounded down and the provider takes the remainder, so they always sum to the amount.
interface ISettlementTreasury {
    /// @notice Basis points. The provider's share is what is left of 10,000.
    struct Split {
        uint16 oraclesBps;
        uint16 reserveBps;
        uint16 protocolBps;
    }

    struct Shares {
        uint128 provider;
        uint128 oracles;
        uint128 reserve;
        uint128 protocol;
    }

    error OnlyVault(address caller);
    error SplitOutOfBounds(uint256 feesBps, uint256 max);
    error ProviderNotPayable(bytes32 providerId);
    /// @notice Neither the reserve nor the protocol.
    error BeneficiaryUnknown(bytes32 beneficiary);
    error NothingOwed(bytes32 beneficiary);
    /// @notice There is no set of oracles yet, or not of five.
    error OraclesMissing();
    error ZeroAddress();

    event SplitSet(uint32 indexed version, uint16 oraclesBps, uint16 reserveBps, uint16 protocolBps);
    /// @notice Cumulative totals after the settlement. `fees` of the provider in this epoch bound what it may mint.
    event FeesRecorded(bytes32 indexed providerId, uint64 indexed epoch, uint32 splitVersion, uint128 volume, uint128 fees);
    event BeneficiarySet(bytes32 indexed beneficiary, address payout);
    /// @notice `each` was paid to every member that is not struck; `remainder` waits.
    event OraclesPaid(uint64 indexed oracleEpoch, uint128 each, uint128 remainder);

    /// @notice Key of the share in the vault. The oracles' share waits under `ORACLES` until it is divided.
    function ORACLES() external view returns (bytes32);
    function RESERVE() external view returns (bytes32);
    function PROTOCOL() external view returns (bytes32);
    /// @notice 2000: the most that all shares but the provider's may take together, basis points.
    function FEES_MAX_BPS() external view returns (uint256);
    /// @return the address of the reserve or of the protocol.
    function payoutOf(bytes32 beneficiary) external view returns (address);
    /// @return the current version, counted from 1.
    function splitVersion() external view returns (uint32);
    function splitAt(uint32 version) external view returns (Split memory);
    /// @return the shares of `amount` under the current split; their sum is `amount`.
    function sharesOf(uint128 amount) external view returns (Shares memory);
    /// @return the epoch (weeks since 1970) of now, which fees are recorded under.
    function feeEpoch() external view returns (uint64);
    /// @return what was settled for the provider in `epoch`, credit base units.
    function volumeOf(bytes32 providerId, uint64 epoch) external view returns (uint128);
    /// @return fees (all shares but the provider's) that the provider's settlements paid in `epoch`, credit base units.
    function feesOf(bytes32 providerId, uint64 epoch) external view returns (uint128);

    /// @notice Records a settlement and tells its shares. Only the vault.
    function record(bytes32 providerId, uint128 amount) external returns (Shares memory);
    /// @notice Draws all that is owed to a provider to its payout address. Anyone. Only active, staked providers, and retired ones, are paid. Exit.
    function payProvider(bytes32 providerId) external returns (uint128 amount);
    /// @notice Draws the reserve's or the protocol's share to its address. Anyone.
    function payBeneficiary(bytes32 beneficiary) external returns (uint128 amount);
    /// @notice Divides the oracles' share equally among the operators of the current set, less those that a review struck for their stakes. What cannot be divided waits, and all
    /// of it where nobody is left. Anyone: operators who leave a set call it before.
    function payOracles() external returns (uint128 each);
    /// @notice Role: GOVERNOR. Fees together at most 20 %.
    function setSplit(Split calldata split) external;
    /// @notice Role: GOVERNOR.
    function setBeneficiary(bytes32 beneficiary, address payout) external;
}
