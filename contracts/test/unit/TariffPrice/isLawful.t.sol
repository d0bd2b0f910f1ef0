// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Receipt, Tariff, TariffLine, UsageLine} from "../../../src/libraries/ReceiptTypes.sol";
import {ReceiptHashHarness} from "../../support/ReceiptHashHarness.sol";
import {Test} from "../../support/Test.sol";

/// @notice What is lawful is what an honest gateway writes, and nothing else: a wrong verdict here slashes an honest one or lets a dishonest one go.
contract TariffIsLawfulTest is Test {
    ReceiptHashHarness private harness = new ReceiptHashHarness();

    function _tariff() private pure returns (Tariff memory tariff) {
        tariff.version = 1;
        tariff.lines = new TariffLine[](3);
        tariff.lines[0] = TariffLine(1, 5, 2, 1);
        tariff.lines[1] = TariffLine(5, 10, 3, 1);
        tariff.lines[2] = TariffLine(9, 0, 1, 1);
    }

    function _receipt(uint8 kind, UsageLine[] memory lines) private pure returns (Receipt memory r) {
        r.kind = kind;
        r.lines = lines;
        for (uint256 i = 0; i < lines.length; i++) {
            r.amount += lines[i].amount;
        }
    }

    function _lines(UsageLine memory a) private pure returns (UsageLine[] memory lines) {
        lines = new UsageLine[](1);
        lines[0] = a;
    }

    function _lines(UsageLine memory a, UsageLine memory b) private pure returns (UsageLine[] memory lines) {
        lines = new UsageLine[](2);
        (lines[0], lines[1]) = (a, b);
    }

    function _verdict(uint8 kind, UsageLine[] memory lines) private view returns (bool) {
        return harness.isLawful(_receipt(kind, lines), _tariff());
    }

    /// @notice Rounded up, at every remainder.
    function testFuzz_rounds_up(uint64 quantity, uint128 price, uint64 per) public view {
        per = uint64(bound(per, 1, type(uint64).max));
        uint256 exact = uint256(quantity) * price;
        uint256 amount = harness.amountOf(quantity, price, per);
        assertGe(amount * per, exact, "never less");
        if (amount > 0) assertTrue((amount - 1) * per < exact, "not one more than needed");
        else assertEq(exact, 0, "nothing costs nothing");
    }

    function test_every_remainder() public view {
        for (uint64 per = 1; per <= 12; per++) {
            for (uint64 quantity = 0; quantity <= 30; quantity++) {
                uint256 whole = uint256(quantity) * 7 / per;
                uint256 expected = whole * per == uint256(quantity) * 7 ? whole : whole + 1;
                assertEq(harness.amountOf(quantity, 7, per), expected, "ceil");
            }
        }
    }

    function testFuzz_honest_prices_are_lawful(uint64 input, uint64 output, uint8 kind) public view {
        kind = uint8(bound(kind, 1, 4));
        UsageLine[] memory lines = _lines(
            UsageLine(1, input, uint128(harness.amountOf(input, 5, 2))), UsageLine(5, output, uint128(harness.amountOf(output, 10, 3)))
        );
        assertTrue(_verdict(kind, lines), "lawful");
    }

    function testFuzz_any_other_amount_is_not(uint64 input, uint128 amount, uint8 kind) public view {
        kind = kind % 2 == 0 ? 1 : 3;
        vm.assume(amount != harness.amountOf(input, 5, 2));
        assertTrue(!_verdict(kind, _lines(UsageLine(1, input, amount))), "wrong line");
    }

    function testFuzz_the_sum_must_be_the_sum(uint128 amount, uint8 kind) public view {
        kind = uint8(bound(kind, 1, 4));
        vm.assume(amount != 8);
        Receipt memory r = _receipt(kind, _lines(UsageLine(1, 3, 8)));
        r.amount = amount;
        assertTrue(!harness.isLawful(r, _tariff()), "wrong sum");
    }

    function test_no_usage_costs_nothing_of_any_kind() public view {
        for (uint8 kind = 1; kind <= 4; kind++) {
            assertTrue(_verdict(kind, new UsageLine[](0)), "no lines, nothing charged");
        }
    }

    function test_burns_and_credits_only_add_up() public view {
        UsageLine[] memory lines = _lines(UsageLine(77, 3, 1_000), UsageLine(5, 3, 1));
        assertTrue(_verdict(2, lines) && _verdict(4, lines), "burns and credits");
        assertTrue(!_verdict(1, lines) && !_verdict(3, lines), "metered and bound");
    }

    function test_kinds_that_do_not_exist() public view {
        UsageLine[] memory none = new UsageLine[](0);
        assertTrue(!_verdict(0, none) && !_verdict(5, none) && !_verdict(255, none), "unknown kinds");
    }

    function test_units_that_are_not_priced() public view {
        assertTrue(!_verdict(1, _lines(UsageLine(2, 1, 0))), "between");
        assertTrue(!_verdict(1, _lines(UsageLine(0, 1, 0))), "before all");
        assertTrue(!_verdict(1, _lines(UsageLine(10, 1, 0))), "after all");
        assertTrue(_verdict(1, _lines(UsageLine(9, 1, 0))), "priced at nothing");
    }

    function test_units_ascend() public view {
        // 1 twice: 3 tokens cost 8, but 1 + 2 tokens would cost 3 + 5. 2 + 2 would cost 10 as 4 does, and is refused all the same.
        assertTrue(!_verdict(1, _lines(UsageLine(1, 2, 5), UsageLine(1, 2, 5))), "twice");
        assertTrue(!_verdict(1, _lines(UsageLine(5, 3, 10), UsageLine(1, 2, 5))), "descending");
        assertTrue(_verdict(1, _lines(UsageLine(1, 2, 5), UsageLine(5, 3, 10))), "ascending");
    }

    function test_too_many_lines() public view {
        Tariff memory tariff = _tariff();
        UsageLine[] memory lines = new UsageLine[](65);
        assertTrue(!harness.isLawful(_receipt(2, lines), tariff), "65 lines");
        assertTrue(harness.isLawful(_receipt(2, new UsageLine[](64)), tariff), "64 lines");
    }

    function test_malformed_tariffs_price_nothing() public view {
        Receipt memory r = _receipt(1, _lines(UsageLine(1, 3, 8)));
        Tariff memory tariff = _tariff();
        assertTrue(harness.isLawful(r, tariff), "well formed");
        tariff.lines[2].per = 0;
        assertTrue(!harness.isWellFormed(tariff) && !harness.isLawful(r, tariff), "per 0");
        tariff = _tariff();
        tariff.lines[0].rounding = 0;
        assertTrue(!harness.isWellFormed(tariff) && !harness.isLawful(r, tariff), "another rounding");
        tariff = _tariff();
        tariff.lines[2].unit = 5;
        assertTrue(!harness.isWellFormed(tariff) && !harness.isLawful(r, tariff), "a unit twice");
        tariff.lines[1].unit = 0;
        assertTrue(!harness.isWellFormed(tariff) && !harness.isLawful(r, tariff), "descending");
        tariff.lines = new TariffLine[](65);
        for (uint16 i = 0; i < 65; i++) {
            tariff.lines[i] = TariffLine(i, 5, 2, 1);
        }
        assertTrue(!harness.isWellFormed(tariff) && !harness.isLawful(r, tariff), "65 lines");
        // It charges nothing by it.
        assertTrue(harness.isLawful(_receipt(1, new UsageLine[](0)), tariff), "no lines");
    }

    function test_the_largest_values_do_not_overflow() public view {
        Tariff memory tariff = _tariff();
        tariff.lines[0].price = type(uint128).max;
        tariff.lines[0].per = 1;
        Receipt memory r = _receipt(1, _lines(UsageLine(1, type(uint64).max, type(uint128).max)));
        assertTrue(!harness.isLawful(r, tariff), "an amount that no line can have");
        r = _receipt(1, _lines(UsageLine(1, 1, type(uint128).max)));
        assertTrue(harness.isLawful(r, tariff), "the largest that it can");
        r.lines = _lines(UsageLine(1, 1, type(uint128).max), UsageLine(5, 3, type(uint128).max));
        assertTrue(!harness.isLawful(r, tariff), "a sum beyond uint128");
    }
}
