// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICreditToken} from "./ICreditToken.sol";
import {IParamGovernor} from "./IParamGovernor.sol";
import {IQuorumVerifier} from "./IQuorumVerifier.sol";

/// @title Leaving a chain, by the owners' own act
/// @notice Stands on the old chain. Owners put credits in while it is open; frozen, nothing in it moves; sealed, the reserve behind them goes to the announced
/// bridge. Until it is sealed everything can be undone; after that nothing can. A frozen manifest that is not sealed within `FROZEN_MAX` opens again by itself.
/// Nobody names the root, so nobody is believed about it, and no entry can make a freeze fail that was scheduled before it: once frozen, this contract makes the tree of all
/// entries itself, a part at a time (`tally`).
interface IMigrationManifest {
    enum Phase {
        Open,
        Frozen,
        Sealed
    }

    /// @notice Leaf: keccak256(bytes.concat(keccak256(abi.encode(manifestId, index, owner, recipient, amount)))). Node: keccak256 of its two children, the smaller first. Leaves stand
    /// in the order of the index; the odd one at the end of a level goes up as it is. An entry that was taken back keeps its place, with amount 0.
    struct Entry {
        address owner;
        address recipient;
        uint128 amount;
    }

    error WrongPhase(Phase phase);
    error ZeroAmount();
    error ZeroAddress();
    /// @notice The contract that pays on the other chain cannot be paid itself.
    error RecipientRefused(address recipient);
    error NothingEntered(address owner);
    /// @notice The owner's entry names another recipient: take it back first.
    error RecipientMismatch(address given, address entered);
    error TooEarly(uint64 readyAt);
    error FrozenTooLong(uint64 since);
    /// @notice Not all entries are tallied yet.
    error TallyUnfinished(uint256 tallied, uint256 count);

    /// @notice `amount` is the entry's after it, `total` that of all entries.
    event Entered(uint256 indexed index, address indexed owner, address indexed recipient, uint128 amount, uint128 total);
    event Left(uint256 indexed index, address indexed owner, uint128 amount, uint128 total);
    event Frozen(uint128 total, uint256 count, uint64 sealableAt);
    event Tallied(uint256 tallied, uint256 count);
    /// @notice The last entry was tallied.
    event Rooted(bytes32 root, uint128 total);
    event RolledBack();
    event Sealed_(bytes32 root, uint128 total, address bridge);

    /// @notice 7 days.
    function FROZEN_MAX() external view returns (uint64);
    /// @notice 24 h at least between freezing and sealing, in which anybody can look at the entries.
    function REVIEW() external view returns (uint64);
    function credits() external view returns (ICreditToken);
    function governor() external view returns (IParamGovernor);
    /// @return keccak256(abi.encode(chainId, this, destinationChainId, destination)).
    function manifestId() external view returns (bytes32);
    function phase() external view returns (Phase);
    /// @return that of all entries; 0 until the last one is tallied.
    function root() external view returns (bytes32);
    function total() external view returns (uint128);
    /// @return Unix seconds; 0 while open.
    function frozenAt() external view returns (uint64);
    /// @return since when it is open again (Unix seconds); 0 where it never was frozen.
    function openedAt() external view returns (uint64);
    function entryCount() external view returns (uint256);
    /// @return entries that the tree holds so far, while frozen.
    function tallied() external view returns (uint256);
    function entryOf(uint256 index) external view returns (Entry memory);
    function destinationChainId() external view returns (uint256);
    function destination() external view returns (address);
    function bridge() external view returns (address);

    /// @notice Puts `amount` of the caller's credits in, to be claimed by `recipient` on the new chain. One entry per owner; a second adds to it and must name the same recipient. Entry.
    function enter(address recipient, uint128 amount) external returns (uint256 index);
    /// @notice Takes all back. Only while open. Exit.
    function withdraw() external returns (uint128 amount);
    /// @notice Stops entries and withdrawals. Role: GOVERNOR. Not again within `REVIEW` of its opening: else one freeze after another would keep owners in.
    function freeze() external;
    /// @notice Adds the next entries, at most `most`, to the tree; with the last one the root is there. Anyone. Only while frozen.
    function tally(uint256 most) external returns (uint256 tallied_);
    /// @notice Opens it again. Role: GOVERNOR, at any time before sealing; anyone after `FROZEN_MAX`.
    function rollback() external;
    /// @notice Redeems the credits and pays the asset to the bridge. Role: GOVERNOR, after `REVIEW` and once all entries are tallied. Cannot be undone.
    function seal() external;
}

/// @title Arriving on a chain
/// @notice Stands on the new chain. Claims are paid by proof only, only once it is sealed, and never more than what was bridged.
/// Between the two seals the reserve is the bridge's: until it is funded here, owners trust the bridge and governance, which acts after a delay. Once sealed nothing here depends on
/// anybody: what is bridged up to the total can leave by claims alone, with no time limit.
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
    error RootMissing();
    error ZeroAmount();
    error ZeroAddress();

    event ManifestFrozen(bytes32 indexed manifestId, bytes32 root, uint128 total, uint256 count);
    event ManifestOpened(bytes32 indexed manifestId);
    event ManifestSealed(bytes32 indexed manifestId, bytes32 root, uint128 total);
    event Bridged(address indexed from, uint128 amount, uint128 bridged);
    event Reclaimed(address indexed to, uint128 amount, uint128 bridged);
    event Claimed(uint256 indexed index, address indexed recipient, uint128 amount, uint128 claimed);

    function credits() external view returns (ICreditToken);
    function governor() external view returns (IParamGovernor);
    function quorum() external view returns (IQuorumVerifier);
    function manifestId() external view returns (bytes32);
    function phase() external view returns (Phase);
    function root() external view returns (bytes32);
    function total() external view returns (uint128);
    function count() external view returns (uint256);
    /// @return credits brought in, less those that were given back.
    function bridged() external view returns (uint128);
    function claimed() external view returns (uint128);
    function isClaimed(uint256 index) external view returns (bool);
    /// @return the EIP-712 digest of Sealed(bytes32 manifestId,bytes32 root,uint128 total,uint64 epoch), which the oracles of this chain sign once the old chain's manifest is sealed.
    function sealDigest(uint64 epoch) external view returns (bytes32);

    /// @notice Names the manifest as it was frozen and tallied on the old chain. Role: GOVERNOR. While open only.
    function freeze(bytes32 manifestId_, bytes32 root_, uint128 total_, uint256 count_) external;
    /// @notice Back to open. Role: GOVERNOR. Before sealing only.
    function rollback() external;
    /// @notice Brings in credits of the caller, which the bridged reserve was deposited for. Before sealing only. Entry.
    function fund(uint128 amount) external;
    /// @notice Gives back to `to`: while open, all that was brought in; once sealed, only what is beyond the total, which no entry can claim. Role: GOVERNOR.
    function reclaim(address to) external returns (uint128 amount);
    /// @notice Seals it, if all is bridged and a quorum of the oracle set `epoch` attests that the old chain's manifest is sealed with this root and total. Anyone. Cannot be undone.
    function seal(uint64 epoch, bytes calldata attestation) external;
    /// @notice Pays an entry to its recipient. Anyone, with the proof. Exit: never stops.
    function claim(uint256 index, address owner, address recipient, uint128 amount, bytes32[] calldata proof) external;
}
