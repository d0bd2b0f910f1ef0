// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISessionChannels} from "../../src/interfaces/ISessionChannels.sol";
import {MoneyFixture} from "../support/MoneyFixture.sol";
import {Test} from "../support/Test.sol";

/// Flawed on purpose: a voucher is an amount to pay, not the total that was ever promised, and nothing remembers that it was paid.
contract RepeatedVoucher {
    mapping(bytes32 => address) public authorizerOf;
    mapping(bytes32 => uint256) public deposited;
    uint256 public paid;

    function open(bytes32 channelId, address authorizer, uint256 amount) external {
        authorizerOf[channelId] = authorizer;
        deposited[channelId] = amount;
    }

    function claim(bytes32 channelId, uint256 amount, uint8 v, bytes32 r, bytes32 s) external {
        bytes32 digest = keccak256(abi.encode(block.chainid, address(this), channelId, amount));
        address signer = ecrecover(digest, v, r, s);
        require(signer != address(0) && signer == authorizerOf[channelId], "signature");
        deposited[channelId] -= amount;
        paid += amount;
    }
}

contract RepeatedVoucherTest is Test {
    function test_flaw_oneVoucherIsPaidUntilTheDepositIsGone() external {
        (address authorizer, uint256 key) = account("authorizer");
        RepeatedVoucher channels = new RepeatedVoucher();
        channels.open("channel", authorizer, 1_000);
        bytes32 digest = keccak256(abi.encode(block.chainid, address(channels), bytes32("channel"), uint256(100)));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        for (uint256 i = 0; i < 10; ++i) {
            channels.claim("channel", 100, v, r, s);
        }
        assertEq(channels.paid(), 1_000, "of one promise of 100");
    }
}

/// Ours promises a total, so the same voucher moves nothing a second time, and is no fault: of two who bring it one pays for nothing.
contract RepeatedVoucherRefusedTest is MoneyFixture {
    function test_oneVoucherIsPaidOnce() external {
        (ISessionChannels.ChannelConfig memory config, bytes32 id) = _open(1_000);
        ISessionChannels.Claim memory claim = _claim(config, 0, 100);
        assertEq(_claimAs(claim), 100, "the first time");
        for (uint256 i = 0; i < 10; ++i) {
            assertEq(_claimAs(claim), 0, "again");
        }
        assertEq(vault.accountOf(id).claimed, 100, "claimed");
        assertEq(_free(id), 900, "free");
    }

    function test_oneVoucherTwiceInOneCallIsPaidOnce() external {
        (ISessionChannels.ChannelConfig memory config,) = _open(1_000);
        ISessionChannels.Claim[] memory claims = new ISessionChannels.Claim[](2);
        (claims[0], claims[1]) = (_claim(config, 0, 100), _claim(config, 0, 100));
        vm.prank(operator);
        assertEq(channels.claimMany(PROVIDER, claims, ""), 100, "claimed");
    }
}
