// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICreditVault} from "../../../src/interfaces/ICreditVault.sol";
import {IProviderRegistry} from "../../../src/interfaces/IProviderRegistry.sol";
import {IQuorumVerifier} from "../../../src/interfaces/IQuorumVerifier.sol";
import {ISettlementTreasury} from "../../../src/interfaces/ISettlementTreasury.sol";
import {SettlementTreasury} from "../../../src/money/SettlementTreasury.sol";
import {MoneyFixture} from "../../support/MoneyFixture.sol";

contract SettlementTreasuryConstructTest is MoneyFixture {
    function test_beginsWithTheLaunchSplit() public view {
        assertEq(treasury.splitVersion(), 1, "version");
        ISettlementTreasury.Split memory split = treasury.splitAt(1);
        assertEq(split.oraclesBps, 200, "oracles");
        assertEq(split.reserveBps, 300, "reserve");
        assertEq(split.protocolBps, 300, "protocol");
        assertEq(treasury.FEES_MAX_BPS(), 2000, "bound");
        assertEq(treasury.payoutOf(treasury.RESERVE()), reservePayout, "reserve's address");
        assertEq(treasury.payoutOf(treasury.PROTOCOL()), protocolPayout, "protocol's address");
        assertEq(treasury.ORACLES(), keccak256("tallystick.oracles"), "key of the oracles");
        assertEq(treasury.RESERVE(), keccak256("tallystick.reserve"), "key of the reserve");
        assertEq(treasury.PROTOCOL(), keccak256("tallystick.protocol"), "key of the protocol");
    }

    function test_refusesZeroAddresses() public {
        for (uint256 i = 0; i < 6; ++i) {
            address[6] memory parts =
                [address(vault), address(registry), address(verifier), address(manager), reservePayout, protocolPayout];
            parts[i] = address(0);
            vm.expectRevert(ISettlementTreasury.ZeroAddress.selector);
            _construct(parts, ISettlementTreasury.Split(200, 300, 300));
        }
    }

    function test_refusesASplitOutOfBounds() public {
        address[6] memory parts = [address(vault), address(registry), address(verifier), address(manager), reservePayout, protocolPayout];
        vm.expectRevert(abi.encodeWithSelector(ISettlementTreasury.SplitOutOfBounds.selector, 2001, 2000));
        _construct(parts, ISettlementTreasury.Split(2001, 0, 0));
    }

    function _construct(address[6] memory parts, ISettlementTreasury.Split memory split) private {
        new SettlementTreasury(
            ICreditVault(parts[0]), IProviderRegistry(parts[1]), IQuorumVerifier(parts[2]), parts[3], split, parts[4], parts[5]
        );
    }
}
