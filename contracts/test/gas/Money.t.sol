// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISessionChannels} from "../../src/interfaces/ISessionChannels.sol";
import {MoneyFixture} from "../support/MoneyFixture.sol";

/// @notice What money costs. Each test makes one call cold (no slot or account of it was touched in its transaction before) and takes the gas of that call alone.
/// A transaction pays 21,000 and its calldata on top; `test_gas_claimMany_200` bounds that sum as well.
contract MoneyGasTest is MoneyFixture {
    /// The prototype's figure, per channel of a claim of 200, which the contracts must beat, calldata and transaction included.
    uint256 private constant PER_CHANNEL_MAX = 20_400;

    function test_gas_deposit() public {
        asset.mint(tenant, 1e6);
        vm.prank(tenant);
        asset.approve(address(credits), 1e6);
        _cool();
        vm.prank(tenant);
        credits.deposit(tenant, 1e6);
        vm.snapshotGasLastCall("Money: deposit");
    }

    function test_gas_redeem() public {
        _cool();
        vm.prank(tenant);
        credits.redeem(tenant, 1e6);
        vm.snapshotGasLastCall("Money: redeem");
    }

    function test_gas_open() public {
        ISessionChannels.ChannelConfig memory config = _config();
        _cool();
        vm.prank(tenant);
        channels.open(config, 1000e6, "");
        vm.snapshotGasLastCall("Money: open with a deposit");
    }

    function test_gas_topUp() public {
        (ISessionChannels.ChannelConfig memory config,) = _open(1000e6);
        _cool();
        vm.prank(tenant);
        channels.topUp(config, 1e6);
        vm.snapshotGasLastCall("Money: top up");
    }

    function test_gas_claimMany_1() public {
        _claimMany(1, "");
        vm.snapshotGasLastCall("Money: claim of 1 channel");
    }

    function test_gas_claimMany_200() public {
        uint256 calldataGas = _claimMany(200, "");
        uint256 gas = vm.snapshotGasLastCall("Money: claim of 200 channels");
        assertLe((gas + calldataGas + 21_000) / 200, PER_CHANNEL_MAX, "gas per channel, all in");
        vm.snapshotValue("Money: claim of 200 channels, per channel", gas / 200);
        vm.snapshotValue("Money: claim of 200 channels, per channel with calldata and transaction", (gas + calldataGas + 21_000) / 200);
    }

    function test_gas_claimMany_400() public {
        _claimMany(400, "");
        vm.snapshotGasLastCall("Money: claim of 400 channels");
    }

    function test_gas_requestWithdraw() public {
        (ISessionChannels.ChannelConfig memory config,) = _open(1000e6);
        _cool();
        vm.prank(tenant);
        channels.requestWithdraw(config);
        vm.snapshotGasLastCall("Money: request withdraw");
    }

    function test_gas_finalize() public {
        (ISessionChannels.ChannelConfig memory config,) = _open(1000e6);
        vm.warp(ENDS_AT);
        _cool();
        channels.finalize(config);
        vm.snapshotGasLastCall("Money: finalize");
    }

    function test_gas_lock() public {
        (ISessionChannels.ChannelConfig memory config,) = _open(1000e6);
        _cool();
        vm.prank(tenant);
        channels.lock(config, JOB, 1e6);
        vm.snapshotGasLastCall("Money: lock");
    }

    function test_gas_unlock() public {
        (ISessionChannels.ChannelConfig memory config,) = _open(1000e6);
        _lock(config, JOB, 1e6);
        _cool();
        vm.prank(operator);
        channels.unlock(config, JOB);
        vm.snapshotGasLastCall("Money: unlock");
    }

    function test_gas_payProvider() public {
        (ISessionChannels.ChannelConfig memory config,) = _open(1000e6);
        _claimAs(_claim(config, 0, 10e6));
        _cool();
        treasury.payProvider(PROVIDER);
        vm.snapshotGasLastCall("Money: pay a provider");
    }

    function test_gas_payOracles() public {
        (ISessionChannels.ChannelConfig memory config,) = _open(1000e6);
        _claimAs(_claim(config, 0, 10e6));
        _cool();
        treasury.payOracles();
        vm.snapshotGasLastCall("Money: pay five oracles");
    }

    /// Claims of `count` channels that were all claimed of before, as every hour does, by the operator.
    /// @return calldataGas of the call, at 4 and 16 per byte.
    function _claimMany(uint256 count, bytes memory providerSignature) private returns (uint256 calldataGas) {
        ISessionChannels.Claim[] memory claims = new ISessionChannels.Claim[](count);
        for (uint256 i = 0; i < count; ++i) {
            ISessionChannels.ChannelConfig memory config = _config();
            config.salt = keccak256(abi.encode(i));
            _open(config, 100e6);
            _claimAs(_claim(config, 0, 5_123_456));
            claims[i] = _claim(config, 0, 7_654_321);
        }
        bytes memory data = abi.encodeCall(ISessionChannels.claimMany, (PROVIDER, claims, providerSignature));
        for (uint256 i = 0; i < data.length; ++i) {
            calldataGas += data[i] == 0 ? 4 : 16;
        }
        _cool();
        vm.prank(operator);
        channels.claimMany(PROVIDER, claims, providerSignature);
    }

    function _cool() private {
        vm.cool(address(channels));
        vm.cool(address(vault));
        vm.cool(address(treasury));
        vm.cool(address(credits));
        vm.cool(address(asset));
        vm.cool(address(registry));
        vm.cool(address(governor));
    }
}
