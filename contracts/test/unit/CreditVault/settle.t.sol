// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICreditVault} from "../../../src/interfaces/ICreditVault.sol";
import {ISettlementTreasury} from "../../../src/interfaces/ISettlementTreasury.sol";
import {VaultFixture} from "../../support/VaultFixture.sol";

contract CreditVaultSettleTest is VaultFixture {
    function test_booksTheFourShares() public {
        _fund(A, 20_000);
        vm.expectEmit(address(vault));
        emit ICreditVault.Settled(PROVIDER, 10_000, 800, 9200);
        (uint128 amount, uint128[] memory reached) = _settle(A, 10_000);
        assertEq(amount, 10_000, "amount");
        assertEq(reached[0], 10_000, "reached");
        assertEq(vault.owedTo(PROVIDER), 9200, "provider");
        assertEq(vault.owedTo(treasury.ORACLES()), 200, "oracles");
        assertEq(vault.owedTo(treasury.RESERVE()), 300, "reserve");
        assertEq(vault.owedTo(treasury.PROTOCOL()), 300, "protocol");
        _assertAccount(A, 20_000, 10_000);
        _assertBooks(10_000, 10_000);
    }

    /// The treasury is asked once, for the sum: rounding falls on the call, not on each account.
    function test_recordsOnceForAllAccounts() public {
        _fund(A, 100);
        _fund(B, 100);
        vm.expectCall(address(treasury), abi.encodeCall(ISettlementTreasury.record, (PROVIDER, 99)), 1);
        _settle([A, B, A], [uint128(33), 33, 66]);
        assertEq(vault.owedTo(PROVIDER), 99 - 1 - 2 - 2, "provider");
    }

    function test_anAccountMayStandThereTwice() public {
        _fund(A, 100);
        _fund(B, 100);
        (uint128 amount, uint128[] memory reached) = _settle([A, B, A], [uint128(60), 5, 40]);
        assertEq(amount, 65, "the lower total after the higher moves nothing");
        assertEq(reached[0], 60, "reached first");
        assertEq(reached[1], 5, "reached second");
        assertEq(reached[2], 0, "not reached again");
        (amount, reached) = _settle([A, A, A], [uint128(70), 70, 90]);
        assertEq(amount, 30, "each rise counts once");
        assertEq(reached[0], 70, "first rise");
        assertEq(reached[1], 0, "no rise");
        assertEq(reached[2], 90, "second rise");
        _assertAccount(A, 100, 90);
        _assertBooks(105, 95);
    }

    /// No event, no record, no change.
    function test_whatDidNotRiseMovesNothing() public {
        _fund(A, 100);
        _settle(A, 60);
        vm.expectCall(address(treasury), abi.encodeWithSelector(ISettlementTreasury.record.selector), 0);
        vm.recordLogs();
        uint128[3] memory totals = [uint128(60), 59, 0];
        for (uint256 i = 0; i < totals.length; ++i) {
            (uint128 amount, uint128[] memory reached) = _settle(A, totals[i]);
            assertEq(amount, 0, "amount");
            assertEq(reached[0], 0, "reached");
        }
        assertEq(vm.getRecordedLogs().length, 0, "events");
        _assertAccount(A, 100, 60);
    }

    function test_aTotalAboveTheDepositTakesWhatThereIs() public {
        _fund(A, 100);
        (uint128 amount, uint128[] memory reached) = _settle(A, 101);
        assertEq(amount, 100, "amount");
        assertEq(reached[0], 100, "reached");
        _assertAccount(A, 100, 100);
        // The rest is taken when more is there.
        _fund(A, 50);
        (amount, reached) = _settle(A, 101);
        assertEq(amount, 1, "the rest");
        _assertAccount(A, 150, 101);
        _assertBooks(49, 101);
    }

    function test_anUnknownAccountHasNothing() public {
        (uint128 amount, uint128[] memory reached) = _settle(B, type(uint128).max);
        assertEq(amount, 0, "amount");
        assertEq(reached[0], 0, "reached");
    }

    function test_refusesListsOfTwoLengths() public {
        vm.expectRevert(ICreditVault.LengthMismatch.selector);
        vm.prank(address(channels));
        vault.settle(PROVIDER, new bytes32[](1), new uint128[](2));
    }

    function test_nothingIsNoFault() public {
        vm.prank(address(channels));
        (uint128 amount, uint128[] memory reached) = vault.settle(PROVIDER, new bytes32[](0), new uint128[](0));
        assertEq(amount, 0, "amount");
        assertEq(reached.length, 0, "reached");
    }

    /// The treasury is trusted with the split, not with the sum.
    function testFuzz_refusesSharesThatDoNotSum(uint128[4] memory shares) public {
        uint256 sum;
        for (uint256 i = 0; i < 4; ++i) {
            shares[i] = uint128(bound(shares[i], 0, 60));
            sum += shares[i];
        }
        vm.assume(sum != 100);
        _fund(A, 100);
        vm.mockCall(
            address(treasury), abi.encodeWithSelector(ISettlementTreasury.record.selector, PROVIDER, uint128(100)), abi.encode(shares)
        );
        vm.expectRevert(abi.encodeWithSelector(ICreditVault.SharesMismatch.selector, 100));
        _settle(A, 100);
    }

    /// In whatever order and however often cumulative claims come, the highest of each account is what is claimed.
    function testFuzz_orderDoesNotCount(uint128[6] memory totals, uint256 order) public {
        _fund(A, 1000);
        _fund(B, 1000);
        uint128 highestA;
        uint128 highestB;
        for (uint256 i = 0; i < totals.length; ++i) {
            totals[i] = uint128(bound(totals[i], 0, 1000));
            bool toA = (order >> i) & 1 == 0;
            if (toA && totals[i] > highestA) highestA = totals[i];
            if (!toA && totals[i] > highestB) highestB = totals[i];
            _settle([toA ? A : B, toA ? A : B, A], [totals[i], totals[i] / 2, 0]);
        }
        _assertAccount(A, 1000, highestA);
        _assertAccount(B, 1000, highestB);
        _assertBooks(2000 - highestA - highestB, highestA + highestB);
    }
}
