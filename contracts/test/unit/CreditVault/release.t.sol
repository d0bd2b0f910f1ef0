// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICreditVault} from "../../../src/interfaces/ICreditVault.sol";
import {VaultFixture} from "../../support/VaultFixture.sol";

contract CreditVaultReleaseTest is VaultFixture {
    function testFuzz_paysWhatIsNotClaimed(uint128 claimed) public {
        claimed = uint128(bound(claimed, 0, 999));
        _fund(A, 1000);
        _settle(A, claimed);
        vm.expectEmit(address(vault));
        emit ICreditVault.Released(A, stranger, 1000 - claimed, claimed);
        assertEq(_release(A, stranger), 1000 - claimed, "amount");
        assertEq(credits.balanceOf(stranger), 1000 - claimed, "credits");
        _assertAccount(A, claimed, claimed);
        _assertBooks(0, claimed);
    }

    function test_nothingLeftIsNoFault() public {
        _fund(A, 10);
        _settle(A, 10);
        vm.recordLogs();
        assertEq(_release(A, stranger), 0, "amount");
        assertEq(_release(B, stranger), 0, "amount of none");
        assertEq(vm.getRecordedLogs().length, 0, "events");
    }

    /// What was released cannot be claimed any more, nor released again.
    function test_afterItNothingIsThere() public {
        _fund(A, 10);
        _fund(B, 10);
        _release(A, stranger);
        (uint128 amount,) = _settle(A, 10);
        assertEq(amount, 0, "claimed after");
        assertEq(_release(A, stranger), 0, "released again");
        _assertBooks(10, 0);
    }

    function test_refusesTheZeroAddress() public {
        _fund(A, 10);
        vm.expectRevert(ICreditVault.ZeroAddress.selector);
        _release(A, address(0));
    }

    function _release(bytes32 accountId, address to) private returns (uint128) {
        vm.prank(address(channels));
        return vault.release(accountId, to);
    }
}
