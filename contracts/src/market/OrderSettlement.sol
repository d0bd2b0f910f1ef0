// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IOrderSettlement} from "../interfaces/IOrderSettlement.sol";
import {IParamGovernor} from "../interfaces/IParamGovernor.sol";
import {Guard} from "../libraries/Guard.sol";
import {CreditVenue} from "../token/CreditVenue.sol";
import {TallyDomain} from "../libraries/TallyDomain.sol";
import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Settlement of orders from an off-chain book
/// @notice See `IOrderSettlement`. Holds no tokens at any time: each transfer goes from one side straight to the other.
contract OrderSettlement is IOrderSettlement, CreditVenue, AccessManaged, TallyDomain, Guard {
    using SafeERC20 for IERC20;

    bytes32 private constant ORDER_TYPE_HASH = keccak256(
        "Order(address maker,address sellToken,address buyToken,uint256 sellAmount,uint256 buyAmount,address receiver,"
        "uint64 validTo,uint256 nonce,uint16 maxFeeBps,bool partiallyFillable)"
    );
    /// No order hashes to it, so a nonce that it took is void.
    bytes32 private constant VOID = bytes32(type(uint256).max);
    uint16 private constant FEE_BPS_MAX = 100;
    uint256 private constant BPS = 10_000;

    /// @inheritdoc IOrderSettlement
    IParamGovernor public immutable governor;
    /// @inheritdoc IOrderSettlement
    uint16 public feeBps;
    /// @inheritdoc IOrderSettlement
    address public feeRecipient;
    /// @inheritdoc IOrderSettlement
    mapping(address token => bool) public isAdmitted;
    /// @inheritdoc IOrderSettlement
    mapping(bytes32 orderHash => uint256) public soldOf;
    /// @inheritdoc IOrderSettlement
    mapping(bytes32 orderHash => bool) public isCancelled;
    /// @inheritdoc IOrderSettlement
    mapping(address maker => mapping(uint256 nonce => bytes32)) public nonceOf;
    /// @inheritdoc IOrderSettlement
    mapping(address maker => uint256) public nonceFloorOf;

    /// @param authority_ the `AccessManager`.
    constructor(address authority_, IParamGovernor governor_) AccessManaged(authority_) {
        if (authority_ == address(0) || address(governor_) == address(0)) revert ZeroAddress();
        governor = governor_;
    }

    /// @inheritdoc IOrderSettlement
    function digestOf(Order calldata order) external view returns (bytes32) {
        return _hashTypedDataV4(hashOf(order));
    }

    /// @inheritdoc IOrderSettlement
    function hashOf(Order calldata order) public pure returns (bytes32) {
        return keccak256(abi.encode(ORDER_TYPE_HASH, order));
    }

    /// @inheritdoc IOrderSettlement
    function fill(Order calldata order, bytes calldata signature, uint256 sellAmount, uint256 takeLeast)
        external
        nonReentrant
        returns (uint256 paid)
    {
        governor.requireEntry();
        (bytes32 orderHash, uint256 left) = _open(order, signature);
        uint256 taken = Math.min(sellAmount, left);
        if (taken < takeLeast) revert SlippageExceeded(taken, takeLeast);
        paid = _priceUp(order, taken);
        _book(order, orderHash, msg.sender, taken, paid);
        _pay(order, msg.sender, paid);
        _move(order.sellToken, order.maker, msg.sender, taken);
    }

    /// @inheritdoc IOrderSettlement
    function match_(Order calldata resting, bytes calldata restingSignature, Order calldata incoming, bytes calldata incomingSignature)
        external
        nonReentrant
        returns (uint256 sold, uint256 bought)
    {
        governor.requireEntry();
        if (resting.sellToken != incoming.buyToken || resting.buyToken != incoming.sellToken) revert NotCrossing();
        (bytes32 restingHash, uint256 restingLeft) = _open(resting, restingSignature);
        (bytes32 incomingHash, uint256 incomingLeft) = _open(incoming, incomingSignature);
        (sold, bought) = _trade(resting, restingLeft, incoming, incomingLeft);
        _book(resting, restingHash, incoming.maker, sold, bought);
        _book(incoming, incomingHash, resting.maker, bought, sold);
        _pay(resting, incoming.maker, bought);
        _pay(incoming, resting.maker, sold);
    }

    /// @inheritdoc IOrderSettlement
    function cancel(Order calldata order) external {
        if (msg.sender != order.maker) revert NotMaker(msg.sender, order.maker);
        bytes32 orderHash = hashOf(order);
        isCancelled[orderHash] = true;
        emit Cancelled(orderHash, msg.sender);
    }

    /// @inheritdoc IOrderSettlement
    function cancelNonce(uint256 nonce) external {
        nonceOf[msg.sender][nonce] = VOID;
        emit NonceCancelled(msg.sender, nonce);
    }

    /// @inheritdoc IOrderSettlement
    function cancelBelow(uint256 nonce) external {
        if (nonce <= nonceFloorOf[msg.sender]) return;
        nonceFloorOf[msg.sender] = nonce;
        emit NoncesCancelledBelow(msg.sender, nonce);
    }

    /// @inheritdoc IOrderSettlement
    function setFee(uint16 feeBps_, address recipient) external restricted {
        if (feeBps_ > FEE_BPS_MAX) revert FeeAboveMax(feeBps_, FEE_BPS_MAX);
        if (feeBps_ != 0 && recipient == address(0)) revert ZeroAddress();
        if (recipient == address(this)) revert ReceiverRefused(recipient);
        feeBps = feeBps_;
        feeRecipient = recipient;
        emit FeeSet(feeBps_, recipient);
    }

    /// @inheritdoc IOrderSettlement
    function admitToken(address token, bool admitted) external restricted {
        if (token == address(0)) revert ZeroAddress();
        isAdmitted[token] = admitted;
        emit TokenAdmitted(token, admitted);
    }

    /// Everything that must hold of an order before it trades; takes its nonce. `left` is what it may still sell.
    function _open(Order calldata order, bytes calldata signature) private returns (bytes32 orderHash, uint256 left) {
        orderHash = hashOf(order);
        if (block.timestamp > order.validTo) revert OrderExpired(orderHash, order.validTo);
        if (order.sellAmount == 0 || order.buyAmount == 0) revert ZeroAmount();
        if (order.sellToken == order.buyToken) revert NotCrossing();
        // What came here would stay here.
        if (order.receiver == address(this)) revert ReceiverRefused(order.receiver);
        if (!isAdmitted[order.sellToken]) revert TokenNotAdmitted(order.sellToken);
        if (!isAdmitted[order.buyToken]) revert TokenNotAdmitted(order.buyToken);
        if (feeBps > order.maxFeeBps) revert FeeAboveMax(feeBps, order.maxFeeBps);
        if (isCancelled[orderHash]) revert OrderCancelled(orderHash);
        bytes32 takenBy = nonceOf[order.maker][order.nonce];
        if (order.nonce < nonceFloorOf[order.maker]) revert NonceUsed(order.maker, order.nonce);
        if (takenBy == bytes32(0)) nonceOf[order.maker][order.nonce] = orderHash;
        else if (takenBy != orderHash) revert NonceUsed(order.maker, order.nonce);
        left = order.sellAmount - soldOf[orderHash];
        if (left == 0) revert OrderFilled(orderHash);
        // The maker's own key alone: it is not asked whether the maker is the sender. A contract's answer (ERC-1271) is asked for anew at each fill, so it can be withdrawn.
        if (!SignatureChecker.isValidSignatureNowCalldata(order.maker, _hashTypedDataV4(orderHash), signature)) {
            revert BadSignature(order.maker);
        }
    }

    /// How much two crossing orders trade at the resting order's price.
    function _trade(Order calldata resting, uint256 restingLeft, Order calldata incoming, uint256 incomingLeft)
        private
        pure
        returns (uint256 sold, uint256 bought)
    {
        uint256 affordable = _priceDown(resting, incomingLeft);
        sold = Math.min(restingLeft, affordable);
        if (sold == 0) revert NotCrossing();
        // At most `incomingLeft`: rounding up what `affordable`, which was rounded down, costs cannot pass what it was made from.
        bought = _priceUp(resting, sold);
        // An order that must be filled whole gives the undivided part of a unit as well, if it is the smaller side; else it is refused below.
        if (!incoming.partiallyFillable && affordable <= restingLeft) bought = incomingLeft;
        if (sold < _priceUp(incoming, bought)) revert NotCrossing();
    }

    /// ceil(`amount` × buyAmount / sellAmount): the least that the maker takes for `amount`. `amount` is at most `sellAmount`, so it cannot overflow.
    function _priceUp(Order calldata order, uint256 amount) private pure returns (uint256) {
        return Math.mulDiv(amount, order.buyAmount, order.sellAmount, Math.Rounding.Ceil);
    }

    /// floor(`paid` × sellAmount / buyAmount): what `paid` buys at the maker's limit; where that passes 256 bits, the largest number, which is more than is for sale as well.
    function _priceDown(Order calldata order, uint256 paid) private pure returns (uint256) {
        (uint256 high,) = Math.mul512(paid, order.sellAmount);
        return high >= order.buyAmount ? type(uint256).max : Math.mulDiv(paid, order.sellAmount, order.buyAmount);
    }

    /// Books one side of a trade, before any token moves. `got` is before the fee.
    function _book(Order calldata order, bytes32 orderHash, address counterparty, uint256 gave, uint256 got) private {
        if (gave == 0) revert ZeroAmount();
        if (!order.partiallyFillable && gave != order.sellAmount) revert NotPartiallyFillable(orderHash);
        uint256 sold = soldOf[orderHash] + gave;
        soldOf[orderHash] = sold;
        uint256 fee = _feeOn(got);
        emit Filled(orderHash, order.maker, counterparty, gave, got - fee, fee, sold);
    }

    /// Pays the maker of `order` what it got, and the fee out of it.
    function _pay(Order calldata order, address from, uint256 got) private {
        uint256 fee = _feeOn(got);
        _move(order.buyToken, from, order.receiver == address(0) ? order.maker : order.receiver, got - fee);
        if (fee != 0) _move(order.buyToken, from, feeRecipient, fee);
    }

    /// Rounded down, for the maker.
    function _feeOn(uint256 got) private view returns (uint256) {
        return Math.mulDiv(got, feeBps, BPS);
    }

    /// Admission is a promise that a token takes no fee; this does not believe it. Both sides are measured: a token that took more from the sender would break the sender's limit.
    function _move(address token, address from, address to, uint256 amount) private {
        IERC20 erc20 = IERC20(token);
        uint256 fromBefore = erc20.balanceOf(from);
        uint256 toBefore = erc20.balanceOf(to);
        erc20.safeTransferFrom(from, to, amount);
        // Who trades with himself must have the same as before.
        uint256 moved = from == to ? 0 : amount;
        uint256 received = erc20.balanceOf(to) - toBefore;
        if (received != moved) revert TokenMismatch(token, moved, received);
        uint256 taken = fromBefore - erc20.balanceOf(from);
        if (taken != moved) revert TokenMismatch(token, moved, taken);
    }
}
