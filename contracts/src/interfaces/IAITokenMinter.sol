// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Receipt, SumNode} from "../libraries/ReceiptTypes.sol";
import {IParamGovernor} from "./IParamGovernor.sol";
import {IProviderRegistry} from "./IProviderRegistry.sol";
import {ISettlementTreasury} from "./ISettlementTreasury.sol";
import {IUsageReceipts} from "./IUsageReceipts.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title The compute token
/// @notice ERC-20 with Permit, 18 decimals. Nothing exists before somebody served compute: no premint, one minter, fixed for good.
interface IAIToken is IERC20 {
    error OnlyMinter(address caller);
    error ZeroAddress();

    function minter() external view returns (address);
    /// @notice Only the minter.
    function mint(address to, uint256 amount) external;
    /// @notice Burns of the caller's.
    function burn(uint256 amount) external;
}

/// @title Minting for served compute
/// @notice A provider mints, per epoch, at most `mintRate` tokens for each unit of fees that its settlements paid in that epoch, and at most `mintEpochCap`. It mints either by the
/// epoch, or by receipts of lanes declared so: never both.
///
/// What is promised: no token without fees paid; whoever is his own customer buys tokens at 1 / `mintRate` credits each from those who share the fees, and gets none for nothing.
/// What is not: that this is a bad bargain. It is one only while tokens are worth less than 1 / `mintRate` credits, which no contract can know; so the market's price has a ceiling
/// there, and governance keeps the rate within its bounds. Who waits with the first mint of an epoch takes the rate of the day on which it is made, better or worse:
/// while the epoch runs only the provider makes it, afterwards anyone. One who shares
/// in the fees (an oracle's operator) pays himself back that share. The cap is each provider's: whoever registers twice has two, but no more tokens per fee.
interface IAITokenMinter {
    enum Mode {
        Undeclared,
        Cumulative,
        PerReceipt
    }

    error NotProvider(address caller, bytes32 providerId);
    error ModeMismatch(bytes32 providerId, Mode mode);
    /// @notice The epoch has not begun.
    error EpochUnknown(uint64 epoch);
    /// @notice `wanted` in all for this provider and epoch, of `allowed`.
    error AboveBound(bytes32 providerId, uint64 epoch, uint256 wanted, uint256 allowed);
    error NothingToMint(bytes32 providerId, uint64 epoch);
    /// @notice Not paid now (suspended, or without stake): what it may mint waits as its payouts do.
    error ProviderNotPayable(bytes32 providerId);
    error ReceiptUsed(bytes32 receiptHash);
    error ReceiptNotFinal(bytes32 batchId);
    error ReceiptNotIncluded();
    /// @notice The lane does not mint per receipt, or the receipt is a sandbox's, a burned one's, a credit, another provider's or at another place of its lane.
    error ReceiptNotMintable();
    error ZeroAddress();

    event ModeDeclared(bytes32 indexed providerId, Mode mode);
    /// @notice What holds for this provider and epoch from its first mint on. `feesBps` is the share of a receipt's amount that is fees.
    event TermsSet(bytes32 indexed providerId, uint64 indexed epoch, uint256 rate, uint256 cap, uint256 feesBps);
    /// @notice `minted` is the total of this provider and epoch after it; `receiptHash` 0 where it was minted by the epoch.
    event Minted(bytes32 indexed providerId, uint64 indexed epoch, address indexed to, uint256 amount, uint256 minted, bytes32 receiptHash);

    function token() external view returns (IAIToken);
    function receipts() external view returns (IUsageReceipts);
    function treasury() external view returns (ISettlementTreasury);
    function registry() external view returns (IProviderRegistry);
    function governor() external view returns (IParamGovernor);
    function modeOf(bytes32 providerId) external view returns (Mode);
    /// @return all that the provider may ever mint for `epoch`: fees so far × rate, at most the cap. Rate and cap are those that held when the provider first minted in the epoch.
    function allowed(bytes32 providerId, uint64 epoch) external view returns (uint256);
    function minted(bytes32 providerId, uint64 epoch) external view returns (uint256);
    function isUsed(bytes32 receiptHash) external view returns (bool);

    /// @notice How the provider mints, for good. Only its operator.
    function declareMode(bytes32 providerId, Mode mode) external;
    /// @notice Mints all that is allowed and not minted for an epoch, to the payout address. The current epoch too: what comes later is minted later. Anyone, but the first
    /// mint of an epoch that runs: only the provider's operator or payout address. Mode: Cumulative. Entry.
    function mintEpoch(bytes32 providerId, uint64 epoch) external returns (uint256 amount);
    /// @notice Mints for one receipt of a final batch: the fees on its amount × rate, within the bound of the epoch of its end. Free jobs mint nothing. To the provider's payout
    /// address; by whom as above. Mode: PerReceipt. Entry. A receipt that finds no room is not used up.
    function mintReceipt(Receipt calldata receipt, uint64 seqFrom, uint32 index, SumNode[] calldata path) external returns (uint256 amount);
}
