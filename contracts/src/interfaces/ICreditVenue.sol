// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title A contract that may move credits
/// @notice Nobody can bring credits to a venue but the venue itself, so an account that were made one against its will could not be refunded. A contract says here that it is one; people's
/// accounts and wallets do not.
interface ICreditVenue {
    /// @return this function's own selector.
    function creditVenue() external view returns (bytes4);
}
