// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AIToken} from "../../src/compute/AIToken.sol";
import {AITokenMinter} from "../../src/compute/AITokenMinter.sol";
import {IAITokenMinter} from "../../src/interfaces/IAITokenMinter.sol";
import {IUsageReceipts} from "../../src/interfaces/IUsageReceipts.sol";
import {Params} from "../../src/libraries/Params.sol";
import {ReceiptHash} from "../../src/libraries/ReceiptHash.sol";
import {Receipt, SumNode} from "../../src/libraries/ReceiptTypes.sol";
import {Test} from "../support/Test.sol";
import {TokensGovernorDouble} from "../support/doubles/TokensGovernorDouble.sol";
import {TokensReceiptsDouble} from "../support/doubles/TokensReceiptsDouble.sol";
import {TokensTreasuryDouble} from "../support/doubles/TokensTreasuryDouble.sol";
import {MinterSetup} from "../unit/AITokenMinter/MinterSetup.sol";

/// @notice Two providers that mint by the epoch and two that mint per receipt, fees, parameters that change, and burning. Keeps its own books of all of it.
contract MintingHandler is Test {
    uint64 private constant WEEK = 604_800;
    AITokenMinter private immutable _minter;
    AIToken private immutable _token;
    TokensTreasuryDouble private immutable _treasury;
    TokensReceiptsDouble private immutable _receipts;
    TokensGovernorDouble private immutable _governor;
    address private immutable _payout;
    SumNode[] private _noPath;

    uint64 public immutable firstEpoch;
    uint256 public minted;
    uint256 public burnt;
    uint256 public mints;
    uint256 public doubleMints;
    uint256 public wrongModeMints;
    mapping(bytes32 providerId => mapping(uint64 epoch => uint256)) public mintedOf;
    mapping(bytes32 providerId => mapping(uint64 epoch => uint256)) public rateOf;
    mapping(bytes32 providerId => mapping(uint64 epoch => uint256)) public capOf;
    uint64 private _nextSeq;

    constructor(
        AITokenMinter minter_,
        TokensTreasuryDouble treasury_,
        TokensReceiptsDouble receipts_,
        TokensGovernorDouble governor_,
        address payout_
    ) {
        _minter = minter_;
        _token = AIToken(address(minter_.token()));
        _treasury = treasury_;
        _receipts = receipts_;
        _governor = governor_;
        _payout = payout_;
        firstEpoch = treasury_.feeEpoch();
    }

    function providerAt(uint256 index) public pure returns (bytes32) {
        return keccak256(abi.encode("provider", index % 4));
    }

    function laneAt(uint256 index) public pure returns (bytes32) {
        return keccak256(abi.encode("lane", index % 4));
    }

    function payFees(uint256 provider, uint256 back, uint64 fees) external {
        _treasury.addFees(providerAt(provider), _epoch(back), fees);
    }

    function changeParameters(uint256 rate, uint256 cap) external {
        _governor.set(Params.MINT_RATE, bound(rate, 1, 1e15));
        _governor.set(Params.MINT_EPOCH_CAP, bound(cap, 1, 1e33));
    }

    function passTime(uint256 time) external {
        vm.warp(block.timestamp + bound(time, 1, WEEK / 2));
    }

    function mintEpoch(uint256 provider, uint256 back) external {
        bytes32 id = providerAt(provider);
        uint64 epoch = _epoch(back);
        (uint256 rate, uint256 cap) = (_governor.get(Params.MINT_RATE), _governor.get(Params.MINT_EPOCH_CAP));
        vm.prank(_payout);
        try _minter.mintEpoch(id, epoch) returns (uint256 amount) {
            if (_minter.modeOf(id) != IAITokenMinter.Mode.Cumulative) ++wrongModeMints;
            _book(id, epoch, amount, rate, cap);
        } catch {}
    }

    function mintReceipt(uint256 provider, uint256 back, uint64 amount, bool twice) external {
        Receipt memory receipt;
        receipt.kind = 1;
        receipt.providerId = providerAt(provider);
        receipt.laneId = laneAt(provider);
        receipt.seq = _nextSeq++;
        receipt.endedAt = _epoch(back) * WEEK * 1000;
        receipt.amount = amount;
        bytes32 hash = this.hashOf(receipt);
        _receipts.include(receipt.laneId, receipt.seq, hash, amount, 0);
        _receipts.setState(receipt.laneId, receipt.seq, IUsageReceipts.State.Final);
        (uint256 rate, uint256 cap) = (_governor.get(Params.MINT_RATE), _governor.get(Params.MINT_EPOCH_CAP));
        vm.prank(_payout);
        try _minter.mintReceipt(receipt, receipt.seq, 0, _noPath) returns (uint256 tokens) {
            if (_minter.modeOf(receipt.providerId) != IAITokenMinter.Mode.PerReceipt) ++wrongModeMints;
            _book(receipt.providerId, _epoch(back), tokens, rate, cap);
        } catch {
            return;
        }
        if (!twice) return;
        vm.prank(_payout);
        try _minter.mintReceipt(receipt, receipt.seq, 0, _noPath) {
            ++doubleMints;
        } catch {}
    }

    function burn(uint256 amount) external {
        amount = bound(amount, 0, _token.balanceOf(_payout));
        vm.prank(_payout);
        _token.burn(amount);
        burnt += amount;
    }

    function hashOf(Receipt calldata receipt) external pure returns (bytes32) {
        return ReceiptHash.hash(receipt);
    }

    function _epoch(uint256 back) private view returns (uint64) {
        uint64 now_ = _treasury.feeEpoch();
        return uint64(bound(back, firstEpoch, now_));
    }

    function _book(bytes32 id, uint64 epoch, uint256 amount, uint256 rate, uint256 cap) private {
        if (mintedOf[id][epoch] == 0) (rateOf[id][epoch], capOf[id][epoch]) = (rate, cap);
        mintedOf[id][epoch] += amount;
        minted += amount;
        ++mints;
    }
}

