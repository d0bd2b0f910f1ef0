// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICreditVault} from "../../../src/interfaces/ICreditVault.sol";
import {VaultFixture} from "../../support/VaultFixture.sol";

contract CreditVaultMoveTest is VaultFixture {
    function testFuzz_movesWhatIsFree(uint128 amount, uint128 claimed) public {
        claimed = uint128(bound(claimed, 0, 999));
        amount = uint128(bound(amount, 1, 1000 - claimed));
        _fund(A, 1000);
        _fund(B, 10);
        _settle(A, claimed);
        vm.expectEmit(address(vault));
        emit ICreditVault.Moved(A, B, amount, 1000 - amount, 10 + amount);
        _move(A, B, amount);
        _assertAccount(A, 1000 - amount, claimed);
        _assertAccount(B, 10 + amount, 0);
        _assertBooks(1010 - claimed, claimed);
    }

    function test_refusesWhatIsClaimed() public {
        _fund(A, 1000);
        _settle(A, 400);
        vm.expectRevert(abi.encodeWithSelector(ICreditVault.Insufficient.selector, A, 601, 600));
        _move(A, B, 601);
        _move(A, B, 600);
        _assertAccount(A, 400, 400);
    }

    function test_refusesZero() public {
        vm.expectRevert(ICreditVault.ZeroAmount.selector);
        _move(A, B, 0);
    }

    function test_toItselfChangesNothing() public {
        _fund(A, 1000);
        _move(A, A, 300);
        _assertAccount(A, 1000, 0);
    }

    function _move(bytes32 from, bytes32 to, uint128 amount) private {
        vm.prank(address(channels));
        vault.move(from, to, amount);
    }
}
