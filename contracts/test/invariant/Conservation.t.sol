// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICreditToken} from "../../src/interfaces/ICreditToken.sol";
import {ICreditVault} from "../../src/interfaces/ICreditVault.sol";
import {ISettlementTreasury} from "../../src/interfaces/ISettlementTreasury.sol";
import {MoneyHandler} from "../support/MoneyHandler.sol";
import {Test} from "../support/Test.sol";

/// No credit is made, lost or owed twice, whatever happens; and everybody can leave.
contract ConservationInvariant is Test {
    MoneyHandler private handler;
    ICreditToken private credits;
    ICreditVault private vault;
    ISettlementTreasury private treasury;

    function setUp() public {
        handler = new MoneyHandler();
        handler.setUp();
        (, address credits_, address vault_, address treasury_) = handler.contracts();
        (credits, vault, treasury) = (ICreditToken(credits_), ICreditVault(vault_), ISettlementTreasury(treasury_));
        bytes4[] memory acts = new bytes4[](19);
        (acts[0], acts[1], acts[2], acts[3]) =
        (handler.deposit.selector, handler.redeem.selector, handler.open.selector, handler.topUp.selector);
        (acts[4], acts[5], acts[6], acts[7]) =
        (handler.lock.selector, handler.claim.selector, handler.unlock.selector, handler.requestWithdraw.selector);
        (acts[8], acts[9], acts[10], acts[11]) =
        (handler.cancelWithdraw.selector, handler.finalize.selector, handler.close.selector, handler.payProvider.selector);
        (acts[12], acts[13], acts[14], acts[15]) =
        (handler.payBeneficiary.selector, handler.payOracles.selector, handler.warp.selector, handler.pause.selector);
        // Opening and claiming are drawn more often, so that there is something to do the rest with.
        (acts[16], acts[17], acts[18]) = (handler.setSplit.selector, handler.open.selector, handler.claim.selector);
        _targetContract(address(handler));
        _targetSelectors(address(handler), acts);
    }

    /// Σ (deposited − claimed) + Σ owed = the vault's credits, exactly.
    function invariant_theVaultHoldsWhatItsBooksSay() public view {
        uint256 held;
        for (uint256 i = 0; i < handler.accountCount(); ++i) {
            ICreditVault.Account memory account_ = vault.accountOf(handler.accounts(i));
            assertLe(account_.claimed, account_.deposited, "claimed above deposited");
            held += account_.deposited - account_.claimed;
        }
        uint256 owed = vault.owedTo(treasury.ORACLES()) + vault.owedTo(treasury.RESERVE()) + vault.owedTo(treasury.PROTOCOL());
        for (uint256 i = 0; i < handler.PROVIDERS(); ++i) {
            owed += vault.owedTo(handler.providerAt(i));
        }
        assertEq(vault.totalHeld(), held, "held");
        assertEq(vault.totalOwed(), owed, "owed");
        assertEq(credits.balanceOf(address(vault)), held + owed, "balance");
    }

    /// The vault's books are the ghost's, account by account and share by share. The ghost's claims only rise, so the vault's do.
    function invariant_theBooksAreTheGhosts() public view {
        for (uint256 i = 0; i < handler.accountCount(); ++i) {
            bytes32 id = handler.accounts(i);
            ICreditVault.Account memory account_ = vault.accountOf(id);
            (uint128 deposited, uint128 claimed) = handler.ghosts(id);
            assertEq(account_.deposited, deposited, "deposited");
            assertEq(account_.claimed, claimed, "claimed");
        }
        bytes32[5] memory keys = [treasury.ORACLES(), treasury.RESERVE(), treasury.PROTOCOL(), handler.providerAt(0), handler.providerAt(1)];
        for (uint256 i = 0; i < keys.length; ++i) {
            assertEq(vault.owedTo(keys[i]), handler.ghostOwed(keys[i]), "owed");
        }
        assertEq(vault.totalOwed(), handler.ghostSettled() - handler.ghostPaid(), "owed = settled less paid");
        assertEq(
            credits.balanceOf(address(vault)),
            handler.ghostIn() - handler.ghostRefunded() - handler.ghostPaid(),
            "balance = in less refunded less paid"
        );
    }

    /// Every credit has an owner and an asset behind it.
    function invariant_theSupplyIsCovered() public {
        assertLe(credits.totalSupply(), credits.reserve(), "supply above reserve");
        address[] memory all = handler.holders();
        uint256 sum;
        for (uint256 i = 0; i < all.length; ++i) {
            sum += credits.balanceOf(all[i]);
        }
        assertEq(sum, credits.totalSupply(), "sum of holders");
        assertEq(credits.balanceOf(address(treasury)), 0, "the treasury holds nothing");
    }

    /// At the end of each run everybody leaves, while entry is paused: what is left is what five oracles cannot divide.
    function afterInvariant() public {
        handler.leaveAll();
        assertEq(vault.totalHeld(), 0, "held after all left");
        for (uint256 i = 0; i < handler.PROVIDERS(); ++i) {
            handler.payProvider(i);
        }
        handler.payBeneficiary(true);
        handler.payBeneficiary(false);
        handler.payOracles();
        assertEq(credits.balanceOf(address(vault)), vault.owedTo(treasury.ORACLES()), "owed after all were paid");
        assertLe(credits.balanceOf(address(vault)), 4, "what cannot be divided");
        address[] memory all = handler.holders();
        for (uint256 i = 0; i < all.length; ++i) {
            uint256 held = credits.balanceOf(all[i]);
            if (held == 0 || all[i] == address(vault)) continue;
            vm.prank(all[i]);
            credits.redeem(all[i], held);
        }
        assertEq(credits.totalSupply(), credits.balanceOf(address(vault)), "all credits were redeemed");
        invariant_theVaultHoldsWhatItsBooksSay();
        invariant_theBooksAreTheGhosts();
    }
}
