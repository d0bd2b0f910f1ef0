// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MoneyFixture} from "./MoneyFixture.sol";

/// @notice The vault, called as its modules call it.
abstract contract VaultFixture is MoneyFixture {
    bytes32 internal constant A = "account a";
    bytes32 internal constant B = "account b";

    function _fund(bytes32 accountId, uint128 amount) internal {
        vm.prank(address(channels));
        vault.fund(accountId, tenant, amount);
    }

    function _settle(bytes32 accountId, uint128 total) internal returns (uint128 amount, uint128[] memory reached) {
        bytes32[] memory ids = new bytes32[](1);
        uint128[] memory totals = new uint128[](1);
        (ids[0], totals[0]) = (accountId, total);
        vm.prank(address(channels));
        return vault.settle(PROVIDER, ids, totals);
    }

    /// @notice Settles three totals of A and B in one call.
    function _settle(bytes32[3] memory accountIds, uint128[3] memory totals_) internal returns (uint128 amount, uint128[] memory reached) {
        bytes32[] memory ids = new bytes32[](3);
        uint128[] memory totals = new uint128[](3);
        for (uint256 i = 0; i < 3; ++i) {
            (ids[i], totals[i]) = (accountIds[i], totals_[i]);
        }
        vm.prank(address(channels));
        return vault.settle(PROVIDER, ids, totals);
    }

    function _assertAccount(bytes32 accountId, uint128 deposited, uint128 claimed) internal view {
        assertEq(vault.accountOf(accountId).deposited, deposited, "deposited");
        assertEq(vault.accountOf(accountId).claimed, claimed, "claimed");
    }

    /// @notice What the vault holds is what its books say, and no more.
    function _assertBooks(uint128 held, uint128 owed) internal view {
        assertEq(vault.totalHeld(), held, "held");
        assertEq(vault.totalOwed(), owed, "owed");
        assertEq(credits.balanceOf(address(vault)), uint256(held) + owed, "balance");
        uint256 sum = vault.owedTo(PROVIDER);
        sum += vault.owedTo(treasury.ORACLES()) + vault.owedTo(treasury.RESERVE()) + vault.owedTo(treasury.PROTOCOL());
        assertEq(sum, owed, "sum of what is owed");
    }
}
