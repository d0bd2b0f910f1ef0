// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ICapabilityAuthority} from "../../../src/interfaces/ICapabilityAuthority.sol";

/// @notice An issuer that is a contract (ERC-1271): it stands behind the digests that it was told of.
contract QuorumIssuerDouble is IERC1271 {
    mapping(bytes32 digest => bool) public stands;

    function standBehind(bytes32 digest) external {
        stands[digest] = true;
    }

    function revoke(ICapabilityAuthority at_, bytes32 id) external {
        at_.revoke(id);
    }

    function isValidSignature(bytes32 digest, bytes memory) external view returns (bytes4) {
        return stands[digest] ? IERC1271.isValidSignature.selector : bytes4(0xffffffff);
    }
}
