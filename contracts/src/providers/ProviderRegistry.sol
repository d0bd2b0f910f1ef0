// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IParamGovernor} from "../interfaces/IParamGovernor.sol";
import {IProviderRegistry} from "../interfaces/IProviderRegistry.sol";
import {IStakeManager} from "../interfaces/IStakeManager.sol";
import {Params} from "../libraries/Params.sol";

/// @title Providers
/// @notice Holds no value and calls only the governor and the stakes, by static calls: no guard is needed. Suspension is not stored as a status but as a time, so that it ends by
/// itself and survives a retirement.
contract ProviderRegistry is IProviderRegistry, AccessManaged {
    struct Pending {
        address who;
        uint64 holdsAt;
    }

    uint8 private constant LEVEL_MAX = 3;
    uint8 private constant LEVEL_SIGNED = 1;
    uint64 private constant SUSPENSION_MAX = 30 days;
    uint64 private constant SUSPENSION_REST = 30 days;

    IParamGovernor public immutable GOVERNOR;
    IStakeManager public immutable STAKES;

    /// `status` is Active or Retired here, never Suspended.
    mapping(bytes32 providerId => Provider) private _providers;
    mapping(bytes32 providerId => Pending) private _payouts;
    mapping(bytes32 providerId => Pending) private _operators;
    /// @inheritdoc IProviderRegistry
    mapping(bytes32 providerId => uint64) public suspensionOpenAt;

    modifier onlyOperator(bytes32 providerId) {
        if (_known(providerId).operator != msg.sender) revert NotOperator(msg.sender, providerId);
        _;
    }

    constructor(address authority_, IParamGovernor governor, IStakeManager stakes) AccessManaged(authority_) {
        if (authority_ == address(0) || address(governor) == address(0) || address(stakes) == address(0)) revert ZeroAddress();
        GOVERNOR = governor;
        STAKES = stakes;
    }

    /// @inheritdoc IProviderRegistry
    /// @dev A signer is always named; at level 0 nothing asks for its signature.
    function register(bytes32 salt, address payout, address signer, bytes32 tariffId) external returns (bytes32 providerId) {
        GOVERNOR.requireEntry();
        if (payout == address(0) || signer == address(0)) revert ZeroAddress();
        providerId = idOf(msg.sender, salt);
        if (_providers[providerId].status != Status.None) revert AlreadyRegistered(providerId);
        _providers[providerId] = Provider(msg.sender, 0, Status.Active, 0, payout, signer, tariffId);
        emit Registered(providerId, msg.sender, payout, signer, tariffId);
    }

    /// @inheritdoc IProviderRegistry
    function idOf(address operator, bytes32 salt) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), operator, salt));
    }

    /// @inheritdoc IProviderRegistry
    function providerOf(bytes32 providerId) external view returns (Provider memory provider) {
        provider = _known(providerId);
        if (provider.status == Status.Active && _suspended(provider.suspendedUntil)) provider.status = Status.Suspended;
    }

    /// @inheritdoc IProviderRegistry
    function operatorOf(bytes32 providerId) external view returns (address) {
        return _known(providerId).operator;
    }

    /// @inheritdoc IProviderRegistry
    function signerOf(bytes32 providerId) external view returns (address) {
        return _known(providerId).signer;
    }

    /// @inheritdoc IProviderRegistry
    function payoutOf(bytes32 providerId) external view returns (address) {
        return _known(providerId).payout;
    }

    /// @inheritdoc IProviderRegistry
    function isActive(bytes32 providerId) external view returns (bool) {
        Provider storage provider = _providers[providerId];
        if (provider.status != Status.Active || _suspended(provider.suspendedUntil)) return false;
        return STAKES.providerStaked(providerId);
    }

    /// @inheritdoc IProviderRegistry
    function isPayable(bytes32 providerId) external view returns (bool) {
        Provider storage provider = _providers[providerId];
        if (_suspended(provider.suspendedUntil)) return false;
        if (provider.status == Status.Retired) return true;
        return provider.status == Status.Active && STAKES.providerStaked(providerId);
    }

    /// @inheritdoc IProviderRegistry
    function pendingPayout(bytes32 providerId) external view returns (address payout, uint64 holdsAt) {
        return (_payouts[providerId].who, _payouts[providerId].holdsAt);
    }

    /// @inheritdoc IProviderRegistry
    function pendingOperator(bytes32 providerId) external view returns (address operator, uint64 holdsAt) {
        return (_operators[providerId].who, _operators[providerId].holdsAt);
    }

    /// @inheritdoc IProviderRegistry
    function proposePayout(bytes32 providerId, address payout) external onlyOperator(providerId) {
        if (payout == address(0)) revert ZeroAddress();
        uint64 holdsAt = _delayed();
        _payouts[providerId] = Pending(payout, holdsAt);
        emit PayoutProposed(providerId, payout, holdsAt);
    }

    /// @inheritdoc IProviderRegistry
    function cancelPayout(bytes32 providerId) external onlyOperator(providerId) {
        address payout = _payouts[providerId].who;
        if (payout == address(0)) revert NothingPending(providerId);
        delete _payouts[providerId];
        emit PayoutCancelled(providerId, payout);
    }

    /// @inheritdoc IProviderRegistry
    function applyPayout(bytes32 providerId) external {
        address payout = _due(_payouts[providerId], providerId);
        delete _payouts[providerId];
        _providers[providerId].payout = payout;
        emit PayoutSet(providerId, payout);
    }

    /// @inheritdoc IProviderRegistry
    function setSigner(bytes32 providerId, address signer) external onlyOperator(providerId) {
        if (signer == address(0)) revert ZeroAddress();
        Provider storage provider = _providers[providerId];
        provider.signer = signer;
        emit SignerSet(providerId, signer);
        if (provider.level > LEVEL_SIGNED) {
            provider.level = LEVEL_SIGNED;
            emit LevelSet(providerId, LEVEL_SIGNED);
        }
    }

    /// @inheritdoc IProviderRegistry
    function setTariff(bytes32 providerId, bytes32 tariffId) external onlyOperator(providerId) {
        _providers[providerId].tariffId = tariffId;
        emit TariffSet(providerId, tariffId);
    }

    /// @inheritdoc IProviderRegistry
    function proposeOperator(bytes32 providerId, address operator) external onlyOperator(providerId) {
        uint64 holdsAt = operator == address(0) ? 0 : _delayed();
        _operators[providerId] = Pending(operator, holdsAt);
        emit OperatorProposed(providerId, operator, holdsAt);
    }

    /// @inheritdoc IProviderRegistry
    function acceptOperator(bytes32 providerId) external {
        if (_operators[providerId].who != msg.sender) revert NothingPending(providerId);
        address operator = _due(_operators[providerId], providerId);
        delete _operators[providerId];
        _providers[providerId].operator = operator;
        emit OperatorSet(providerId, operator);
        // What the one that left proposed is not its successor's word.
        address payout = _payouts[providerId].who;
        if (payout == address(0)) return;
        delete _payouts[providerId];
        emit PayoutCancelled(providerId, payout);
    }

    /// @inheritdoc IProviderRegistry
    function retire(bytes32 providerId) external onlyOperator(providerId) {
        Provider storage provider = _providers[providerId];
        if (provider.status != Status.Active) revert WrongStatus(providerId, provider.status);
        provider.status = Status.Retired;
        emit Retired(providerId);
    }

    /// @inheritdoc IProviderRegistry
    function certify(bytes32 providerId, uint8 level) external restricted {
        if (level > LEVEL_MAX) revert LevelUnknown(level);
        _known(providerId).level = level;
        emit LevelSet(providerId, level);
    }

    /// @inheritdoc IProviderRegistry
    function suspend(bytes32 providerId, uint64 until, bytes32 reason) external restricted {
        Provider storage provider = _known(providerId);
        uint64 openAt = suspensionOpenAt[providerId];
        if (block.timestamp < openAt || until <= block.timestamp || until > block.timestamp + SUSPENSION_MAX) {
            revert SuspensionOutOfBounds(until, openAt);
        }
        provider.suspendedUntil = until;
        suspensionOpenAt[providerId] = until + SUSPENSION_REST;
        emit Suspended(providerId, until, reason);
    }

    /// @inheritdoc IProviderRegistry
    function reinstate(bytes32 providerId) external restricted {
        Provider storage provider = _known(providerId);
        if (!_suspended(provider.suspendedUntil)) revert WrongStatus(providerId, provider.status);
        provider.suspendedUntil = uint64(block.timestamp);
        suspensionOpenAt[providerId] = uint64(block.timestamp) + SUSPENSION_REST;
        emit Reinstated(providerId);
    }

    function _known(bytes32 providerId) private view returns (Provider storage provider) {
        provider = _providers[providerId];
        if (provider.status == Status.None) revert ProviderUnknown(providerId);
    }

    function _suspended(uint64 until) private view returns (bool) {
        return block.timestamp < until;
    }

    /// The delay as it is now, kept with the proposal.
    function _delayed() private view returns (uint64) {
        return uint64(block.timestamp + GOVERNOR.get(Params.PAYOUT_DELAY));
    }

    function _due(Pending memory pending, bytes32 providerId) private view returns (address) {
        if (pending.who == address(0)) revert NothingPending(providerId);
        if (block.timestamp < pending.holdsAt) revert TooEarly(pending.holdsAt);
        return pending.who;
    }
}
