// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Tariff, UsageLine} from "../../../src/libraries/ReceiptTypes.sol";
import {ReceiptVectors} from "../../support/ReceiptVectors.sol";

/// @notice Solidity and TypeScript agree on prices, to the base unit.
contract PriceVectorsTest is ReceiptVectors {
    function test_prices() public {
        _read("price");
        Tariff memory tariff = _tariff(".tariff");
        assertEq(harness.tariffId(tariff), _word("", ".tariffId"), "tariff id");
        assertTrue(harness.isWellFormed(tariff), "well formed");
        uint256 count = _length(".priced");
        assertGe(count, 3, "cases");
        for (uint256 i = 0; i < count; i++) {
            string memory one = _at(".priced", i);
            UsageLine[] memory lines = _lines(string.concat(one, ".lines"));
            assertTrue(harness.prices(tariff, lines), "priced");
            uint256 sum = 0;
            for (uint256 j = 0; j < lines.length; j++) {
                sum += lines[j].amount;
                lines[j].amount += 1;
                assertTrue(!harness.prices(tariff, lines), "one more");
                lines[j].amount -= 2;
                assertTrue(!harness.prices(tariff, lines), "one less");
                lines[j].amount += 1;
            }
            assertEq(sum, _uint(one, ".amount"), "amount");
        }
    }
}
