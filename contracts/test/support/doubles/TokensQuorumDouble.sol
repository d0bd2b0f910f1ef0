// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IQuorumVerifier} from "../../../src/interfaces/IQuorumVerifier.sol";

/// @notice Stands in for the `QuorumVerifier`: an attestation is good where the test said so of digest, set and bytes together.
contract TokensQuorumDouble {
    mapping(bytes32 => bool) private _attested;

    function attest(bytes32 digest, uint64 epoch, bytes calldata proof) external {
        _attested[keccak256(abi.encode(digest, epoch, proof))] = true;
    }

    function verify(bytes32 digest, uint64 epoch, bytes calldata proof) external view returns (uint256 mask) {
        if (!_attested[keccak256(abi.encode(digest, epoch, proof))]) revert IQuorumVerifier.QuorumTooSmall(0, 3);
        return 7;
    }
}
