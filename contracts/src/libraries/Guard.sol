// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

/// @notice The one place that names the reentrancy guard: a chain without transient storage swaps it here for OpenZeppelin's `ReentrancyGuard`.
abstract contract Guard is ReentrancyGuardTransient {}
