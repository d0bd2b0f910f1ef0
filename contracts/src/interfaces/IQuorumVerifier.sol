// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title A scheme by which several keys sign as one
/// @notice Pure mathematics behind one door, so that a chain without the needed precompiles can use another scheme.
interface IQuorumScheme {
    /// @notice The key is malformed, or its owner did not prove to hold it.
    error KeyInvalid();
    error ProofMalformed();
    error SignatureInvalid();
    /// @notice The chain lacks a precompile that the scheme needs.
    error PrecompileMissing(address precompile);

    /// @return bytes of one key.
    function keyLength() external view returns (uint256);
    /// @notice Reverts unless `key` is well formed and `possession` proves that `operator` holds it: a key made from others' keys (a rogue key) has no such proof.
    function checkKey(address operator, bytes calldata key, bytes calldata possession) external view;
    /// @notice Reverts unless `proof` is a signature over `digest` by the members that it names. Its first byte is the mask; what follows is the scheme's own.
    /// The digest binds chain, contract and purpose: that is its maker's business, the scheme signs any 32 bytes.
    /// @param keys of all members of the set, in its order, one after the other.
    /// @return mask of the members that signed: bit i is member i.
    function verify(bytes32 digest, bytes calldata keys, bytes calldata proof) external view returns (uint256 mask);
}

/// @title Sets of oracles, and whether enough of one set signed
/// @notice Five operators, three of whom must sign. A set has an epoch; the set before may still attest for a short overlap, older ones never.
interface IQuorumVerifier {
    /// @param keysPointer contract whose code is the keys.
    /// @param validUntil Unix seconds, the first second in which it is not valid any more; 0 while it is the current set.
    struct Epoch {
        address scheme;
        address keysPointer;
        uint64 validFrom;
        uint64 validUntil;
        address[5] operators;
    }

    error EpochUnknown(uint64 epoch);
    /// @notice The set was replaced and its overlap is over.
    error EpochStale(uint64 epoch, uint64 validUntil);
    error QuorumTooSmall(uint256 signers, uint256 needed);
    error OperatorTwice(address operator);
    /// @notice The operator has no key under this scheme.
    error KeyMissing(address operator, address scheme);
    /// @notice Another operator registered this key: one key is one signer.
    error KeyTaken(address operator);
    /// @notice The scheme names a signer that the set does not have.
    error MaskOutOfRange(uint256 mask);
    error SchemeNotAdmitted(address scheme);
    error OperatorNotStaked(address operator);
    error ZeroAddress();

    event SchemeAdmitted(address indexed scheme, bool admitted);
    event KeyRegistered(address indexed operator, address indexed scheme, bytes key);
    event EpochOpened(uint64 indexed epoch, address indexed scheme, address[5] operators, address keysPointer);
    event EpochClosed(uint64 indexed epoch, uint64 validUntil);

    /// @notice 3.
    function THRESHOLD() external view returns (uint256);
    /// @return the current epoch; 0 before the first set.
    function currentEpoch() external view returns (uint64);
    function epochOf(uint64 epoch) external view returns (Epoch memory);
    /// @return operators of the current set.
    function operators() external view returns (address[5] memory);
    /// @return whether keys may be registered, sets opened and proofs checked under `scheme`.
    function isAdmitted(address scheme) external view returns (bool);
    /// @return the key that `operator` registered under `scheme`; empty where there is none. Sets keep the key of their opening.
    function keyOf(address operator, address scheme) external view returns (bytes memory);
    /// @notice Reverts unless at least three distinct members of the set of `epoch`, which must be valid now, signed `digest`.
    /// The digest must be bound to its chain, contract and purpose by the caller. A revert is no proof that nobody signed: with too little gas the precompiles fail as well.
    /// @return mask of the members that signed.
    function verify(bytes32 digest, uint64 epoch, bytes calldata proof) external view returns (uint256 mask);
    /// @notice As `verify`, for sets of any time: to prove what a set once signed.
    /// @return mask of the members that signed.
    function verifyAt(bytes32 digest, uint64 epoch, bytes calldata proof) external view returns (uint256 mask);
    /// @notice Registers the caller's key, with its proof of possession; replaces an earlier one from the next rotation on.
    function registerKey(address scheme, bytes calldata key, bytes calldata possession) external;
    /// @notice Opens the next epoch with five operators who have registered keys under `scheme` and are staked. The set before stays valid for `epochOverlap` as it is now, the
    /// one before that ends at once; so a set that is found bad is ended by rotating twice. Role: GOVERNOR.
    function rotate(address scheme, address[5] calldata operators_) external returns (uint64 epoch);
    /// @notice Taken back only where the scheme is found broken: then no proof under it counts any more, not even of the past (whoever breaks it could frame its members).
    /// Role: GOVERNOR.
    function admitScheme(address scheme, bool admitted) external;
}

/// @title Members of a set whose stake is gone
/// @notice Stakes are asked for when a set is opened. A member may ask its stake back the day after, and could then sign what it cannot be slashed for. So anybody may have a set
/// reviewed: signatures of members who are not staked now do not count in `verify`, until a review finds them staked again. `verifyAt` is about who signed, and counts them.
interface IQuorumReview {
    /// @notice Bit i of `struck` is member i of the set.
    event EpochReviewed(uint64 indexed epoch, uint256 struck);

    /// @return the members whose signatures do not count now: bit i is member i.
    function struckOf(uint64 epoch) external view returns (uint256);
    /// @notice Asks for the stakes of the set's members anew. Anyone. Logs only what changes.
    function review(uint64 epoch) external returns (uint256 struck);
}
