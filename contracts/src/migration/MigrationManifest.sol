// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICreditToken} from "../interfaces/ICreditToken.sol";
import {IMigrationManifest} from "../interfaces/IMigrationManifest.sol";
import {IParamGovernor} from "../interfaces/IParamGovernor.sol";
import {Guard} from "../libraries/Guard.sol";
import {CreditVenue} from "../token/CreditVenue.sol";
import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Leaving a chain, by the owners' own act
/// @notice See `IMigrationManifest`. This contract is a venue of the credits: it holds those that were entered, until their owners take them back or the seal redeems them.
contract MigrationManifest is IMigrationManifest, CreditVenue, AccessManaged, Guard {
    using SafeERC20 for IERC20;

    /// @inheritdoc IMigrationManifest
    uint64 public constant FROZEN_MAX = 7 days;
    /// @inheritdoc IMigrationManifest
    uint64 public constant REVIEW = 24 hours;

    /// @inheritdoc IMigrationManifest
    ICreditToken public immutable credits;
    /// @inheritdoc IMigrationManifest
    IParamGovernor public immutable governor;
    /// @inheritdoc IMigrationManifest
    uint256 public immutable destinationChainId;
    /// @inheritdoc IMigrationManifest
    address public immutable destination;
    /// @inheritdoc IMigrationManifest
    address public immutable bridge;
    /// @inheritdoc IMigrationManifest
    bytes32 public immutable manifestId;

    /// @inheritdoc IMigrationManifest
    bytes32 public root;
    /// @inheritdoc IMigrationManifest
    uint128 public total;
    /// @inheritdoc IMigrationManifest
    uint64 public frozenAt;
    /// @inheritdoc IMigrationManifest
    uint64 public openedAt;
    bool private _sealed;
    /// @inheritdoc IMigrationManifest
    uint256 public tallied;

    Entry[] private _entries;
    /// Index + 1 of the owner's entry.
    mapping(address owner => uint256) private _placeOf;
    /// Tops of the complete trees of 2^level leaves that the tally is made of so far: level i holds one where bit i of `tallied` is set.
    mapping(uint256 level => bytes32) private _tops;

    constructor(
        address authority_,
        IParamGovernor governor_,
        ICreditToken credits_,
        uint256 destinationChainId_,
        address destination_,
        address bridge_
    ) AccessManaged(authority_) {
        if (authority_ == address(0) || address(governor_) == address(0) || address(credits_) == address(0)) {
            revert ZeroAddress();
        }
        if (destination_ == address(0) || bridge_ == address(0)) revert ZeroAddress();
        governor = governor_;
        credits = credits_;
        destinationChainId = destinationChainId_;
        destination = destination_;
        bridge = bridge_;
        manifestId = keccak256(abi.encode(block.chainid, address(this), destinationChainId_, destination_));
    }

    /// @inheritdoc IMigrationManifest
    function phase() public view returns (Phase) {
        if (_sealed) return Phase.Sealed;
        return frozenAt == 0 || _expired() ? Phase.Open : Phase.Frozen;
    }

    /// @inheritdoc IMigrationManifest
    function entryCount() external view returns (uint256) {
        return _entries.length;
    }

    /// @inheritdoc IMigrationManifest
    function entryOf(uint256 index) external view returns (Entry memory) {
        return _entries[index];
    }

    /// @inheritdoc IMigrationManifest
    function enter(address recipient, uint128 amount) external nonReentrant returns (uint256 index) {
        governor.requireEntry();
        if (recipient == address(0)) revert ZeroAddress();
        if (amount == 0) revert ZeroAmount();
        // Credits of the other chain do not go to the contract that holds them for others: it could never be paid there.
        if (recipient == destination) revert RecipientRefused(recipient);
        _requireOpen();
        uint256 place = _placeOf[msg.sender];
        if (place == 0) {
            _entries.push(Entry(msg.sender, recipient, 0));
            place = _entries.length;
            _placeOf[msg.sender] = place;
        }
        index = place - 1;
        Entry storage entry = _entries[index];
        if (entry.amount != 0 && entry.recipient != recipient) revert RecipientMismatch(recipient, entry.recipient);
        entry.recipient = recipient;
        entry.amount += amount;
        total += amount;
        emit Entered(index, msg.sender, recipient, entry.amount, total);
        IERC20(address(credits)).safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @inheritdoc IMigrationManifest
    function withdraw() external nonReentrant returns (uint128 amount) {
        _requireOpen();
        uint256 place = _placeOf[msg.sender];
        if (place == 0) revert NothingEntered(msg.sender);
        Entry storage entry = _entries[place - 1];
        amount = entry.amount;
        if (amount == 0) revert NothingEntered(msg.sender);
        // The place stays: indices never move, so an entry is one leaf or none.
        entry.amount = 0;
        total -= amount;
        emit Left(place - 1, msg.sender, amount, total);
        IERC20(address(credits)).safeTransfer(msg.sender, amount);
    }

    /// @inheritdoc IMigrationManifest
    function freeze() external restricted {
        _requireOpen();
        if (openedAt != 0 && block.timestamp < openedAt + REVIEW) revert TooEarly(openedAt + REVIEW);
        // So there is an entry, and `tally` ends with a root.
        if (total == 0) revert ZeroAmount();
        frozenAt = uint64(block.timestamp);
        emit Frozen(total, _entries.length, frozenAt + REVIEW);
    }

    /// @inheritdoc IMigrationManifest
    function tally(uint256 most) external returns (uint256 tallied_) {
        if (phase() != Phase.Frozen) revert WrongPhase(phase());
        tallied_ = tallied;
        uint256 end = Math.min(_entries.length, Math.saturatingAdd(tallied_, most));
        for (; tallied_ < end; ++tallied_) {
            bytes32 node = _leafOf(tallied_);
            uint256 level = 0;
            // As adding one to a binary number: each set bit from the right is a complete tree that the new one joins.
            for (; tallied_ >> level & 1 == 1; ++level) {
                node = Hashes.commutativeKeccak256(_tops[level], node);
            }
            _tops[level] = node;
        }
        tallied = tallied_;
        emit Tallied(tallied_, _entries.length);
        // No entry comes or goes while frozen, so what is the root once stays the root.
        if (tallied_ == _entries.length && root == bytes32(0)) {
            root = _talliedRoot();
            emit Rooted(root, total);
        }
    }

    /// @inheritdoc IMigrationManifest
    function rollback() external {
        if (frozenAt == 0 || _sealed) revert WrongPhase(phase());
        if (!_expired()) _checkCanCall(msg.sender, msg.data);
        _open();
    }

    /// @inheritdoc IMigrationManifest
    function seal() external restricted nonReentrant {
        if (frozenAt == 0 || _sealed) revert WrongPhase(phase());
        if (block.timestamp < frozenAt + REVIEW) revert TooEarly(frozenAt + REVIEW);
        if (_expired()) revert FrozenTooLong(frozenAt);
        if (root == bytes32(0)) revert TallyUnfinished(tallied, _entries.length);
        _sealed = true;
        emit Sealed_(root, total, bridge);
        credits.redeem(bridge, total);
    }

    function _expired() private view returns (bool) {
        return frozenAt != 0 && block.timestamp >= frozenAt + FROZEN_MAX;
    }

    /// Reverts unless open; clears away a freeze that ran out.
    function _requireOpen() private {
        if (phase() != Phase.Open) revert WrongPhase(phase());
        if (frozenAt != 0) _open();
    }

    /// `_tops` may keep old nodes: only those whose bit of `tallied` is set are ever read.
    function _open() private {
        openedAt = _expired() ? frozenAt + FROZEN_MAX : uint64(block.timestamp);
        root = bytes32(0);
        frozenAt = 0;
        tallied = 0;
        emit RolledBack();
    }

    function _leafOf(uint256 index) private view returns (bytes32) {
        Entry storage entry = _entries[index];
        return keccak256(bytes.concat(keccak256(abi.encode(manifestId, index, entry.owner, entry.recipient, entry.amount))));
    }

    /// Joins what is left of each size from the smallest up: the shape in which the odd node at the end of a level goes up as it is.
    function _talliedRoot() private view returns (bytes32 node) {
        for (uint256 level = 0; tallied >> level != 0; ++level) {
            if (tallied >> level & 1 == 0) continue;
            node = node == bytes32(0) ? _tops[level] : Hashes.commutativeKeccak256(_tops[level], node);
        }
    }
}
