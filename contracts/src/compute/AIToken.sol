// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAIToken} from "../interfaces/IAITokenMinter.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title The compute token
/// @notice See `IAIToken`. No role, no owner, no pause and no list of holders: who holds a token may pass it on.
contract AIToken is IAIToken, ERC20Permit {
    /// @inheritdoc IAIToken
    address public immutable minter;

    /// @param minter_ the `AITokenMinter`. It may be deployed later: its address is known before.
    constructor(address minter_) ERC20("Tallystick AI Token", "AIT") ERC20Permit("Tallystick AI Token") {
        if (minter_ == address(0)) revert ZeroAddress();
        minter = minter_;
    }

    /// @inheritdoc IAIToken
    function mint(address to, uint256 amount) external {
        if (msg.sender != minter) revert OnlyMinter(msg.sender);
        _mint(to, amount);
    }

    /// @inheritdoc IAIToken
    function burn(uint256 amount) external {
        _burn(msg.sender, amount);
    }
}
