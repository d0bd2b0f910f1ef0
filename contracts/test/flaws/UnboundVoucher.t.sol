// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISessionChannels} from "../../src/interfaces/ISessionChannels.sol";
import {MoneyFixture} from "../support/MoneyFixture.sol";
import {Test} from "../support/Test.sol";

/// Flawed on purpose: the voucher says how much, but not of which channel, contract or chain.
contract UnboundVoucher {
    struct Channel {
        address authorizer;
        uint256 deposited;
        uint256 claimed;
    }

    mapping(bytes32 => Channel) public channelOf;

    function open(bytes32 channelId, address authorizer, uint256 deposited) external {
        channelOf[channelId] = Channel(authorizer, deposited, 0);
    }

    function claim(bytes32 channelId, uint256 total, uint8 v, bytes32 r, bytes32 s) external {
        Channel storage channel = channelOf[channelId];
        address signer = ecrecover(keccak256(abi.encode(total)), v, r, s);
        require(signer != address(0) && signer == channel.authorizer && total <= channel.deposited, "signature");
        channel.claimed = total;
    }
}

/// One key signs for several channels, as a gateway's does: a voucher for the first is taken from the second too.
contract UnboundVoucherTest is Test {
    function test_flaw_oneVoucherIsClaimedOfTwoChannelsAndOnTwoChains() external {
        (address authorizer, uint256 key) = account("authorizer");
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, keccak256(abi.encode(uint256(500))));
        UnboundVoucher here = new UnboundVoucher();
        here.open("first", authorizer, 1_000);
        here.open("second", authorizer, 1_000);
        here.claim("first", 500, v, r, s);
        here.claim("second", 500, v, r, s);
        vm.chainId(8_453);
        UnboundVoucher there = new UnboundVoucher();
        there.open("first", authorizer, 1_000);
        there.claim("first", 500, v, r, s);
        assertEq(_claimed(here, "first") + _claimed(here, "second") + _claimed(there, "first"), 1_500, "of one promise of 500");
    }

    function _claimed(UnboundVoucher channels, bytes32 id) private view returns (uint256 claimed) {
        (,, claimed) = channels.channelOf(id);
    }
}

/// Ours signs vouchers over the channel's id, which binds chain, contract and every term.
contract UnboundVoucherRefusedTest is MoneyFixture {
    function test_aVoucherOfOneChannelIsNoneOfAnother() external {
        (ISessionChannels.ChannelConfig memory first,) = _open(1_000);
        ISessionChannels.ChannelConfig memory second = _config();
        second.salt = "second";
        _open(second, 1_000);
        ISessionChannels.Claim memory claim = _claim(first, 0, 500);
        assertEq(_claimAs(claim), 500, "of the first");
        claim.config = second;
        _refused(claim);
    }

    function test_aVoucherOfOneChainIsNoneOfAnother() external {
        (ISessionChannels.ChannelConfig memory config,) = _open(1_000);
        ISessionChannels.Claim memory claim = _claim(config, 0, 500);
        vm.chainId(8_453);
        _refused(claim);
    }

    function test_aVoucherOnAChannelIsNoneOnItsLock() external {
        (ISessionChannels.ChannelConfig memory config,) = _open(1_000);
        _lock(config, JOB, 500);
        ISessionChannels.Claim memory claim = _claim(config, 0, 500);
        claim.jobId = JOB;
        _refused(claim);
    }

    function _refused(ISessionChannels.Claim memory claim) private {
        vm.prank(operator);
        vm.expectRevert(ISessionChannels.BadSignature.selector);
        channels.claimMany(PROVIDER, _one(claim), "");
    }
}
