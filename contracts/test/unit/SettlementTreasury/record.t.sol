// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISettlementTreasury} from "../../../src/interfaces/ISettlementTreasury.sol";
import {MoneyFixture} from "../../support/MoneyFixture.sol";

contract SettlementTreasuryRecordTest is MoneyFixture {
    /// A Thursday at midnight, when an epoch begins.
    uint64 private constant EPOCH = 3000;
    uint256 private constant EPOCH_BEGINS = uint256(EPOCH) * 1 weeks;

    function testFuzz_onlyTheVault(address caller) public {
        vm.assume(caller != address(vault));
        vm.expectRevert(abi.encodeWithSelector(ISettlementTreasury.OnlyVault.selector, caller));
        vm.prank(caller);
        treasury.record(PROVIDER, 1);
    }

    function test_addsUpWithinAnEpoch() public {
        vm.warp(EPOCH_BEGINS);
        vm.expectEmit(address(treasury));
        emit ISettlementTreasury.FeesRecorded(PROVIDER, EPOCH, 1, 10_000, 800);
        _record(10_000);
        vm.warp(EPOCH_BEGINS + 1 weeks - 1);
        vm.expectEmit(address(treasury));
        emit ISettlementTreasury.FeesRecorded(PROVIDER, EPOCH, 1, 10_100, 808);
        _record(100);
        assertEq(treasury.feesOf(PROVIDER, EPOCH), 808, "fees");
        assertEq(treasury.volumeOf(PROVIDER, EPOCH), 10_100, "volume");
    }

    function test_theNextEpochBeginsAtZero() public {
        vm.warp(EPOCH_BEGINS + 1 weeks - 1);
        _record(10_000);
        vm.warp(EPOCH_BEGINS + 1 weeks);
        assertEq(treasury.feeEpoch(), EPOCH + 1, "epoch");
        vm.expectEmit(address(treasury));
        emit ISettlementTreasury.FeesRecorded(PROVIDER, EPOCH + 1, 1, 100, 8);
        _record(100);
        assertEq(treasury.feesOf(PROVIDER, EPOCH), 800, "fees before");
        assertEq(treasury.feesOf(PROVIDER, EPOCH + 1), 8, "fees after");
    }

    function test_providersAreApart() public {
        _record(10_000);
        assertEq(treasury.feesOf("other", treasury.feeEpoch()), 0, "fees of the other");
    }

    /// At every remainder of 10,000 the shares sum to the amount, each fee is rounded down, and the provider has the rest.
    function test_sharesSumAtEveryRemainder() public view {
        for (uint256 remainder = 0; remainder < 10_000; ++remainder) {
            _assertShares(uint128(30_000 + remainder), 200, 300, 300);
        }
    }

    function testFuzz_sharesSumUnderEverySplit(uint128 amount, uint16 oracles_, uint16 reserve, uint16 protocol) public {
        oracles_ = uint16(bound(oracles_, 0, 2000));
        reserve = uint16(bound(reserve, 0, 2000 - oracles_));
        protocol = uint16(bound(protocol, 0, 2000 - oracles_ - reserve));
        vm.prank(admin);
        treasury.setSplit(ISettlementTreasury.Split(oracles_, reserve, protocol));
        _assertShares(amount, oracles_, reserve, protocol);
        _assertShares(type(uint128).max, oracles_, reserve, protocol);
    }

    function test_smallAmountsGoToTheProvider() public view {
        ISettlementTreasury.Shares memory shares = treasury.sharesOf(33);
        assertEq(shares.provider, 33, "all of 33");
        shares = treasury.sharesOf(34);
        assertEq(shares.reserve, 1, "3 % of 34 is 1");
        assertEq(shares.oracles, 0, "2 % of 34 is none");
        assertEq(shares.provider, 32, "the rest");
        assertEq(treasury.sharesOf(0).provider, 0, "none of none");
    }

    function _record(uint128 amount) private {
        vm.prank(address(vault));
        treasury.record(PROVIDER, amount);
    }

    function _assertShares(uint128 amount, uint256 oraclesBps, uint256 reserveBps, uint256 protocolBps) private view {
        ISettlementTreasury.Shares memory shares = treasury.sharesOf(amount);
        assertEq(shares.oracles, uint256(amount) * oraclesBps / 10_000, "oracles");
        assertEq(shares.reserve, uint256(amount) * reserveBps / 10_000, "reserve");
        assertEq(shares.protocol, uint256(amount) * protocolBps / 10_000, "protocol");
        assertEq(uint256(shares.provider) + shares.oracles + shares.reserve + shares.protocol, amount, "sum");
        assertGe(uint256(shares.provider) * 10_000, uint256(amount) * 8000, "the provider has at least 80 %");
    }
}
