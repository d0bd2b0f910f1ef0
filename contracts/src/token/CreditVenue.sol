// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICreditVenue} from "../interfaces/ICreditVenue.sol";

/// @dev What a contract inherits that moves credits.
abstract contract CreditVenue is ICreditVenue {
    /// @inheritdoc ICreditVenue
    function creditVenue() external pure returns (bytes4) {
        return ICreditVenue.creditVenue.selector;
    }
}
