// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAIToken, IAITokenMinter} from "../interfaces/IAITokenMinter.sol";
import {IParamGovernor} from "../interfaces/IParamGovernor.sol";
import {IProviderRegistry} from "../interfaces/IProviderRegistry.sol";
import {ISettlementTreasury} from "../interfaces/ISettlementTreasury.sol";
import {IUsageReceipts} from "../interfaces/IUsageReceipts.sol";
import {Guard} from "../libraries/Guard.sol";
import {Params} from "../libraries/Params.sol";
import {ReceiptHash} from "../libraries/ReceiptHash.sol";
import {Receipt, SumNode} from "../libraries/ReceiptTypes.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title Minting for served compute
/// @notice See `IAITokenMinter`. Nobody attests a mint: what is minted follows from fees that the treasury recorded, and per receipt from a batch that a quorum attested and nobody
/// disproved. So there is no attester to steal or to set, and no signature here to replay.
contract AITokenMinter is IAITokenMinter, Guard {
    /// What holds for one provider and epoch from its first mint on. `rate` 0: not set yet (a rate of 0 mints nothing, so it is never stored).
    struct Terms {
        uint112 rate;
        uint16 feesBps;
        uint128 cap;
        uint256 minted;
    }

    uint64 private constant EPOCH_MS = 604_800_000;
    uint256 private constant BPS = 10_000;
    uint8 private constant KIND_METERED = 1;
    uint8 private constant KIND_AT_BOUND = 3;
    uint8 private constant MODE_LIVE = 0;

    /// @inheritdoc IAITokenMinter
    IAIToken public immutable token;
    /// @inheritdoc IAITokenMinter
    IUsageReceipts public immutable receipts;
    /// @inheritdoc IAITokenMinter
    ISettlementTreasury public immutable treasury;
    /// @inheritdoc IAITokenMinter
    IProviderRegistry public immutable registry;
    /// @inheritdoc IAITokenMinter
    IParamGovernor public immutable governor;

    /// @inheritdoc IAITokenMinter
    mapping(bytes32 providerId => Mode) public modeOf;
    /// @inheritdoc IAITokenMinter
    mapping(bytes32 receiptHash => bool) public isUsed;
    mapping(bytes32 providerId => mapping(uint64 epoch => Terms)) private _terms;

    constructor(
        IAIToken token_,
        IUsageReceipts receipts_,
        ISettlementTreasury treasury_,
        IProviderRegistry registry_,
        IParamGovernor governor_
    ) {
        if (
            address(token_) == address(0) || address(receipts_) == address(0) || address(treasury_) == address(0)
                || address(registry_) == address(0) || address(governor_) == address(0)
        ) revert ZeroAddress();
        token = token_;
        receipts = receipts_;
        treasury = treasury_;
        registry = registry_;
        governor = governor_;
    }

    /// @inheritdoc IAITokenMinter
    function allowed(bytes32 providerId, uint64 epoch) external view returns (uint256) {
        return _allowed(providerId, epoch, _termsOf(providerId, epoch));
    }

    /// @inheritdoc IAITokenMinter
    function minted(bytes32 providerId, uint64 epoch) external view returns (uint256) {
        return _terms[providerId][epoch].minted;
    }

    /// @inheritdoc IAITokenMinter
    function declareMode(bytes32 providerId, Mode mode) external {
        if (registry.operatorOf(providerId) != msg.sender) revert NotProvider(msg.sender, providerId);
        if (mode == Mode.Undeclared || modeOf[providerId] != Mode.Undeclared) revert ModeMismatch(providerId, modeOf[providerId]);
        modeOf[providerId] = mode;
        emit ModeDeclared(providerId, mode);
    }

    /// @inheritdoc IAITokenMinter
    function mintEpoch(bytes32 providerId, uint64 epoch) external nonReentrant returns (uint256 amount) {
        _requireMinting(providerId, epoch, Mode.Cumulative);
        Terms memory terms = _termsOf(providerId, epoch);
        _requireOwnTerms(providerId, epoch, terms);
        uint256 most = _allowed(providerId, epoch, terms);
        // The treasury's fees never fall, and the terms are fixed by the first mint: what was minted is never above `most`.
        amount = most - terms.minted;
        _mint(providerId, epoch, terms, amount, bytes32(0));
    }

    /// @inheritdoc IAITokenMinter
    function mintReceipt(Receipt calldata receipt, uint64 seqFrom, uint32 index, SumNode[] calldata path)
        external
        nonReentrant
        returns (uint256 amount)
    {
        bytes32 providerId = receipt.providerId;
        uint64 epoch = receipt.endedAt / EPOCH_MS;
        _requireMinting(providerId, epoch, Mode.PerReceipt);
        bytes32 receiptHash = _useReceipt(receipt, seqFrom, index, path);
        Terms memory terms = _termsOf(providerId, epoch);
        _requireOwnTerms(providerId, epoch, terms);
        // The fees on the amount, not the amount: the bound is in fees, and would else be reached by a twelfth of the receipts.
        amount = Math.mulDiv(uint256(receipt.amount) * terms.feesBps, terms.rate, BPS);
        uint256 most = _allowed(providerId, epoch, terms);
        if (terms.minted + amount > most) revert AboveBound(providerId, epoch, terms.minted + amount, most);
        _mint(providerId, epoch, terms, amount, receiptHash);
    }

    /// A credit that comes later for a receipt that minted takes nothing back: fees are not given back either, and they are the bound.
    function _useReceipt(Receipt calldata receipt, uint64 seqFrom, uint32 index, SumNode[] calldata path)
        private
        returns (bytes32 receiptHash)
    {
        IUsageReceipts.Lane memory lane = receipts.laneOf(receipt.laneId);
        if (!lane.perReceiptMint || lane.gatewayId != receipt.providerId || receipt.mode != MODE_LIVE) revert ReceiptNotMintable();
        if (receipt.kind != KIND_METERED && receipt.kind != KIND_AT_BOUND) revert ReceiptNotMintable();
        if (receipt.seq != uint256(seqFrom) + index) revert ReceiptNotMintable();
        receiptHash = ReceiptHash.hash(receipt);
        if (isUsed[receiptHash]) revert ReceiptUsed(receiptHash);
        bytes32 batchId = receipts.batchIdOf(receipt.laneId, seqFrom);
        if (receipts.postedOf(batchId).state != IUsageReceipts.State.Final) revert ReceiptNotFinal(batchId);
        // Of the kinds above the leaf's amount is the receipt's.
        if (!receipts.includes(receipt.laneId, seqFrom, receiptHash, receipt.amount, index, path)) revert ReceiptNotIncluded();
        isUsed[receiptHash] = true;
    }

    function _requireMinting(bytes32 providerId, uint64 epoch, Mode mode) private view {
        governor.requireEntry();
        if (modeOf[providerId] != mode) revert ModeMismatch(providerId, modeOf[providerId]);
        if (epoch > treasury.feeEpoch()) revert EpochUnknown(epoch);
        if (!registry.isPayable(providerId)) revert ProviderNotPayable(providerId);
    }

    /// While an epoch runs its terms are the provider's to take: a rival would fix them in the moment before better ones are enacted.
    function _requireOwnTerms(bytes32 providerId, uint64 epoch, Terms memory terms) private view {
        if (terms.minted != 0 || epoch < treasury.feeEpoch()) return;
        if (msg.sender != registry.operatorOf(providerId) && msg.sender != registry.payoutOf(providerId)) {
            revert NotProvider(msg.sender, providerId);
        }
    }

    /// The stored terms, or those of now where nothing was minted yet. `mintRate` and `mintEpochCap` have hard bounds, a cap beyond 128 bits is none.
    function _termsOf(bytes32 providerId, uint64 epoch) private view returns (Terms memory terms) {
        terms = _terms[providerId][epoch];
        if (terms.rate != 0) return terms;
        terms.rate = SafeCast.toUint112(governor.get(Params.MINT_RATE));
        terms.cap = uint128(Math.min(governor.get(Params.MINT_EPOCH_CAP), type(uint128).max));
        ISettlementTreasury.Split memory split = treasury.splitAt(treasury.splitVersion());
        terms.feesBps = split.oraclesBps + split.reserveBps + split.protocolBps;
    }

    function _allowed(bytes32 providerId, uint64 epoch, Terms memory terms) private view returns (uint256) {
        return Math.min(uint256(treasury.feesOf(providerId, epoch)) * terms.rate, terms.cap);
    }

    function _mint(bytes32 providerId, uint64 epoch, Terms memory terms, uint256 amount, bytes32 receiptHash) private {
        if (amount == 0) revert NothingToMint(providerId, epoch);
        if (terms.minted == 0) emit TermsSet(providerId, epoch, terms.rate, terms.cap, terms.feesBps);
        terms.minted += amount;
        _terms[providerId][epoch] = terms;
        address to = registry.payoutOf(providerId);
        emit Minted(providerId, epoch, to, amount, terms.minted, receiptHash);
        token.mint(to, amount);
    }
}
