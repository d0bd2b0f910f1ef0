// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title Credits
/// @notice ERC-20 with Permit, 6 decimals, minted one to one against a stable asset that this contract holds. Credits are not money to pass
/// on: they move only where a venue (a contract that governance admitted) moves them, with the holder's allowance. Nobody but the venue itself can bring credits into a venue, so what a
/// venue holds is what its own books say. Redeeming is open to every holder, always.
interface ICreditToken is IERC20 {
    /// @notice Never a venue; may move credits; no longer admitted, but may still send out what it holds.
    enum Venue {
        None,
        Open,
        Leaving
    }

    /// @notice Credits move only by a venue, and into a venue only by that venue itself.
    error TransferRestricted(address mover);
    /// @notice The asset delivered `received` of `amount`: assets that take a fee or rebase are not accepted.
    error AssetMismatch(uint256 amount, uint256 received);
    /// @notice A venue can be sent away (Leaving), but never be made none: what it holds for others must stay able to leave.
    error VenueNotRemovable(address venue);
    /// @notice The account does not say that it is a venue (`ICreditVenue`). To make one of it against its will would keep its refunds from it.
    error NoVenue(address account);
    error ZeroAmount();
    error ZeroAddress();
    /// @notice The asset does not have the 6 decimals that credits have.
    error DecimalsMismatch(uint8 decimals);

    /// @notice `supply` is the total after it.
    event Deposited(address indexed from, address indexed to, uint256 amount, uint256 supply);
    event Redeemed(address indexed from, address indexed to, uint256 amount, uint256 supply);
    event VenueSet(address indexed venue, Venue state);

    /// @return the stable asset.
    function asset() external view returns (IERC20);
    /// @return the asset held, in base units: never below the supply.
    function reserve() external view returns (uint256);
    function venueOf(address account) external view returns (Venue);

    /// @notice Takes `amount` of the asset from the caller and mints as many credits to `to`. Entry: stops while paused.
    function deposit(address to, uint256 amount) external;
    /// @notice `deposit` with the asset's EIP-2612 permit. A permit that was used already does no harm.
    function depositWithPermit(address to, uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;
    /// @notice Burns `amount` of the caller's credits and pays as much of the asset to `to`. Exit: never stops, and no venue is asked.
    function redeem(address to, uint256 amount) external;
    /// @notice Admits a venue (Open), which must be a contract that says it is one, or sends it away (Leaving). Role: GOVERNOR, who cannot hold back what is in it.
    function setVenue(address venue, Venue state) external;
}
