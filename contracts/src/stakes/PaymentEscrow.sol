// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IPaymentEscrow} from "../interfaces/IPaymentEscrow.sol";
import {IStakes} from "../interfaces/IStakes.sol";
import {Params} from "../libraries/Params.sol";
import {Stakes} from "./Stakes.sol";

/// @dev The buyer is always the caller: no argument names one, and no flag says whether it is an upgrade.
contract PaymentEscrow is IPaymentEscrow, Stakes {
    mapping(bytes32 stakeId => Purchase) private _purchases;

    constructor(address authority_, address governor_, address beneficiary_)
        Stakes(authority_, governor_, beneficiary_, Params.BUYER_LOCK)
    {}

    /// @inheritdoc IStakes
    function ownerOf(bytes32 stakeId) public view override(IStakes, Stakes) returns (address) {
        return _purchases[stakeId].buyer;
    }

    /// @inheritdoc IPaymentEscrow
    function stakeIdOf(address buyer, bytes32 listingId) public pure returns (bytes32) {
        return keccak256(abi.encode(buyer, listingId));
    }

    /// @inheritdoc IPaymentEscrow
    function purchaseOf(bytes32 stakeId) external view returns (Purchase memory) {
        return _purchases[stakeId];
    }

    /// @inheritdoc IPaymentEscrow
    function stakeNeeded(uint128 quotaWei) public view returns (uint128) {
        uint256 share = Math.mulDiv(quotaWei, governor.get(Params.BUYER_STAKE_BPS), BPS, Math.Rounding.Ceil);
        return SafeCast.toUint128(Math.max(share, governor.get(Params.BUYER_STAKE_MIN)));
    }

    /// @inheritdoc IPaymentEscrow
    function topUpNeeded(bytes32 stakeId, uint128 quotaWei) external view returns (uint128) {
        (uint128 needed, uint128 staying) = (stakeNeeded(quotaWei), stayingOf(stakeId));
        return needed > staying ? needed - staying : 0;
    }

    /// @inheritdoc IPaymentEscrow
    function isCovered(bytes32 stakeId) external view returns (bool) {
        uint128 needed = _purchases[stakeId].needed;
        return needed != 0 && stayingOf(stakeId) >= needed;
    }

    /// @inheritdoc IPaymentEscrow
    function stake(bytes32 listingId, uint128 quotaWei) external payable nonReentrant returns (bytes32 stakeId) {
        governor.requireEntry();
        if (quotaWei == 0) revert QuotaRequired();
        stakeId = stakeIdOf(msg.sender, listingId);
        // Slashed to the last wei is as withdrawn: nothing is open against it any more.
        if (stakeOf(stakeId).amount != 0) revert AlreadyStaked(stakeId);
        uint128 needed = stakeNeeded(quotaWei);
        if (msg.value < needed) revert StakeTooSmall(SafeCast.toUint128(msg.value), needed);
        _add(stakeId);
        _set(stakeId, Purchase(msg.sender, 0, listingId, quotaWei, needed));
    }

    /// @inheritdoc IPaymentEscrow
    function upgrade(bytes32 listingId, uint128 quotaWei) external payable nonReentrant {
        governor.requireEntry();
        bytes32 stakeId = _staked(listingId);
        Purchase memory purchase = _purchases[stakeId];
        if (quotaWei <= purchase.quotaWei) revert QuotaNotRaised(quotaWei, purchase.quotaWei);
        uint128 needed = stakeNeeded(quotaWei);
        _topUp(stakeId, needed);
        _set(stakeId, Purchase(msg.sender, purchase.upgrades + 1, listingId, quotaWei, needed));
    }

    /// @inheritdoc IPaymentEscrow
    function replenish(bytes32 listingId) external payable nonReentrant {
        governor.requireEntry();
        bytes32 stakeId = _staked(listingId);
        if (msg.value == 0) revert ZeroAmount();
        _topUp(stakeId, _purchases[stakeId].needed);
    }

    /// @dev The caller's stake for the listing, which must hold something.
    function _staked(bytes32 listingId) private view returns (bytes32 stakeId) {
        stakeId = stakeIdOf(msg.sender, listingId);
        if (stakeOf(stakeId).amount == 0) revert NotStaked(stakeId);
    }

    /// @dev Takes exactly what is lacking, which may be nothing.
    function _topUp(bytes32 stakeId, uint128 needed) private {
        uint128 staying = stayingOf(stakeId);
        uint128 lacking = needed > staying ? needed - staying : 0;
        uint128 sent = SafeCast.toUint128(msg.value);
        if (sent < lacking) revert StakeTooSmall(staying + sent, needed);
        if (sent > lacking) revert SentTooMuch(sent, lacking);
        if (sent != 0) _add(stakeId);
    }

    function _set(bytes32 stakeId, Purchase memory purchase) private {
        _purchases[stakeId] = purchase;
        emit QuotaSet(stakeId, purchase.buyer, purchase.listingId, purchase.quotaWei, purchase.needed, purchase.upgrades);
    }
}
