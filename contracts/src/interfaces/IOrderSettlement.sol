// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Settlement of orders from an off-chain book
/// @notice Makers sign limit orders; tokens stay with them until the trade. Whatever the book, the matcher or the taker does, a maker never gives more than `sellAmount`, never gets
/// less than the limit price for what it gives, never pays more fee than it signed, and never after `validTo`.
interface IOrderSettlement {
    /// @notice EIP-712, frozen.
    /// @param validTo Unix seconds.
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
    error NonceUsed(address maker, uint256 nonce);
    error OrderFilled(bytes32 orderHash);
    error NotPartiallyFillable(bytes32 orderHash);
    error FeeAboveMax(uint16 feeBps, uint16 maxFeeBps);
    /// @notice The two orders do not cross, or do not trade the same pair.
    error NotCrossing();
    error ZeroAmount();
    error ZeroAddress();
    error NotMaker(address caller, address maker);
    /// @notice A token delivered another amount than was sent: such tokens are not traded here.
    error TokenMismatch(address token, uint256 expected, uint256 received);
    error TokenNotAdmitted(address token);
    error SlippageExceeded(uint256 got, uint256 least);

    /// @notice Cumulative `sold` of the order.
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

    /// @notice The caller takes `sellAmount` of the maker's `sellToken` at the maker's limit. `buyLeast` guards the caller: the least it accepts.
    function fill(Order calldata order, bytes calldata signature, uint256 sellAmount, uint256 takeLeast) external returns (uint256 paid);
    /// @notice Matches two crossing orders as far as both go. The price is the maker's whose order is `resting`; both limits hold. Anyone.
    function match_(Order calldata resting, bytes calldata restingSignature, Order calldata incoming, bytes calldata incomingSignature)
        external
        returns (uint256 sold, uint256 bought);
    /// @notice Only the maker. Exit.
    function cancel(Order calldata order) external;
    /// @notice Voids every order of the caller with this nonce.
    function cancelNonce(uint256 nonce) external;
    /// @notice Voids every order of the caller with a nonce below `nonce`.
    function cancelBelow(uint256 nonce) external;
    /// @notice Role: GOVERNOR. At most 100 basis points.
    function setFee(uint16 feeBps_, address recipient) external;
    /// @notice Role: GOVERNOR.
    function admitToken(address token, bool admitted) external;
}
