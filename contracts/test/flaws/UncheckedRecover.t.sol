// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISessionChannels} from "../../src/interfaces/ISessionChannels.sol";
import {MoneyFixture} from "../support/MoneyFixture.sol";
import {Test} from "../support/Test.sol";

/// Flawed on purpose: `ecrecover` answers the zero address for what is no signature, and a channel that was never opened has that authorizer.
contract UncheckedRecover {
    mapping(bytes32 => address) public authorizerOf;
    mapping(bytes32 => uint256) public claimed;

    function open(bytes32 channelId, address authorizer) external {
        authorizerOf[channelId] = authorizer;
    }

    function claim(bytes32 channelId, uint256 total, uint8 v, bytes32 r, bytes32 s) external {
        require(ecrecover(keccak256(abi.encode(channelId, total)), v, r, s) == authorizerOf[channelId], "signature");
        claimed[channelId] = total;
    }
}

contract UncheckedRecoverTest is Test {
    function test_flaw_noSignatureIsTheZeroAddressesSignature() external {
        UncheckedRecover channels = new UncheckedRecover();
        channels.claim("never opened", 1_000_000, 0, 0, 0);
        assertEq(channels.claimed("never opened"), 1_000_000, "claimed without any signature");
    }

    function test_flaw_aKeyThatIsSetIsChecked() external {
        UncheckedRecover channels = new UncheckedRecover();
        channels.open("opened", named("authorizer"));
        vm.expectRevert();
        channels.claim("opened", 1_000_000, 0, 0, 0);
    }
}

/// Ours takes a failed recovery for what it is, and opens no channel whose authorizer is the zero address.
contract UncheckedRecoverRefusedTest is MoneyFixture {
    function test_noSignatureIsNobodys() external {
        ISessionChannels.ChannelConfig memory config = _config();
        config.payerAuthorizer = address(0);
        bytes[3] memory nothing = [bytes(""), new bytes(65), abi.encodePacked(bytes32(0), bytes32(0), uint8(27))];
        for (uint256 i = 0; i < 3; ++i) {
            ISessionChannels.Claim memory claim = ISessionChannels.Claim(config, 0, 1_000_000, 1_000_000, 1, ROOT, nothing[i]);
            vm.prank(operator);
            vm.expectRevert(ISessionChannels.BadSignature.selector);
            channels.claimMany(PROVIDER, _one(claim), "");
        }
    }

    function test_noChannelHasTheZeroAddressForItsAuthorizer() external {
        ISessionChannels.ChannelConfig memory config = _config();
        config.payerAuthorizer = address(0);
        vm.prank(tenant);
        vm.expectRevert(ISessionChannels.ZeroAddress.selector);
        channels.open(config, 1_000_000, "");
    }
}
