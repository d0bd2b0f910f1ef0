// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IQuorumScheme} from "../../../src/interfaces/IQuorumVerifier.sol";

/// @notice A broken scheme: any key is good, and the mask is whatever it was told to say.
contract QuorumSchemeDouble is IQuorumScheme {
    uint256 public mask;

    function say(uint256 mask_) external {
        mask = mask_;
    }

    function keyLength() external pure returns (uint256) {
        return 1;
    }

    function checkKey(address, bytes calldata, bytes calldata) external pure {}

    function verify(bytes32, bytes calldata, bytes calldata) external view returns (uint256) {
        return mask;
    }
}
