// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICreditVault} from "../../../src/interfaces/ICreditVault.sol";
import {IParamGovernor} from "../../../src/interfaces/IParamGovernor.sol";
import {IProviderRegistry} from "../../../src/interfaces/IProviderRegistry.sol";
import {ISessionChannels} from "../../../src/interfaces/ISessionChannels.sol";
import {ChannelHash} from "../../../src/money/ChannelHash.sol";
import {SessionChannels} from "../../../src/money/SessionChannels.sol";
import {MoneyFixture} from "../../support/MoneyFixture.sol";

contract SessionChannelsConstructTest is MoneyFixture {
    function test_knowsItsModules() public view {
        assertEq(address(channels.vault()), address(vault), "vault");
        assertEq(address(channels.registry()), address(registry), "registry");
        assertEq(address(channels.governor()), address(governor), "governor");
    }

    function test_refusesZeroAddresses() public {
        for (uint256 i = 0; i < 3; ++i) {
            address[3] memory parts = [address(vault), address(registry), address(governor)];
            parts[i] = address(0);
            vm.expectRevert(ISessionChannels.ZeroAddress.selector);
            new SessionChannels(ICreditVault(parts[0]), IProviderRegistry(parts[1]), IParamGovernor(parts[2]));
        }
    }

    /// The hash of a configuration is the plain one of EIP-712, whatever is in it.
    function testFuzz_theIdIsTheDigest(ISessionChannels.ChannelConfig memory config, uint64 chainId) public {
        vm.chainId(bound(chainId, 1, type(uint64).max));
        assertEq(channels.channelIdOf(config), _channelId(config), "id");
    }

    function testFuzz_theLockIsUnderTheChannel(bytes32 channelId, bytes32 jobId) public view {
        assertEq(channels.lockIdOf(channelId, jobId), keccak256(abi.encode(channelId, jobId)), "lock");
    }

    /// Every field counts, and so do the chain and the contract.
    function test_theIdBindsAll() public {
        bytes32[10] memory ids;
        for (uint256 i = 0; i < 8; ++i) {
            ISessionChannels.ChannelConfig memory config = _config();
            if (i == 1) config.tenant = stranger;
            if (i == 2) config.payerAuthorizer = stranger;
            if (i == 3) config.providerId = "other";
            if (i == 4) config.ceiling += 1;
            if (i == 5) config.validUntil += 1;
            if (i == 6) config.withdrawDelay += 1;
            if (i == 7) config.salt = "other";
            ids[i] = channels.channelIdOf(config);
        }
        ids[8] = new SessionChannels(vault, IProviderRegistry(address(registry)), IParamGovernor(address(governor))).channelIdOf(_config());
        vm.chainId(31_338);
        ids[9] = channels.channelIdOf(_config());
        for (uint256 i = 0; i < ids.length; ++i) {
            for (uint256 j = 0; j < i; ++j) {
                assertTrue(ids[i] != ids[j], "two channels, two ids");
            }
        }
    }

    /// The same hashes as the gateway's, by the shared vectors.
    function test_hashesByTheVectors() public view {
        string memory vouchers = vm.readFile("packages/core/vectors/voucher.json");
        string memory claims = vm.readFile("packages/core/vectors/usage-claim.json");
        assertEq(ChannelHash.VOUCHER_TYPE, vm.parseJsonBytes32(vouchers, ".typeHash"), "voucher type");
        assertEq(ChannelHash.CLAIM_TYPE, vm.parseJsonBytes32(claims, ".typeHash"), "claim type");
        uint256 seen;
        for (uint256 i = 0; vm.keyExistsJson(vouchers, _at(i, "")); ++i) {
            bytes32 hash = ChannelHash.voucher(
                vm.parseJsonBytes32(vouchers, _at(i, ".message.channelId")),
                uint128(vm.parseJsonUint(vouchers, _at(i, ".message.maxClaimableAmount")))
            );
            assertEq(hash, vm.parseJsonBytes32(vouchers, _at(i, ".structHash")), "voucher");
            ++seen;
        }
        for (uint256 i = 0; vm.keyExistsJson(claims, _at(i, "")); ++i) {
            bytes32 hash = ChannelHash.claim(
                vm.parseJsonBytes32(claims, _at(i, ".message.channelId")),
                uint128(vm.parseJsonUint(claims, _at(i, ".message.totalClaimed"))),
                uint64(vm.parseJsonUint(claims, _at(i, ".message.receiptCount"))),
                vm.parseJsonBytes32(claims, _at(i, ".message.receiptsRoot"))
            );
            assertEq(hash, vm.parseJsonBytes32(claims, _at(i, ".structHash")), "claim");
            ++seen;
        }
        assertGe(seen, 5, "vectors read");
    }

    function _at(uint256 index, string memory rest) private pure returns (string memory) {
        return string.concat(".cases[", vm.toString(index), "]", rest);
    }
}