contract MintingInvariant is MinterSetup {
    MintingHandler private _handler;

    function setUp() public override {
        super.setUp();
        _handler = new MintingHandler(minter, treasury, receipts, governor, payout);
        for (uint256 i = 0; i < 4; ++i) {
            bytes32 id = _handler.providerAt(i);
            registry.setProvider(id, operator, payout);
            // Lanes of all of them are declared for minting per receipt: only the mode stands between.
            receipts.setLane(_handler.laneAt(i), id, true);
            vm.prank(operator);
            minter.declareMode(id, i < 2 ? IAITokenMinter.Mode.Cumulative : IAITokenMinter.Mode.PerReceipt);
        }
        _targetContract(address(_handler));
    }

    function invariant_MintedIsWithinTheBoundOfTheFirstMintsTerms() public view {
        uint64 last = treasury.feeEpoch();
        for (uint256 i = 0; i < 4; ++i) {
            bytes32 id = _handler.providerAt(i);
            for (uint64 epoch = _handler.firstEpoch(); epoch <= last; ++epoch) {
                uint256 ours = _handler.mintedOf(id, epoch);
                assertEq(minter.minted(id, epoch), ours, "minted");
                if (ours == 0) continue;
                assertLe(ours, treasury.feesOf(id, epoch) * _handler.rateOf(id, epoch), "fees times rate");
                assertLe(ours, _handler.capOf(id, epoch), "cap");
            }
        }
    }

    function invariant_SupplyIsWhatWasMintedLessWhatWasBurnt() public view {
        assertEq(token.totalSupply(), _handler.minted() - _handler.burnt(), "supply");
    }

    function invariant_OneMintPerReceiptAndOnlyInTheMode() public view {
        assertEq(_handler.doubleMints(), 0, "double mints");
        assertEq(_handler.wrongModeMints(), 0, "wrong mode");
    }

    function test_TheHandlerMintsInBothModes() public {
        _handler.payFees(0, EPOCH, 1000);
        _handler.mintEpoch(0, EPOCH);
        _handler.mintEpoch(2, EPOCH);
        _handler.payFees(2, EPOCH, 1000);
        _handler.mintReceipt(2, EPOCH, 100, true);
        _handler.mintReceipt(0, EPOCH, 100, true);
        assertEq(_handler.mints(), 2, "one each");
    }
}
