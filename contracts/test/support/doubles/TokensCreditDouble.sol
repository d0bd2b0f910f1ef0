// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TokensPlain} from "./TokensPlain.sol";

/// @notice Stands in for the `CreditToken`: credits against an asset that it holds, without the rules about venues.
contract TokensCreditDouble is TokensPlain {
    TokensPlain public immutable asset = new TokensPlain();

    function deposit(address to, uint256 amount) external {
        asset.mint(address(this), amount);
        _mint(to, amount);
    }

    function redeem(address to, uint256 amount) external {
        _burn(msg.sender, amount);
        asset.transfer(to, amount);
    }
}
