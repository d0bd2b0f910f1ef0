// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

/// @notice The EIP-712 domain of everything that Tallystick signs: name `Tallystick`, version `1`, the chain and the contract.
abstract contract TallyDomain is EIP712 {
    constructor() EIP712("Tallystick", "1") {}
}
