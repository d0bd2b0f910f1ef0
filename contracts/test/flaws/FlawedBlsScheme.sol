// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IQuorumScheme} from "../../src/interfaces/IQuorumVerifier.sol";

/// @notice FLAWED, for tests: `BlsScheme` without the proof of possession. It takes any point as a key, as the first implementations did.
contract FlawedBlsScheme is IQuorumScheme {
    IQuorumScheme private immutable SOUND;

    constructor(IQuorumScheme sound) {
        SOUND = sound;
    }

    function keyLength() external view returns (uint256) {
        return SOUND.keyLength();
    }

    function checkKey(address, bytes calldata key, bytes calldata) external view {
        if (key.length != SOUND.keyLength()) revert KeyInvalid();
    }

    function verify(bytes32 digest, bytes calldata keys, bytes calldata proof) external view returns (uint256 mask) {
        return SOUND.verify(digest, keys, proof);
    }
}
