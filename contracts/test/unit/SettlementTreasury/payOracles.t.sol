// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISettlementTreasury} from "../../../src/interfaces/ISettlementTreasury.sol";
import {VaultFixture} from "../../support/VaultFixture.sol";

contract SettlementTreasuryPayOraclesTest is VaultFixture {
    function setUp() public override {
        super.setUp();
        _fund(A, 1_000_000);
    }

    /// Shares of 5 … 12: each operator has the same, and the remainder waits for the next time.
    function test_dividesAtEveryRemainder() public {
        _pause();
        uint128 total;
        uint256 paid;
        for (uint128 owed = 5; owed <= 12; ++owed) {
            uint128 waiting = vault.owedTo(treasury.ORACLES());
            total += (owed - waiting) * 50;
            _settle(A, total);
            assertEq(vault.owedTo(treasury.ORACLES()), owed, "owed");
            vm.expectEmit(address(treasury));
            emit ISettlementTreasury.OraclesPaid(7, owed / 5, owed % 5);
            assertEq(treasury.payOracles(), owed / 5, "each");
            paid += owed / 5;
            assertEq(vault.owedTo(treasury.ORACLES()), owed % 5, "what waits");
            address[5] memory five = oracles();
            for (uint256 i = 0; i < 5; ++i) {
                assertEq(credits.balanceOf(five[i]), paid, "of each");
            }
        }
    }

    function test_refusesWhatCannotBeDivided() public {
        bytes32 oracles_ = treasury.ORACLES();
        vm.expectRevert(abi.encodeWithSelector(ISettlementTreasury.NothingOwed.selector, oracles_));
        treasury.payOracles();
        _settle(A, 200);
        assertEq(vault.owedTo(oracles_), 4, "four among five");
        vm.expectRevert(abi.encodeWithSelector(ISettlementTreasury.NothingOwed.selector, oracles_));
        treasury.payOracles();
    }

    function test_needsFive() public {
        _settle(A, 10_000);
        address[5] memory five = oracles();
        five[4] = address(0);
        verifier.set(8, five);
        vm.expectRevert(ISettlementTreasury.OraclesMissing.selector);
        treasury.payOracles();
        assertEq(credits.balanceOf(five[0]), 0, "none is paid before");
    }

    /// Whom a review struck is not paid: the others divide it.
    function testFuzz_leavesOutWhoIsStruck(uint8 struck, uint64 amount) public {
        struck = uint8(bound(struck, 0, 30));
        amount = uint64(bound(amount, 250, 1_000_000));
        _settle(A, amount);
        verifier.strike(7, struck);
        uint128 owed = vault.owedTo(treasury.ORACLES());
        uint128 count;
        for (uint256 i = 0; i < 5; ++i) {
            if ((struck >> i) & 1 == 0) ++count;
        }
        vm.expectEmit(address(treasury));
        emit ISettlementTreasury.OraclesPaid(7, owed / count, owed % count);
        assertEq(treasury.payOracles(), owed / count, "each");
        address[5] memory five = oracles();
        for (uint256 i = 0; i < 5; ++i) {
            assertEq(credits.balanceOf(five[i]), (struck >> i) & 1 == 1 ? 0 : owed / count, "of each");
        }
        assertEq(vault.owedTo(treasury.ORACLES()), owed % count, "what waits");
    }

    function test_whereAllAreStruckAllOfItWaits() public {
        _settle(A, 10_000);
        verifier.strike(7, 31);
        vm.expectRevert(ISettlementTreasury.OraclesMissing.selector);
        treasury.payOracles();
        assertEq(vault.owedTo(treasury.ORACLES()), 200, "all of it");
        verifier.strike(7, 15);
        assertEq(treasury.payOracles(), 200, "the one who is left");
    }

    function test_paysTheCurrentSet() public {
        _settle(A, 10_000);
        address[5] memory five = oracles();
        five[0] = stranger;
        verifier.set(8, five);
        vm.expectEmit(address(treasury));
        emit ISettlementTreasury.OraclesPaid(8, 40, 0);
        treasury.payOracles();
        assertEq(credits.balanceOf(stranger), 40, "new operator");
        assertEq(credits.balanceOf(oracles()[0]), 0, "operator who left");
    }

    /// A change of the split changes nothing that is owed already.
    function test_aNewSplitIsForWhatComes() public {
        _settle(A, 10_000);
        vm.prank(admin);
        treasury.setSplit(ISettlementTreasury.Split(0, 0, 2000));
        assertEq(vault.owedTo(PROVIDER), 9200, "before");
        _settle(A, 20_000);
        assertEq(vault.owedTo(PROVIDER), 9200 + 8000, "after");
        assertEq(vault.owedTo(treasury.ORACLES()), 200, "oracles");
        assertEq(vault.owedTo(treasury.PROTOCOL()), 300 + 2000, "protocol");
    }
}
