// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISessionChannels} from "../../src/interfaces/ISessionChannels.sol";
import {ISettlementTreasury} from "../../src/interfaces/ISettlementTreasury.sol";
import {MoneyFixture} from "../support/MoneyFixture.sol";
import {Test} from "../support/Test.sol";

/// Flawed on purpose: each share is rounded to the nearest unit, as floating-point percentages printed with fixed decimals are.
contract RoundedShares {
    uint256 public held;
    mapping(uint256 => uint256) public owed;

    function deposit(uint256 amount) external {
        held += amount;
    }

    function settle(uint256 amount) external {
        uint256[4] memory bps = [uint256(9_200), 200, 300, 300];
        for (uint256 i = 0; i < 4; ++i) {
            owed[i] += (amount * bps[i] + 5_000) / 10_000;
        }
    }

    function totalOwed() external view returns (uint256) {
        return owed[0] + owed[1] + owed[2] + owed[3];
    }
}

/// Amounts that are rounded one by one do not sum to what was rounded: who settles often in small amounts is owed more than there is.
contract RoundedSharesTest is Test {
    function test_flaw_roundedSharesOweMoreThanIsHeld() external {
        RoundedShares shares = new RoundedShares();
        // 17 units: 15.64 + 0.34 + 0.51 + 0.51 becomes 16 + 0 + 1 + 1.
        for (uint256 i = 0; i < 100; ++i) {
            shares.deposit(17);
            shares.settle(17);
        }
        assertEq(shares.held(), 1_700, "held");
        assertEq(shares.totalOwed(), 1_800, "owed");
    }
}

/// Ours rounds down, and the provider takes the remainder.
contract RoundedSharesRefusedTest is MoneyFixture {
    function testFuzz_sharesSumToTheAmount(uint128 amount) external view {
        ISettlementTreasury.Shares memory shares = treasury.sharesOf(amount);
        uint256 sum = uint256(shares.provider) + shares.oracles + shares.reserve + shares.protocol;
        assertEq(sum, amount, "sum");
    }

    function test_aHundredSettlementsOf17OweWhatWasClaimed() external {
        (ISessionChannels.ChannelConfig memory config,) = _open(1_700);
        for (uint128 i = 1; i <= 100; ++i) {
            _claimAs(_claim(config, 0, i * 17));
        }
        assertEq(vault.totalOwed(), 1_700, "owed");
        assertEq(credits.balanceOf(address(vault)), 1_700, "held");
    }
}
