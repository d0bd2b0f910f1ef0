// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title The stable asset of local chains: a test asset of no value
/// @notice Stands in for the asset behind credits where there is none. Anyone may mint it, so it refuses to exist on any chain but the local ones.
contract TestAsset is ERC20Permit {
    /// @notice Only the local chains 31337, 31338 and 31339 may have it.
    error OnlyLocalChains(uint256 chainId);

    /// @dev The name fits into one word, which the domain of permits needs: so it is the same in both.
    constructor() ERC20("Tallystick Test USD - no value", "testUSD") ERC20Permit("Tallystick Test USD - no value") {
        if (block.chainid < 31_337 || block.chainid > 31_339) revert OnlyLocalChains(block.chainid);
    }

    /// @notice Mints `amount` base units to `to`. Anyone.
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    /// @inheritdoc ERC20
    function decimals() public pure override returns (uint8) {
        return 6;
    }
}
