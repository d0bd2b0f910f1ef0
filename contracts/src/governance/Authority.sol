// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// The authority is OpenZeppelin's AccessManager as it is. Named here, so that it is compiled with what it governs.
import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
