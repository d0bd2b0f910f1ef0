// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAITokenMinter} from "../../../src/interfaces/IAITokenMinter.sol";
import {IParamGovernor} from "../../../src/interfaces/IParamGovernor.sol";
import {ISettlementTreasury} from "../../../src/interfaces/ISettlementTreasury.sol";
import {IUsageReceipts} from "../../../src/interfaces/IUsageReceipts.sol";
import {Receipt} from "../../../src/libraries/ReceiptTypes.sol";
import {MinterSetup} from "./MinterSetup.sol";

contract MintReceiptTest is MinterSetup {
    function setUp() public override {
        super.setUp();
        declare(IAITokenMinter.Mode.PerReceipt);
        treasury.addFees(PROVIDER, EPOCH, 80_000);
    }

    function test_MintsTheFeesOnItsAmount() public {
        Receipt memory receipt = receiptOf(12, 100_000);
        bytes32 receiptHash = finalReceipt(receipt, 10);
        uint256 wanted = 8_000 * RATE;
        vm.expectEmit(address(minter));
        emit IAITokenMinter.TermsSet(PROVIDER, EPOCH, RATE, 1_000_000e18, 800);
        vm.expectEmit(address(minter));
        emit IAITokenMinter.Minted(PROVIDER, EPOCH, payout, wanted, wanted, receiptHash);
        assertEq(minter.mintReceipt(receipt, 10, 2, noPath), wanted, "8 % of the amount, at the rate");
        assertEq(token.balanceOf(payout), wanted, "to the payout");
        assertTrue(minter.isUsed(receiptHash), "used");
    }

    /// The fees on a receipt are those of the epoch's first mint, whatever the split has become since.
    function test_TheFeesAreThoseOfTheFirstMint() public {
        (Receipt memory first, Receipt memory second) = (receiptOf(10, 1000), receiptOf(11, 1000));
        finalReceipt(first, 10);
        finalReceipt(second, 10);
        assertEq(minter.mintReceipt(first, 10, 0, noPath), 80 * RATE, "8 %");
        treasury.setSplit(ISettlementTreasury.Split(0, 2000, 0));
        assertEq(minter.mintReceipt(second, 10, 1, noPath), 80 * RATE, "still 8 %");
    }

    function test_WhileTheEpochRunsOnlyTheProviderMintsFirst() public {
        (Receipt memory first, Receipt memory second) = (receiptOf(10, 1000), receiptOf(11, 1000));
        bytes32 hash = finalReceipt(first, 10);
        finalReceipt(second, 10);
        address rival = named("rival");
        vm.expectRevert(abi.encodeWithSelector(IAITokenMinter.NotProvider.selector, rival, PROVIDER));
        vm.prank(rival);
        minter.mintReceipt(first, 10, 0, noPath);
        assertTrue(!minter.isUsed(hash), "not used up");
        minter.mintReceipt(first, 10, 0, noPath);
        vm.prank(rival);
        assertEq(minter.mintReceipt(second, 10, 1, noPath), 80 * RATE, "from then on anyone");
    }

    function test_OneMintPerReceipt() public {
        Receipt memory receipt = receiptOf(10, 100);
        bytes32 receiptHash = finalReceipt(receipt, 10);
        minter.mintReceipt(receipt, 10, 0, noPath);
        vm.expectRevert(abi.encodeWithSelector(IAITokenMinter.ReceiptUsed.selector, receiptHash));
        minter.mintReceipt(receipt, 10, 0, noPath);
    }

    function test_FreeJobsMintNothing() public {
        Receipt memory receipt = receiptOf(10, 0);
        finalReceipt(receipt, 10);
        vm.expectRevert(abi.encodeWithSelector(IAITokenMinter.NothingToMint.selector, PROVIDER, EPOCH));
        minter.mintReceipt(receipt, 10, 0, noPath);
    }

    function test_WithinTheFeesOfItsEpoch() public {
        Receipt memory first = receiptOf(10, 999_999);
        Receipt memory second = receiptOf(11, 2);
        finalReceipt(first, 10);
        bytes32 secondHash = finalReceipt(second, 10);
        // 8 % of 999,999 is not whole: it is not rounded before the rate.
        assertEq(minter.mintReceipt(first, 10, 0, noPath), 7_999_992 * RATE / 100, "no unit lost");
        uint256 wanted = 80_000 * RATE + 8 * RATE / 100;
        vm.expectRevert(abi.encodeWithSelector(IAITokenMinter.AboveBound.selector, PROVIDER, EPOCH, wanted, 80_000 * RATE));
        minter.mintReceipt(second, 10, 1, noPath);
        assertTrue(!minter.isUsed(secondHash), "a receipt that finds no room is not used up");
        treasury.addFees(PROVIDER, EPOCH, 1);
        minter.mintReceipt(second, 10, 1, noPath);
    }

    function test_EpochIsThatOfItsEnd() public {
        Receipt memory receipt = receiptOf(10, 100);
        receipt.endedAt = EPOCH * WEEK * 1000 - 1;
        finalReceipt(receipt, 10);
        vm.expectRevert(abi.encodeWithSelector(IAITokenMinter.AboveBound.selector, PROVIDER, EPOCH - 1, 8 * RATE, 0));
        minter.mintReceipt(receipt, 10, 0, noPath);
        treasury.addFees(PROVIDER, EPOCH - 1, 8);
        minter.mintReceipt(receipt, 10, 0, noPath);
        assertEq(minter.minted(PROVIDER, EPOCH - 1), 8 * RATE, "the epoch before");
        assertEq(minter.minted(PROVIDER, EPOCH), 0, "not this one");
    }

    function test_EndsToComeAreUnknown() public {
        Receipt memory receipt = receiptOf(10, 100);
        receipt.endedAt = (EPOCH + 1) * WEEK * 1000;
        finalReceipt(receipt, 10);
        vm.expectRevert(abi.encodeWithSelector(IAITokenMinter.EpochUnknown.selector, EPOCH + 1));
        minter.mintReceipt(receipt, 10, 0, noPath);
    }

    function test_OnlyFinalBatches() public {
        Receipt memory receipt = receiptOf(10, 100);
        finalReceipt(receipt, 10);
        IUsageReceipts.State[3] memory states = [IUsageReceipts.State.None, IUsageReceipts.State.Posted, IUsageReceipts.State.Faulty];
        for (uint256 i = 0; i < 3; ++i) {
            receipts.setState(LANE, 10, states[i]);
            vm.expectRevert(abi.encodeWithSelector(IAITokenMinter.ReceiptNotFinal.selector, receipts.batchIdOf(LANE, 10)));
            minter.mintReceipt(receipt, 10, 0, noPath);
        }
    }

    function test_OnlyWithItsProof() public {
        Receipt memory receipt = receiptOf(10, 100);
        finalReceipt(receipt, 10);
        receipt.jobId = keccak256("another");
        vm.expectRevert(IAITokenMinter.ReceiptNotIncluded.selector);
        minter.mintReceipt(receipt, 10, 0, noPath);
    }

    function test_BurnedCreditsAndSandboxMintNothing() public {
        for (uint8 kind = 0; kind <= 5; ++kind) {
            if (kind == 1 || kind == 3) continue;
            Receipt memory receipt = receiptOf(10, 100);
            receipt.kind = kind;
            expectNotMintable(receipt);
        }
        Receipt memory sandbox = receiptOf(10, 100);
        sandbox.mode = 1;
        expectNotMintable(sandbox);
    }

    function test_ChargedAtTheBoundMints() public {
        Receipt memory receipt = receiptOf(10, 100);
        receipt.kind = 3;
        finalReceipt(receipt, 10);
        assertEq(minter.mintReceipt(receipt, 10, 0, noPath), 8 * RATE, "8 % of 100");
    }

    function test_OnlyLanesDeclaredSoAndTheProvidersOwn() public {
        Receipt memory receipt = receiptOf(10, 100);
        receipts.setLane(LANE, PROVIDER, false);
        expectNotMintable(receipt);
        receipts.setLane(LANE, keccak256("another gateway"), true);
        expectNotMintable(receipt);
    }

    function test_OnlyAtItsPlaceInTheLane() public {
        Receipt memory receipt = receiptOf(10, 100);
        bytes32 receiptHash = this.hashOf(receipt);
        receipts.include(LANE, 10, receiptHash, 100, 1);
        receipts.setState(LANE, 10, IUsageReceipts.State.Final);
        vm.expectRevert(IAITokenMinter.ReceiptNotMintable.selector);
        minter.mintReceipt(receipt, 10, 1, noPath);
    }

    function test_AProviderByTheEpochNeverMintsPerReceipt() public {
        bytes32 other = keccak256("other");
        registry.setProvider(other, operator, payout);
        receipts.setLane(LANE, other, true);
        vm.prank(operator);
        minter.declareMode(other, IAITokenMinter.Mode.Cumulative);
        Receipt memory receipt = receiptOf(10, 100);
        receipt.providerId = other;
        finalReceipt(receipt, 10);
        vm.expectRevert(abi.encodeWithSelector(IAITokenMinter.ModeMismatch.selector, other, IAITokenMinter.Mode.Cumulative));
        minter.mintReceipt(receipt, 10, 0, noPath);
    }

    function test_StopsWhilePausedOrUnpaid() public {
        Receipt memory receipt = receiptOf(10, 100);
        finalReceipt(receipt, 10);
        registry.setPayable(PROVIDER, false);
        vm.expectRevert(abi.encodeWithSelector(IAITokenMinter.ProviderNotPayable.selector, PROVIDER));
        minter.mintReceipt(receipt, 10, 0, noPath);
        governor.setPausedUntil(type(uint64).max);
        vm.expectRevert(abi.encodeWithSelector(IParamGovernor.EntryPaused.selector, type(uint64).max));
        minter.mintReceipt(receipt, 10, 0, noPath);
    }

    function testFuzz_TheSumNeverPassesTheFees(uint64[6] calldata amounts, uint16 feesBps, uint64 fees) public {
        feesBps = uint16(bound(feesBps, 1, 2000));
        treasury.setSplit(ISettlementTreasury.Split(0, feesBps, 0));
        treasury.addFees(PROVIDER, EPOCH, fees);
        uint256 bound_ = minter.allowed(PROVIDER, EPOCH);
        uint256 sum = 0;
        for (uint64 i = 0; i < amounts.length; ++i) {
            if (amounts[i] == 0) continue;
            Receipt memory receipt = receiptOf(10 + i, amounts[i]);
            finalReceipt(receipt, 10);
            uint256 part = uint256(amounts[i]) * feesBps * RATE / 10_000;
            if (sum + part > bound_) {
                vm.expectRevert(abi.encodeWithSelector(IAITokenMinter.AboveBound.selector, PROVIDER, EPOCH, sum + part, bound_));
                minter.mintReceipt(receipt, 10, uint32(i), noPath);
            } else {
                minter.mintReceipt(receipt, 10, uint32(i), noPath);
                sum += part;
            }
        }
        assertEq(token.totalSupply(), sum, "supply");
        assertLe(sum, bound_, "bound");
    }

    function expectNotMintable(Receipt memory receipt) internal {
        finalReceipt(receipt, uint64(receipt.seq));
        vm.expectRevert(IAITokenMinter.ReceiptNotMintable.selector);
        minter.mintReceipt(receipt, uint64(receipt.seq), 0, noPath);
    }
}
