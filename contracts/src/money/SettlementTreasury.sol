// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICreditVault} from "../interfaces/ICreditVault.sol";
import {IProviderRegistry} from "../interfaces/IProviderRegistry.sol";
import {IQuorumReview, IQuorumVerifier} from "../interfaces/IQuorumVerifier.sol";
import {ISettlementTreasury} from "../interfaces/ISettlementTreasury.sol";
import {Beneficiaries} from "../libraries/Beneficiaries.sol";
import {Guard} from "../libraries/Guard.sol";
import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

contract SettlementTreasury is ISettlementTreasury, AccessManaged, Guard {
    /// @dev What one provider settled in one epoch, in one slot.
    struct Fees {
        uint128 volume;
        uint128 fees;
    }

    uint256 private constant BPS = 10_000;

    /// @inheritdoc ISettlementTreasury
    uint256 public constant FEES_MAX_BPS = 2000;
    /// @inheritdoc ISettlementTreasury
    bytes32 public constant ORACLES = Beneficiaries.ORACLES;
    /// @inheritdoc ISettlementTreasury
    bytes32 public constant RESERVE = Beneficiaries.RESERVE;
    /// @inheritdoc ISettlementTreasury
    bytes32 public constant PROTOCOL = Beneficiaries.PROTOCOL;

    ICreditVault public immutable vault;
    IProviderRegistry public immutable registry;
    IQuorumVerifier public immutable verifier;

    /// @inheritdoc ISettlementTreasury
    uint32 public splitVersion;
    mapping(uint32 version => Split) private _splits;
    mapping(bytes32 providerId => mapping(uint64 epoch => Fees)) private _fees;
    /// @inheritdoc ISettlementTreasury
    mapping(bytes32 beneficiary => address) public payoutOf;

    constructor(
        ICreditVault vault_,
        IProviderRegistry registry_,
        IQuorumVerifier verifier_,
        address authority_,
        Split memory split,
        address reservePayout,
        address protocolPayout
    ) AccessManaged(authority_) {
        if (
            address(vault_) == address(0) || address(registry_) == address(0) || address(verifier_) == address(0)
                || authority_ == address(0)
        ) revert ZeroAddress();
        vault = vault_;
        registry = registry_;
        verifier = verifier_;
        _setSplit(split);
        _setBeneficiary(RESERVE, reservePayout);
        _setBeneficiary(PROTOCOL, protocolPayout);
    }

    /// @inheritdoc ISettlementTreasury
    function splitAt(uint32 version) external view returns (Split memory) {
        return _splits[version];
    }

    /// @inheritdoc ISettlementTreasury
    function sharesOf(uint128 amount) public view returns (Shares memory shares) {
        Split memory split = _splits[splitVersion];
        shares.oracles = _share(amount, split.oraclesBps);
        shares.reserve = _share(amount, split.reserveBps);
        shares.protocol = _share(amount, split.protocolBps);
        shares.provider = amount - shares.oracles - shares.reserve - shares.protocol;
    }

    /// @inheritdoc ISettlementTreasury
    function feeEpoch() public view returns (uint64) {
        return uint64(block.timestamp / 1 weeks);
    }

    /// @inheritdoc ISettlementTreasury
    function volumeOf(bytes32 providerId, uint64 epoch) external view returns (uint128) {
        return _fees[providerId][epoch].volume;
    }

    /// @inheritdoc ISettlementTreasury
    function feesOf(bytes32 providerId, uint64 epoch) external view returns (uint128) {
        return _fees[providerId][epoch].fees;
    }

    /// @inheritdoc ISettlementTreasury
    function record(bytes32 providerId, uint128 amount) external returns (Shares memory shares) {
        if (msg.sender != address(vault)) revert OnlyVault(msg.sender);
        shares = sharesOf(amount);
        uint64 epoch = feeEpoch();
        Fees memory fees = _fees[providerId][epoch];
        fees.volume += amount;
        fees.fees += amount - shares.provider;
        _fees[providerId][epoch] = fees;
        emit FeesRecorded(providerId, epoch, splitVersion, fees.volume, fees.fees);
    }

    /// @inheritdoc ISettlementTreasury
    function payProvider(bytes32 providerId) external nonReentrant returns (uint128 amount) {
        if (!registry.isPayable(providerId)) revert ProviderNotPayable(providerId);
        amount = _payAll(providerId, registry.payoutOf(providerId));
    }

    /// @inheritdoc ISettlementTreasury
    function payBeneficiary(bytes32 beneficiary) external nonReentrant returns (uint128 amount) {
        address payout = payoutOf[beneficiary];
        if (payout == address(0)) revert BeneficiaryUnknown(beneficiary);
        amount = _payAll(beneficiary, payout);
    }

    /// @inheritdoc ISettlementTreasury
    function payOracles() external nonReentrant returns (uint128 each) {
        address[5] memory operators = verifier.operators();
        uint64 epoch = verifier.currentEpoch();
        uint256 struck = IQuorumReview(address(verifier)).struckOf(epoch);
        uint128 owed = vault.owedTo(ORACLES);
        uint128 count = 0;
        for (uint256 i = 0; i < operators.length; ++i) {
            if (operators[i] == address(0)) revert OraclesMissing();
            if ((struck >> i) & 1 == 0) ++count;
        }
        if (count == 0) revert OraclesMissing();
        each = owed / count;
        if (each == 0) revert NothingOwed(ORACLES);
        // Pushed, though five are paid at once: credits call nobody, so no operator can stop the others' pay.
        for (uint256 i = 0; i < operators.length; ++i) {
            if ((struck >> i) & 1 == 0) vault.payOut(ORACLES, operators[i], each);
        }
        emit OraclesPaid(epoch, each, owed - each * count);
    }

    /// @inheritdoc ISettlementTreasury
    function setSplit(Split calldata split) external restricted {
        _setSplit(split);
    }

    /// @inheritdoc ISettlementTreasury
    function setBeneficiary(bytes32 beneficiary, address payout) external restricted {
        _setBeneficiary(beneficiary, payout);
    }

    function _payAll(bytes32 beneficiary, address payout) private returns (uint128 amount) {
        amount = vault.owedTo(beneficiary);
        if (amount == 0) revert NothingOwed(beneficiary);
        vault.payOut(beneficiary, payout, amount);
    }

    function _setSplit(Split memory split) private {
        uint256 feesBps = uint256(split.oraclesBps) + split.reserveBps + split.protocolBps;
        if (feesBps > FEES_MAX_BPS) revert SplitOutOfBounds(feesBps, FEES_MAX_BPS);
        uint32 version = ++splitVersion;
        _splits[version] = split;
        emit SplitSet(version, split.oraclesBps, split.reserveBps, split.protocolBps);
    }

    function _setBeneficiary(bytes32 beneficiary, address payout) private {
        if (beneficiary != RESERVE && beneficiary != PROTOCOL) revert BeneficiaryUnknown(beneficiary);
        if (payout == address(0)) revert ZeroAddress();
        payoutOf[beneficiary] = payout;
        emit BeneficiarySet(beneficiary, payout);
    }

    /// @dev Rounded down.
    function _share(uint128 amount, uint16 bps) private pure returns (uint128) {
        return SafeCast.toUint128(uint256(amount) * bps / BPS);
    }
}
