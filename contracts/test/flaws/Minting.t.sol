// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AITokenMinter} from "../../src/compute/AITokenMinter.sol";
import {IAIToken, IAITokenMinter} from "../../src/interfaces/IAITokenMinter.sol";
import {IParamGovernor} from "../../src/interfaces/IParamGovernor.sol";
import {IProviderRegistry} from "../../src/interfaces/IProviderRegistry.sol";
import {ISettlementTreasury} from "../../src/interfaces/ISettlementTreasury.sol";
import {IUsageReceipts} from "../../src/interfaces/IUsageReceipts.sol";
import {Receipt} from "../../src/libraries/ReceiptTypes.sol";
import {TokensPlain} from "../support/doubles/TokensPlain.sol";
import {MinterSetup} from "../unit/AITokenMinter/MinterSetup.sol";
import {FlawedMinter} from "./FlawedMinter.sol";

/// @notice Each known way to mint what was not served: it works on a minter that has the flaw, and not on ours.
contract MintingFlawsTest is MinterSetup {
    uint256 private constant N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
    bytes32 private constant RECEIPT = keccak256("a receipt");

    TokensPlain private _plain;
    FlawedMinter private _flawed;
    address private _thief;
    uint256 private _thiefKey;
    uint256 private _attesterKey;

    function setUp() public override {
        super.setUp();
        address attester;
        (attester, _attesterKey) = account("attester");
        (_thief, _thiefKey) = account("thief");
        _plain = new TokensPlain();
        _flawed = new FlawedMinter(_plain, attester);
    }

    function test_WithAZeroAttesterAnybodyMints() public {
        FlawedMinter flawed = new FlawedMinter(_plain, address(0));
        flawed.mint(_thief, 1e30, RECEIPT, 0, 0, 0);
        assertEq(_plain.balanceOf(_thief), 1e30, "out of nothing");
        // Ours has no attester, and takes no zero in the place of what it does rely on.
        vm.expectRevert(IAITokenMinter.ZeroAddress.selector);
        new AITokenMinter(
            IAIToken(address(token)),
            IUsageReceipts(address(0)),
            ISettlementTreasury(address(treasury)),
            IProviderRegistry(address(registry)),
            IParamGovernor(address(governor))
        );
    }

    function test_WhoSetsTheAttesterMints() public {
        _flawed.setAttester(_thief);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(_thiefKey, _flawed.digestOf(_thief, 1e30, RECEIPT));
        _flawed.mint(_thief, 1e30, RECEIPT, v, r, s);
        assertEq(_plain.balanceOf(_thief), 1e30, "out of nothing");
        // Ours has nobody to set: not the function, and every module is immutable.
        (bool ok,) = address(minter).call(abi.encodeCall(FlawedMinter.setAttester, (_thief)));
        assertTrue(!ok, "no such function");
        (ok,) = address(token).call(abi.encodeWithSignature("setMinter(address)", _thief));
        assertTrue(!ok, "nor at the token");
    }

    function test_OneAttestationMintsOnEveryChainAndContract() public {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(_attesterKey, _flawed.digestOf(_thief, 5, RECEIPT));
        FlawedMinter second = new FlawedMinter(_plain, _flawed.attester());
        _flawed.mint(_thief, 5, RECEIPT, v, r, s);
        vm.chainId(8453);
        second.mint(_thief, 5, RECEIPT, v, r, s);
        assertEq(_plain.balanceOf(_thief), 10, "twice");
        // Of ours, a receipt of another chain or of another UsageReceipts names another lane, which is none here.
        declare(IAITokenMinter.Mode.PerReceipt);
        treasury.addFees(PROVIDER, EPOCH, 1000);
        Receipt memory receipt = receiptOf(10, 100);
        receipt.laneId = keccak256(abi.encode(8453, address(receipts), PROVIDER, 0));
        finalReceipt(receipt, 10);
        vm.expectRevert(IAITokenMinter.ReceiptNotMintable.selector);
        minter.mintReceipt(receipt, 10, 0, noPath);
    }

    function test_ASignatureThatNobodyMadeIsTaken() public {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(_attesterKey, _flawed.digestOf(_thief, 5, RECEIPT));
        _flawed.mint(_thief, 5, RECEIPT, v == 27 ? 28 : 27, r, bytes32(N - uint256(s)));
        assertEq(_plain.balanceOf(_thief), 5, "the other form of it: whoever counts signatures counts wrong");
        // Ours takes no signature. Where the market does, `OrderSignatureTest` shows that the other form is refused.
    }

    /// "1.9" and "1.90" GPU seconds are one amount and two texts, so two hashes of one receipt.
    function test_UnitsWithAPointMintTwice() public {
        string[2] memory texts = ['{"job":"7","units":1.9}', '{"job":"7","units":1.90}'];
        for (uint256 i = 0; i < 2; ++i) {
            bytes32 hash = keccak256(bytes(texts[i]));
            (uint8 v, bytes32 r, bytes32 s) = vm.sign(_attesterKey, _flawed.digestOf(_thief, 1, hash));
            _flawed.mint(_thief, 1, hash, v, r, s);
        }
        assertEq(_plain.balanceOf(_thief), 2, "one job, two mints, and of each 0.9 was cut off");
        // Ours is whole numbers in words of 32 bytes: one receipt has one hash, and it mints once, to the last base unit.
        declare(IAITokenMinter.Mode.PerReceipt);
        treasury.addFees(PROVIDER, EPOCH, 1000);
        Receipt memory receipt = receiptOf(10, 1_900_001);
        bytes32 receiptHash = finalReceipt(receipt, 10);
        treasury.addFees(PROVIDER, EPOCH, 1_000_000);
        assertEq(minter.mintReceipt(receipt, 10, 0, noPath), uint256(1_900_001) * 8 * RATE / 100, "to the last unit");
        vm.expectRevert(abi.encodeWithSelector(IAITokenMinter.ReceiptUsed.selector, receiptHash));
        minter.mintReceipt(receipt, 10, 0, noPath);
    }

    /// A hub that attests for a provider of its own mints without serving or paying anybody.
    function test_WhoServesHimselfMintsForNothing() public {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(_attesterKey, _flawed.digestOf(_thief, 1e30, RECEIPT));
        _flawed.mint(_thief, 1e30, RECEIPT, v, r, s);
        assertEq(_plain.balanceOf(_thief), 1e30, "for nothing");
        // Ours: without fees nothing; with them, tokens at 1 / rate each, paid to others. See what `IAITokenMinter` does not promise.
        declare(IAITokenMinter.Mode.Cumulative);
        vm.expectRevert(abi.encodeWithSelector(IAITokenMinter.NothingToMint.selector, PROVIDER, EPOCH));
        minter.mintEpoch(PROVIDER, EPOCH);
        treasury.addFees(PROVIDER, EPOCH, 80);
        assertEq(minter.mintEpoch(PROVIDER, EPOCH), 80 * RATE, "what 80 units of fees buy, and no more");
        vm.expectRevert(abi.encodeWithSelector(IAITokenMinter.NothingToMint.selector, PROVIDER, EPOCH));
        minter.mintEpoch(PROVIDER, EPOCH);
    }
}
