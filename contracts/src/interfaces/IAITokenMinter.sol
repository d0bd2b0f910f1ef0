// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Receipt, SumNode} from "../libraries/ReceiptTypes.sol";
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
/// @notice A provider mints, per epoch, at most `mintRate` tokens for each unit of fees that its settlements paid in that epoch, and at most `mintEpochCap`. Fees are what goes to
/// others, so whoever pays himself loses more than he gets. A provider mints either by the epoch, or by receipts of lanes declared so: never both.
interface IAITokenMinter {
    enum Mode {
        Undeclared,
        Cumulative,
        PerReceipt
    }

    error NotProvider(address caller, bytes32 providerId);
    error ModeMismatch(bytes32 providerId, Mode mode);
    error EpochUnknown(uint64 epoch);
    /// @notice `wanted` in all for this provider and epoch, of `allowed`.
    error AboveBound(bytes32 providerId, uint64 epoch, uint256 wanted, uint256 allowed);
    error NothingToMint(bytes32 providerId, uint64 epoch);
    error ReceiptUsed(bytes32 receiptHash);
    error ReceiptNotFinal(bytes32 batchId);
    error ReceiptNotIncluded();
    /// @notice The lane does not mint per receipt, or the receipt is a sandbox's, a credit or another provider's.
    error ReceiptNotMintable();

    event ModeDeclared(bytes32 indexed providerId, Mode mode);
    /// @notice `minted` is the total of this provider and epoch after it; `receiptHash` 0 where it was minted by the epoch.
    event Minted(bytes32 indexed providerId, uint64 indexed epoch, address indexed to, uint256 amount, uint256 minted, bytes32 receiptHash);

    function token() external view returns (IAIToken);
    function modeOf(bytes32 providerId) external view returns (Mode);
    /// @return all that the provider may ever mint for `epoch`: fees so far × rate, at most the cap. Rate and cap are those that held when the provider first minted in the epoch.
    function allowed(bytes32 providerId, uint64 epoch) external view returns (uint256);
    function minted(bytes32 providerId, uint64 epoch) external view returns (uint256);
    function isUsed(bytes32 receiptHash) external view returns (bool);

    /// @notice How the provider mints, for good. Only its operator.
    function declareMode(bytes32 providerId, Mode mode) external;
    /// @notice Mints all that is allowed and not minted for an epoch, to the payout address. Anyone. Mode: Cumulative.
    function mintEpoch(bytes32 providerId, uint64 epoch) external returns (uint256 amount);
    /// @notice Mints for one receipt of a final batch: its amount × rate, within the bound of the epoch of its end. Free jobs mint nothing. Anyone, to the provider's payout address. Mode: PerReceipt.
    function mintReceipt(Receipt calldata receipt, uint64 seqFrom, uint32 index, SumNode[] calldata path) external returns (uint256 amount);
}
