// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICreditToken} from "../interfaces/ICreditToken.sol";
import {IMigrationClaims} from "../interfaces/IMigrationManifest.sol";
import {IParamGovernor} from "../interfaces/IParamGovernor.sol";
import {IQuorumVerifier} from "../interfaces/IQuorumVerifier.sol";
import {Guard} from "../libraries/Guard.sol";
import {CreditVenue} from "../token/CreditVenue.sol";
import {TallyDomain} from "../libraries/TallyDomain.sol";
import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";

/// @title Arriving on a chain
/// @notice See `IMigrationClaims`. This contract is a venue of the new chain's credits.
contract MigrationClaims is IMigrationClaims, CreditVenue, AccessManaged, TallyDomain, Guard {
    using SafeERC20 for IERC20;
    using BitMaps for BitMaps.BitMap;

    bytes32 private constant SEALED_TYPE_HASH = keccak256("Sealed(bytes32 manifestId,bytes32 root,uint128 total,uint64 epoch)");

    /// @inheritdoc IMigrationClaims
    ICreditToken public immutable credits;
    /// @inheritdoc IMigrationClaims
    IParamGovernor public immutable governor;
    /// @inheritdoc IMigrationClaims
    IQuorumVerifier public immutable quorum;

    /// @inheritdoc IMigrationClaims
    bytes32 public manifestId;
    /// @inheritdoc IMigrationClaims
    bytes32 public root;
    /// @inheritdoc IMigrationClaims
    uint256 public count;
    /// @inheritdoc IMigrationClaims
    uint128 public total;
    /// @inheritdoc IMigrationClaims
    uint128 public bridged;
    /// @inheritdoc IMigrationClaims
    uint128 public claimed;
    /// @inheritdoc IMigrationClaims
    Phase public phase;

    BitMaps.BitMap private _claimed;

    constructor(address authority_, IParamGovernor governor_, ICreditToken credits_, IQuorumVerifier quorum_) AccessManaged(authority_) {
        if (authority_ == address(0) || address(governor_) == address(0)) revert ZeroAddress();
        if (address(credits_) == address(0) || address(quorum_) == address(0)) revert ZeroAddress();
        governor = governor_;
        credits = credits_;
        quorum = quorum_;
    }

    modifier onlyIn(Phase wanted) {
        if (phase != wanted) revert WrongPhase(phase);
        _;
    }

    /// @inheritdoc IMigrationClaims
    function isClaimed(uint256 index) public view returns (bool) {
        return _claimed.get(index);
    }

    /// @inheritdoc IMigrationClaims
    function sealDigest(uint64 epoch) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(SEALED_TYPE_HASH, manifestId, root, total, epoch)));
    }

    /// @inheritdoc IMigrationClaims
    function freeze(bytes32 manifestId_, bytes32 root_, uint128 total_, uint256 count_) external restricted onlyIn(Phase.Open) {
        if (manifestId_ == bytes32(0) || root_ == bytes32(0)) revert RootMissing();
        if (total_ == 0 || count_ == 0) revert ZeroAmount();
        (manifestId, root, total, count, phase) = (manifestId_, root_, total_, count_, Phase.Frozen);
        emit ManifestFrozen(manifestId_, root_, total_, count_);
    }

    /// @inheritdoc IMigrationClaims
    function rollback() external restricted onlyIn(Phase.Frozen) {
        emit ManifestOpened(manifestId);
        (manifestId, root, total, count, phase) = (bytes32(0), bytes32(0), 0, 0, Phase.Open);
    }

    /// @inheritdoc IMigrationClaims
    function fund(uint128 amount) external nonReentrant {
        governor.requireEntry();
        if (phase == Phase.Sealed) revert WrongPhase(phase);
        if (amount == 0) revert ZeroAmount();
        bridged += amount;
        emit Bridged(msg.sender, amount, bridged);
        IERC20(address(credits)).safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @inheritdoc IMigrationClaims
    function reclaim(address to) external restricted nonReentrant returns (uint128 amount) {
        if (phase == Phase.Frozen) revert WrongPhase(phase);
        if (to == address(0)) revert ZeroAddress();
        // While open `total` is 0; once sealed it stays covered for good, however late an entry is claimed.
        amount = bridged - total;
        if (amount == 0) revert ZeroAmount();
        bridged = total;
        emit Reclaimed(to, amount, bridged);
        IERC20(address(credits)).safeTransfer(to, amount);
    }

    /// @inheritdoc IMigrationClaims
    function seal(uint64 epoch, bytes calldata attestation) external onlyIn(Phase.Frozen) {
        if (bridged < total) revert NotBridged(total, bridged);
        quorum.verify(sealDigest(epoch), epoch, attestation);
        phase = Phase.Sealed;
        emit ManifestSealed(manifestId, root, total);
    }

    /// @inheritdoc IMigrationClaims
    function claim(uint256 index, address owner, address recipient, uint128 amount, bytes32[] calldata proof)
        external
        nonReentrant
        onlyIn(Phase.Sealed)
    {
        if (amount == 0) revert ZeroAmount();
        if (isClaimed(index)) revert AlreadyClaimed(index);
        bytes32 leaf = keccak256(bytes.concat(keccak256(abi.encode(manifestId, index, owner, recipient, amount))));
        // The index is not compared with the count: a leaf beyond it is in no tree that the old chain tallied.
        if (!MerkleProof.verifyCalldata(proof, root, leaf)) revert ProofInvalid();
        // The old chain tallied the root, and a quorum says so; should both be wrong, no more leaves than came.
        if (claimed + amount > bridged) revert NotBridged(claimed + amount, bridged);
        _claimed.set(index);
        claimed += amount;
        emit Claimed(index, recipient, amount, claimed);
        IERC20(address(credits)).safeTransfer(recipient, amount);
    }
}
