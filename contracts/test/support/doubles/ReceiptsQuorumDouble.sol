// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IQuorumScheme, IQuorumVerifier} from "../../../src/interfaces/IQuorumVerifier.sol";

/// @notice A quorum without cryptography: an attestation is the digest, the epoch and the mask of those who signed. It refuses what the real one refuses.
contract ReceiptsQuorumDouble {
    uint64 public currentEpoch = 1;
    mapping(uint64 epoch => address[5]) private _operators;

    function setOperators(uint64 epoch, address[5] calldata operators) external {
        _operators[epoch] = operators;
    }

    function setEpoch(uint64 epoch) external {
        currentEpoch = epoch;
    }

    function epochOf(uint64 epoch) external view returns (IQuorumVerifier.Epoch memory set) {
        set.operators = _operators[epoch];
    }

    function verify(bytes32 digest, uint64 epoch, bytes calldata proof) external view returns (uint256 mask) {
        if (epoch != currentEpoch) revert IQuorumVerifier.EpochStale(epoch, 0);
        return verifyAt(digest, epoch, proof);
    }

    function verifyAt(bytes32 digest, uint64 epoch, bytes calldata proof) public view returns (uint256 mask) {
        if (_operators[epoch][0] == address(0)) revert IQuorumVerifier.EpochUnknown(epoch);
        bytes32 over;
        uint64 by;
        (over, by, mask) = abi.decode(proof, (bytes32, uint64, uint256));
        if (over != digest || by != epoch) revert IQuorumScheme.SignatureInvalid();
        uint256 signers = 0;
        for (uint256 i = 0; i < 5; i++) {
            signers += (mask >> i) & 1;
        }
        if (signers < 3) revert IQuorumVerifier.QuorumTooSmall(signers, 3);
    }
}
