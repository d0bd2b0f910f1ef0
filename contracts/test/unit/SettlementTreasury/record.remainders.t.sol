// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISettlementTreasury} from "../../../src/interfaces/ISettlementTreasury.sol";
import {MoneyFixture} from "../../support/MoneyFixture.sol";

/// What bounds minting is what was paid, not what the basis points would give.
contract FeesAtRemaindersTest is MoneyFixture {
    function test_theFeesOfAnEpochAreTheSharesThatWerePaid() public {
        uint256 paid;
        for (uint128 amount = 1; amount <= 200; ++amount) {
            vm.prank(address(vault));
            ISettlementTreasury.Shares memory shares = treasury.record(PROVIDER, amount);
            paid += shares.oracles + shares.reserve + shares.protocol;
            assertEq(treasury.feesOf(PROVIDER, treasury.feeEpoch()), paid, "fees");
        }
    }
}
