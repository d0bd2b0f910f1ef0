// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISessionChannels} from "../interfaces/ISessionChannels.sol";

/// @notice EIP-712 struct hashes of channels. They are made in memory that is not kept: a call with hundreds of claims would otherwise pay for kilobytes of it.
library ChannelHash {
    bytes32 internal constant CONFIG_TYPE = keccak256(
        "ChannelConfig(address tenant,address payerAuthorizer,bytes32 providerId,uint128 ceiling,uint64 validUntil,uint32 withdrawDelay,bytes32 salt)"
    );
    bytes32 internal constant VOUCHER_TYPE = keccak256("Voucher(bytes32 channelId,uint128 maxClaimableAmount)");
    bytes32 internal constant CLAIM_TYPE =
        keccak256("UsageClaim(bytes32 channelId,uint128 totalClaimed,uint64 receiptCount,bytes32 receiptsRoot)");
    bytes32 internal constant CLAIMS_TYPE = keccak256(
        "UsageClaims(UsageClaim[] claims)UsageClaim(bytes32 channelId,uint128 totalClaimed,uint64 receiptCount,bytes32 receiptsRoot)"
    );

    /// @dev Seven words of calldata, in EIP-712 order. A word with dirty high bits hashes to a channel that cannot be opened, since whoever opens reads every field.
    function config(ISessionChannels.ChannelConfig calldata value) internal pure returns (bytes32 hash) {
        bytes32 typeHash = CONFIG_TYPE;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, typeHash)
            calldatacopy(add(free, 0x20), value, 0xe0)
            hash := keccak256(free, 0x100)
        }
    }

    function voucher(bytes32 accountId, uint128 maxClaimableAmount) internal pure returns (bytes32 hash) {
        bytes32 typeHash = VOUCHER_TYPE;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, typeHash)
            mstore(add(free, 0x20), accountId)
            mstore(add(free, 0x40), maxClaimableAmount)
            hash := keccak256(free, 0x60)
        }
    }

    function claim(bytes32 accountId, uint128 totalClaimed, uint64 receiptCount, bytes32 receiptsRoot)
        internal
        pure
        returns (bytes32 hash)
    {
        bytes32 typeHash = CLAIM_TYPE;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, typeHash)
            mstore(add(free, 0x20), accountId)
            mstore(add(free, 0x40), totalClaimed)
            mstore(add(free, 0x60), receiptCount)
            mstore(add(free, 0x80), receiptsRoot)
            hash := keccak256(free, 0xa0)
        }
    }

    /// @param hashes of the claims, in their order.
    function claims(bytes32[] memory hashes) internal pure returns (bytes32) {
        return keccak256(abi.encode(CLAIMS_TYPE, keccak256(abi.encodePacked(hashes))));
    }

    /// @dev keccak256(abi.encode(channelId, jobId)).
    function lock(bytes32 channelId, bytes32 jobId) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            mstore(0x00, channelId)
            mstore(0x20, jobId)
            hash := keccak256(0x00, 0x40)
        }
    }
}
