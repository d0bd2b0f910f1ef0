// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICreditVault} from "../../../src/interfaces/ICreditVault.sol";
import {IParamGovernor} from "../../../src/interfaces/IParamGovernor.sol";
import {IProviderRegistry} from "../../../src/interfaces/IProviderRegistry.sol";
import {ISessionChannels} from "../../../src/interfaces/ISessionChannels.sol";
import {TallyDomain} from "../../../src/libraries/TallyDomain.sol";
import {ChannelHash} from "../../../src/money/ChannelHash.sol";
import {SessionChannels} from "../../../src/money/SessionChannels.sol";
import {EipVectors} from "../../support/EipVectors.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// The domain by itself: what the contracts wrap their struct hashes in.
contract Wrapper is TallyDomain {
    function digestOf(bytes32 structHash) external view returns (bytes32) {
        return _hashTypedDataV4(structHash);
    }
}

/// What TypeScript hashes and signs of channels is what the contracts hash.
contract ChannelVectorsTest is EipVectors {
    function test_channelConfig_idAndSignatureAreTheContracts() external {
        _load("channel-config");
        assertEq(ChannelHash.CONFIG_TYPE, _typeHash(), "type");
        ISessionChannels channels = ISessionChannels(_etch(address(_channels())));
        for (uint256 i = 0; _exists(i); ++i) {
            bytes32 id = channels.channelIdOf(
                ISessionChannels.ChannelConfig({
                    tenant: _address(i, "tenant"),
                    payerAuthorizer: _address(i, "payerAuthorizer"),
                    providerId: _word(i, "providerId"),
                    ceiling: uint128(_number(i, "ceiling")),
                    validUntil: uint64(_number(i, "validUntil")),
                    withdrawDelay: uint32(_number(i, "withdrawDelay")),
                    salt: _word(i, "salt")
                })
            );
            assertEq(id, _digest(i), "id");
            assertEq(ECDSA.recover(id, _signature(i)), signer, "signer");
        }
    }

    function test_voucher_digestIsTheContracts() external {
        _load("voucher");
        assertEq(ChannelHash.VOUCHER_TYPE, _typeHash(), "type");
        for (uint256 i = 0; _exists(i); ++i) {
            _check(i, ChannelHash.voucher(_word(i, "channelId"), uint128(_number(i, "maxClaimableAmount"))));
        }
    }

    function test_usageClaim_digestIsTheContracts() external {
        _load("usage-claim");
        assertEq(ChannelHash.CLAIM_TYPE, _typeHash(), "type");
        for (uint256 i = 0; _exists(i); ++i) {
            _check(i, _claim(i, ""));
        }
    }

    function test_usageClaims_digestIsTheContracts() external {
        _load("usage-claims");
        assertEq(ChannelHash.CLAIMS_TYPE, _typeHash(), "type");
        for (uint256 i = 0; _exists(i); ++i) {
            uint256 count = 0;
            while (vm.keyExistsJson(json, _message(i, string.concat("claims[", vm.toString(count), "]")))) ++count;
            bytes32[] memory hashes = new bytes32[](count);
            for (uint256 k = 0; k < count; ++k) {
                hashes[k] = _claim(i, string.concat("claims[", vm.toString(k), "]."));
            }
            _check(i, ChannelHash.claims(hashes));
        }
    }

    function test_lock_idIsTheContracts() external {
        json = vm.readFile("packages/core/vectors/lock.json");
        ISessionChannels channels = _channels();
        uint256 i = 0;
        for (; vm.keyExistsJson(json, string.concat(".locks[", vm.toString(i), "]")); ++i) {
            string memory path = string.concat(".locks[", vm.toString(i), "].");
            bytes32 channelId = vm.parseJsonBytes32(json, string.concat(path, "channelId"));
            bytes32 jobId = vm.parseJsonBytes32(json, string.concat(path, "jobId"));
            assertEq(channels.lockIdOf(channelId, jobId), vm.parseJsonBytes32(json, string.concat(path, "lockId")), "lock");
        }
        assertTrue(i > 0, "the file has cases");
    }

    /// A vector of another chain is another digest: the reading above would not pass by chance.
    function test_anotherChainIsAnotherDigest() external {
        _load("voucher");
        Wrapper wrapper = Wrapper(_etch(address(new Wrapper())));
        assertEq(wrapper.digestOf(_structHash(0)), _digest(0), "here");
        vm.chainId(8_453);
        assertTrue(wrapper.digestOf(_structHash(0)) != _digest(0), "there");
    }

    function _claim(uint256 i, string memory prefix) private view returns (bytes32) {
        return ChannelHash.claim(
            _word(i, string.concat(prefix, "channelId")),
            uint128(_number(i, string.concat(prefix, "totalClaimed"))),
            uint64(_number(i, string.concat(prefix, "receiptCount"))),
            _word(i, string.concat(prefix, "receiptsRoot"))
        );
    }

    function _check(uint256 i, bytes32 structHash) private {
        assertEq(structHash, _structHash(i), "struct hash");
        bytes32 digest = Wrapper(_etch(address(new Wrapper()))).digestOf(structHash);
        assertEq(digest, _digest(i), "digest");
        assertEq(ECDSA.recover(digest, _signature(i)), signer, "signer");
    }

    /// Hashing asks none of the three.
    function _channels() private returns (SessionChannels) {
        return new SessionChannels(ICreditVault(address(1)), IProviderRegistry(address(2)), IParamGovernor(address(3)));
    }
}
