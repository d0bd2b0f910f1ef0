// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAITokenMinter} from "../../../src/interfaces/IAITokenMinter.sol";
import {IParamGovernor} from "../../../src/interfaces/IParamGovernor.sol";
import {Params} from "../../../src/libraries/Params.sol";
import {MinterSetup} from "./MinterSetup.sol";

contract MintEpochTest is MinterSetup {
    function test_MintsFeesTimesRateToThePayout() public {
        declare(IAITokenMinter.Mode.Cumulative);
        treasury.addFees(PROVIDER, EPOCH, 80_000);
        assertEq(minter.allowed(PROVIDER, EPOCH), 80_000 * RATE, "allowed");
        vm.expectEmit(address(minter));
        emit IAITokenMinter.TermsSet(PROVIDER, EPOCH, RATE, 1_000_000e18, 800);
        vm.expectEmit(address(minter));
        emit IAITokenMinter.Minted(PROVIDER, EPOCH, payout, 80_000 * RATE, 80_000 * RATE, bytes32(0));
        assertEq(minter.mintEpoch(PROVIDER, EPOCH), 80_000 * RATE, "amount");
        assertEq(token.balanceOf(payout), 80_000 * RATE, "balance");
        assertEq(token.totalSupply(), 80_000 * RATE, "supply");
        assertEq(minter.minted(PROVIDER, EPOCH), 80_000 * RATE, "minted");
    }

    function test_WhileTheEpochRunsOnlyTheProviderMintsFirst() public {
        declare(IAITokenMinter.Mode.Cumulative);
        treasury.addFees(PROVIDER, EPOCH, 10);
        address rival = named("rival");
        vm.expectRevert(abi.encodeWithSelector(IAITokenMinter.NotProvider.selector, rival, PROVIDER));
        vm.prank(rival);
        minter.mintEpoch(PROVIDER, EPOCH);
        // Terms that nobody else could fix: those of the day on which the provider mints.
        governor.set(Params.MINT_RATE, 10 * RATE);
        vm.prank(payout);
        assertEq(minter.mintEpoch(PROVIDER, EPOCH), 100 * RATE, "by the payout address");
        treasury.addFees(PROVIDER, EPOCH, 1);
        vm.prank(rival);
        assertEq(minter.mintEpoch(PROVIDER, EPOCH), 10 * RATE, "from then on by anyone");
    }

    function test_AfterTheEpochAnyoneMints() public {
        declare(IAITokenMinter.Mode.Cumulative);
        treasury.addFees(PROVIDER, EPOCH - 1, 10);
        vm.prank(named("rival"));
        assertEq(minter.mintEpoch(PROVIDER, EPOCH - 1), 10 * RATE, "to the payout address");
        assertEq(token.balanceOf(payout), 10 * RATE, "balance");
    }

    function test_OnlyTheRiseIsMintedLater() public {
        declare(IAITokenMinter.Mode.Cumulative);
        treasury.addFees(PROVIDER, EPOCH, 10);
        minter.mintEpoch(PROVIDER, EPOCH);
        vm.expectRevert(abi.encodeWithSelector(IAITokenMinter.NothingToMint.selector, PROVIDER, EPOCH));
        minter.mintEpoch(PROVIDER, EPOCH);
        treasury.addFees(PROVIDER, EPOCH, 7);
        assertEq(minter.mintEpoch(PROVIDER, EPOCH), 7 * RATE, "the rise");
        assertEq(minter.minted(PROVIDER, EPOCH), 17 * RATE, "in all");
    }

    function test_NothingWithoutFees() public {
        declare(IAITokenMinter.Mode.Cumulative);
        vm.expectRevert(abi.encodeWithSelector(IAITokenMinter.NothingToMint.selector, PROVIDER, EPOCH));
        minter.mintEpoch(PROVIDER, EPOCH);
    }

    function test_CapEndsIt() public {
        declare(IAITokenMinter.Mode.Cumulative);
        governor.set(Params.MINT_EPOCH_CAP, 5 * RATE);
        treasury.addFees(PROVIDER, EPOCH, 6);
        assertEq(minter.mintEpoch(PROVIDER, EPOCH), 5 * RATE, "the cap");
        treasury.addFees(PROVIDER, EPOCH, 1000);
        vm.expectRevert(abi.encodeWithSelector(IAITokenMinter.NothingToMint.selector, PROVIDER, EPOCH));
        minter.mintEpoch(PROVIDER, EPOCH);
    }

    function test_RateAndCapAreThoseOfTheFirstMint() public {
        declare(IAITokenMinter.Mode.Cumulative);
        treasury.addFees(PROVIDER, EPOCH, 10);
        minter.mintEpoch(PROVIDER, EPOCH);
        governor.set(Params.MINT_RATE, 1000 * RATE);
        governor.set(Params.MINT_EPOCH_CAP, 1);
        treasury.addFees(PROVIDER, EPOCH, 10);
        assertEq(minter.allowed(PROVIDER, EPOCH), 20 * RATE, "still the old terms");
        assertEq(minter.mintEpoch(PROVIDER, EPOCH), 10 * RATE, "minted under them");
        treasury.addFees(PROVIDER, EPOCH - 1, 3);
        assertEq(minter.allowed(PROVIDER, EPOCH - 1), 1, "an epoch without a mint follows the parameters");
    }

    function test_EpochsToComeAreUnknown() public {
        declare(IAITokenMinter.Mode.Cumulative);
        treasury.addFees(PROVIDER, EPOCH + 1, 10);
        vm.expectRevert(abi.encodeWithSelector(IAITokenMinter.EpochUnknown.selector, EPOCH + 1));
        minter.mintEpoch(PROVIDER, EPOCH + 1);
        vm.warp(uint256(EPOCH + 1) * WEEK - 1);
        vm.expectRevert(abi.encodeWithSelector(IAITokenMinter.EpochUnknown.selector, EPOCH + 1));
        minter.mintEpoch(PROVIDER, EPOCH + 1);
        vm.warp(uint256(EPOCH + 1) * WEEK);
        assertEq(minter.mintEpoch(PROVIDER, EPOCH + 1), 10 * RATE, "its first second");
    }

    function test_OnlyInItsMode() public {
        treasury.addFees(PROVIDER, EPOCH, 10);
        vm.expectRevert(abi.encodeWithSelector(IAITokenMinter.ModeMismatch.selector, PROVIDER, IAITokenMinter.Mode.Undeclared));
        minter.mintEpoch(PROVIDER, EPOCH);
        declare(IAITokenMinter.Mode.PerReceipt);
        vm.expectRevert(abi.encodeWithSelector(IAITokenMinter.ModeMismatch.selector, PROVIDER, IAITokenMinter.Mode.PerReceipt));
        minter.mintEpoch(PROVIDER, EPOCH);
    }

    function test_WaitsWhileTheProviderIsNotPaid() public {
        declare(IAITokenMinter.Mode.Cumulative);
        treasury.addFees(PROVIDER, EPOCH, 10);
        registry.setPayable(PROVIDER, false);
        vm.expectRevert(abi.encodeWithSelector(IAITokenMinter.ProviderNotPayable.selector, PROVIDER));
        minter.mintEpoch(PROVIDER, EPOCH);
        registry.setPayable(PROVIDER, true);
        assertEq(minter.mintEpoch(PROVIDER, EPOCH), 10 * RATE, "nothing was lost");
    }

    function test_StopsWhilePaused() public {
        declare(IAITokenMinter.Mode.Cumulative);
        treasury.addFees(PROVIDER, EPOCH, 10);
        uint64 until = uint64(block.timestamp) + 1;
        governor.setPausedUntil(until);
        vm.expectRevert(abi.encodeWithSelector(IParamGovernor.EntryPaused.selector, until));
        minter.mintEpoch(PROVIDER, EPOCH);
        vm.warp(until);
        assertEq(minter.mintEpoch(PROVIDER, EPOCH), 10 * RATE, "once it is over");
    }

    function test_ARateOfNothingMintsNothingAndFixesNoTerms() public {
        declare(IAITokenMinter.Mode.Cumulative);
        treasury.addFees(PROVIDER, EPOCH, 10);
        governor.set(Params.MINT_RATE, 0);
        vm.expectRevert(abi.encodeWithSelector(IAITokenMinter.NothingToMint.selector, PROVIDER, EPOCH));
        minter.mintEpoch(PROVIDER, EPOCH);
        governor.set(Params.MINT_RATE, 2);
        assertEq(minter.mintEpoch(PROVIDER, EPOCH), 20, "the rate of the first mint");
    }

    function testFuzz_NeverAboveTheBoundInAnyStretch(uint128[4] calldata fees, uint256 rate, uint256 cap) public {
        declare(IAITokenMinter.Mode.Cumulative);
        rate = bound(rate, 1, 1e15);
        governor.set(Params.MINT_RATE, rate);
        governor.set(Params.MINT_EPOCH_CAP, cap);
        uint256 sum = 0;
        for (uint256 i = 0; i < fees.length; ++i) {
            uint128 fee = fees[i] / 4;
            treasury.addFees(PROVIDER, EPOCH, fee);
            sum += fee;
            uint256 most = sum * rate;
            uint256 limit = cap < type(uint128).max ? cap : type(uint128).max;
            most = most < limit ? most : limit;
            if (most > minter.minted(PROVIDER, EPOCH)) minter.mintEpoch(PROVIDER, EPOCH);
            assertEq(token.totalSupply(), most, "exactly the bound");
        }
    }
}
