// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IParamGovernor} from "./IParamGovernor.sol";

/// @title Settlement of orders from an off-chain book
/// @notice Makers sign limit orders; tokens stay with them until the trade. Whatever the book, the matcher or the taker does, a maker never gives more than `sellAmount`, never gets
/// less than the limit price for what it gives, never pays more fee than it signed, and never after `validTo`.
///
/// The limit holds before the fee: for `x` sold the maker gets at least ceil(x × buyAmount / sellAmount), of which the fee, at most `maxFeeBps` and rounded down, goes to its recipient.
/// Each fill is rounded up for the maker, so many small fills pay it more, never less. Of two orders with one nonce only one is ever filled: signing again under the same nonce replaces.
interface IOrderSettlement {
    /// @notice EIP-712, frozen.
    /// @param receiver of what is bought; zero for the maker. Not this contract.
    /// @param maker signs by its key, or by ERC-1271 where its account has code (EIP-7702 included).
    /// @param validTo Unix seconds, the last at which it may be filled.
    /// @param nonce at most one order of each is ever filled.
    /// @param maxFeeBps of what the maker gets.
    struct Order {
        address maker;
        address sellToken;
        address buyToken;
        uint256 sellAmount;
        uint256 buyAmount;
        address receiver;
        uint64 validTo;
        uint256 nonce;
        uint16 maxFeeBps;
        bool partiallyFillable;
    }

    error BadSignature(address maker);
    error OrderExpired(bytes32 orderHash, uint64 validTo);
    error OrderCancelled(bytes32 orderHash);
    /// @notice Another order took the nonce, or it was cancelled.
    error NonceUsed(address maker, uint256 nonce);
    error OrderFilled(bytes32 orderHash);
    error NotPartiallyFillable(bytes32 orderHash);
    error FeeAboveMax(uint16 feeBps, uint16 maxFeeBps);
    /// @notice The two orders do not cross, or do not trade the same pair, or an order sells what it buys.
    error NotCrossing();
    error ZeroAmount();
    error ZeroAddress();
    /// @notice Tokens that this contract received would stay here for good.
    error ReceiverRefused(address receiver);
    error NotMaker(address caller, address maker);
    /// @notice A token delivered another amount than was sent: such tokens are not traded here.
    error TokenMismatch(address token, uint256 expected, uint256 received);
    error TokenNotAdmitted(address token);
    error SlippageExceeded(uint256 got, uint256 least);

    /// @notice `got` is after the fee: `got + fee` is what the limit speaks of. Cumulative `sold` of the order.
    event Filled(
        bytes32 indexed orderHash, address indexed maker, address indexed counterparty, uint256 gave, uint256 got, uint256 fee, uint256 sold
    );
    event Cancelled(bytes32 indexed orderHash, address indexed maker);
    event NonceCancelled(address indexed maker, uint256 nonce);
    event NoncesCancelledBelow(address indexed maker, uint256 nonce);
    event FeeSet(uint16 feeBps, address recipient);
    event TokenAdmitted(address indexed token, bool admitted);

    function digestOf(Order calldata order) external view returns (bytes32);
    function hashOf(Order calldata order) external pure returns (bytes32);
    /// @return sold so far, in `sellToken` base units.
    function soldOf(bytes32 orderHash) external view returns (uint256);
    function isCancelled(bytes32 orderHash) external view returns (bool);
    function feeBps() external view returns (uint16);
    function feeRecipient() external view returns (address);
    function governor() external view returns (IParamGovernor);
    function isAdmitted(address token) external view returns (bool);
    /// @return the order that took the nonce; 0 where none did, the largest value where it was cancelled.
    function nonceOf(address maker, uint256 nonce) external view returns (bytes32);
    /// @return nonces below it are void.
    function nonceFloorOf(address maker) external view returns (uint256);

    /// @notice The caller takes `sellAmount` of the maker's `sellToken`, or all that is left if that is less, at the maker's limit. `takeLeast` guards the caller: the least it accepts.
    /// Entry.
    /// @return paid of `buyToken`, the fee included.
    function fill(Order calldata order, bytes calldata signature, uint256 sellAmount, uint256 takeLeast) external returns (uint256 paid);
    /// @notice Matches two crossing orders as far as both go. The price is that of `resting`, so what the limits leave between them is the incoming maker's; both limits hold.
    /// Where the incoming order must be filled whole, the part of a unit that the price cannot divide goes to the resting maker. Anyone. Entry.
    /// @return sold of the resting order's `sellToken`.
    /// @return bought of its `buyToken`, fees included.
    function match_(Order calldata resting, bytes calldata restingSignature, Order calldata incoming, bytes calldata incomingSignature)
        external
        returns (uint256 sold, uint256 bought);
    /// @notice Only the maker. Exit.
    function cancel(Order calldata order) external;
    /// @notice Voids every order of the caller with this nonce. Exit.
    function cancelNonce(uint256 nonce) external;
    /// @notice Voids every order of the caller with a nonce below `nonce`. A floor never falls: a lower one changes nothing. Exit.
    function cancelBelow(uint256 nonce) external;
    /// @notice Role: GOVERNOR. At most 100 basis points.
    function setFee(uint16 feeBps_, address recipient) external;
    /// @notice Role: GOVERNOR.
    function admitToken(address token, bool admitted) external;
}
