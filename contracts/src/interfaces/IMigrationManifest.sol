// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Leaving a chain, by the owners' own act
/// @notice Stands on the old chain. Owners put credits in while it is open; it is frozen under a root over all entries; sealed, the reserve behind them goes to the announced
/// bridge. Until it is sealed everything can be undone; after that nothing can. A frozen manifest that is not sealed within `FROZEN_MAX` opens again by itself.
interface IMigrationManifest {
    enum Phase {
        Open,
        Frozen,
        Sealed
    }

    /// @notice Leaf: keccak256(bytes.concat(keccak256(abi.encode(manifestId, index, owner, recipient, amount)))).
    struct Entry {
        address owner;
        address recipient;
        uint128 amount;
    }

    error WrongPhase(Phase phase);
    error ZeroAmount();
    error ZeroAddress();
    error NothingEntered(address owner);
    error RootMissing();
    error TotalMismatch(uint128 given, uint128 entered);
    error CountMismatch(uint256 given, uint256 entered);
    error TooEarly(uint64 readyAt);
    error FrozenTooLong(uint64 since);

    event Entered(uint256 indexed index, address indexed owner, address indexed recipient, uint128 amount, uint128 total);
    event Left(uint256 indexed index, address indexed owner, uint128 amount, uint128 total);
    event Frozen(bytes32 root, uint128 total, uint256 count, uint64 sealableAt);
    event RolledBack();
    event Sealed_(bytes32 root, uint128 total, address bridge);

    /// @notice 7 days.
    function FROZEN_MAX() external view returns (uint64);
    /// @notice 24 h at least between freezing and sealing, in which anybody can compare the root with the entries.
    function REVIEW() external view returns (uint64);
    /// @return keccak256(abi.encode(chainId, this, destinationChainId, destination)).
    function manifestId() external view returns (bytes32);
    function phase() external view returns (Phase);
    function root() external view returns (bytes32);
    function total() external view returns (uint128);
    function entryCount() external view returns (uint256);
    function entryOf(uint256 index) external view returns (Entry memory);
    function destinationChainId() external view returns (uint256);
    function destination() external view returns (address);
    function bridge() external view returns (address);

    /// @notice Puts `amount` of the caller's credits in, to be claimed by `recipient` on the new chain. One entry per owner; a second adds to it and must name the same recipient.
    function enter(address recipient, uint128 amount) external returns (uint256 index);
    /// @notice Takes all back. Only while open. Exit.
    function withdraw() external returns (uint128 amount);
    /// @notice Role: GOVERNOR.
    function freeze(bytes32 root_, uint128 total_, uint256 count_) external;
    /// @notice Opens it again. Role: GOVERNOR, at any time before sealing; anyone after `FROZEN_MAX`.
    function rollback() external;
    /// @notice Redeems the credits and pays the asset to the bridge. Role: GOVERNOR, after `REVIEW`. Cannot be undone.
    function seal() external;
}

/// @title Arriving on a chain
/// @notice Stands on the new chain. Claims are paid by proof only, only once it is sealed, and never more than what was bridged.
interface IMigrationClaims {
    enum Phase {
        Open,
        Frozen,
        Sealed
    }

    error WrongPhase(Phase phase);
    error NotBridged(uint128 needed, uint128 bridged);
    error AlreadyClaimed(uint256 index);
    error ProofInvalid();
    error AttestationMissing();
    error ZeroAmount();
    error ZeroAddress();
    error TooEarly(uint64 readyAt);

    event ManifestFrozen(bytes32 indexed manifestId, bytes32 root, uint128 total, uint256 count);
    event ManifestOpened(bytes32 indexed manifestId);
    event ManifestSealed(bytes32 indexed manifestId, bytes32 root, uint128 total);
    event Bridged(address indexed from, uint128 amount, uint128 bridged);
    event Reclaimed(address indexed to, uint128 amount, uint128 bridged);
    event Claimed(uint256 indexed index, address indexed recipient, uint128 amount, uint128 claimed);

    function manifestId() external view returns (bytes32);
    function phase() external view returns (Phase);
    function root() external view returns (bytes32);
    function total() external view returns (uint128);
    /// @return credits brought in, less those that a rollback took back.
    function bridged() external view returns (uint128);
    function claimed() external view returns (uint128);
    function isClaimed(uint256 index) external view returns (bool);
    /// @return the EIP-712 digest of Sealed(bytes32 manifestId,bytes32 root,uint128 total,uint64 epoch), which the oracles of this chain sign once the old chain's manifest is sealed.
    function sealDigest(uint64 epoch) external view returns (bytes32);

    /// @notice Names the manifest as it was frozen on the old chain. Role: GOVERNOR. While open only.
    function freeze(bytes32 manifestId_, bytes32 root_, uint128 total_, uint256 count_) external;
    /// @notice Back to open. Role: GOVERNOR. Before sealing only.
    function rollback() external;
    /// @notice Brings in credits of the caller, which the bridged reserve was deposited for.
    function fund(uint128 amount) external;
    /// @notice After a rollback: gives back to `to` what was brought in. Role: GOVERNOR. While open only.
    function reclaim(address to) external returns (uint128 amount);
    /// @notice Seals it, if all is bridged and a quorum attests that the old chain's manifest is sealed with this root and total. Anyone. Cannot be undone.
    function seal(uint64 epoch, bytes calldata attestation) external;
    /// @notice Pays an entry to its recipient. Anyone, with the proof.
    function claim(uint256 index, address owner, address recipient, uint128 amount, bytes32[] calldata proof) external;
}
