// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {ICapabilityAuthority} from "../interfaces/ICapabilityAuthority.sol";
import {TallyDomain} from "../libraries/TallyDomain.sol";

/// @title Issuers of capabilities, and revocation
/// @notice Holds nothing of value and calls no contract but an issuer's own ERC-1271 check, by a static call: no guard is needed.
contract CapabilityAuthority is ICapabilityAuthority, AccessManaged, TallyDomain {
    struct Issuer {
        bytes32 tenantId;
        uint64 epoch;
        bool active;
    }

    /// @inheritdoc ICapabilityAuthority
    uint64 public constant LIFETIME_MAX = 90 days;

    bytes32 private constant TYPE_HASH = keccak256(
        "Capability(bytes32 id,address issuer,bytes32 tenantId,bytes32 subjectKey,bytes32 audience,uint128 budget,uint64 notBefore,uint64 notAfter,uint64 issuerEpoch,bytes32 policyHash)"
    );

    /// @inheritdoc ICapabilityAuthority
    mapping(address issuer => Issuer) public issuerOf;
    /// @inheritdoc ICapabilityAuthority
    /// @dev Keyed by issuer as well: an id is random, not owned, and whoever saw it must not be able to revoke it.
    mapping(address issuer => mapping(bytes32 id => bool)) public isRevoked;

    constructor(address authority_) AccessManaged(authority_) {
        if (authority_ == address(0)) revert ZeroAddress();
    }

    /// @inheritdoc ICapabilityAuthority
    function digestOf(Capability calldata capability) public view returns (bytes32) {
        // All members are one word each, so this is TYPE_HASH ‖ the members as EIP-712 encodes them.
        return _hashTypedDataV4(keccak256(abi.encode(TYPE_HASH, capability)));
    }

    /// @inheritdoc ICapabilityAuthority
    function verdict(Capability calldata capability, bytes calldata signature) external view returns (Verdict) {
        Issuer memory issuer = issuerOf[capability.issuer];
        if (!issuer.active || issuer.tenantId != capability.tenantId) return Verdict.IssuerUnknown;
        if (!SignatureChecker.isValidSignatureNowCalldata(capability.issuer, digestOf(capability), signature)) return Verdict.BadSignature;
        if (block.timestamp < capability.notBefore) return Verdict.NotYetValid;
        if (block.timestamp >= capability.notAfter) return Verdict.Expired;
        if (isRevoked[capability.issuer][capability.id]) return Verdict.Revoked;
        // Not "below": one made for a later epoch would outlive the next raise.
        if (capability.issuerEpoch != issuer.epoch) return Verdict.EpochOver;
        // Not negative: the two checks of time above have passed.
        if (capability.notAfter - capability.notBefore > LIFETIME_MAX) return Verdict.LifetimeTooLong;
        return Verdict.Valid;
    }

    /// @inheritdoc ICapabilityAuthority
    function admitIssuer(address issuer, bytes32 tenantId) external restricted {
        if (issuer == address(0)) revert ZeroAddress();
        Issuer storage known = issuerOf[issuer];
        if (known.active) revert IssuerAlready(issuer);
        // The epoch goes up with each admission, so that what an issuer signed before its removal stays void.
        uint64 epoch = known.epoch + 1;
        issuerOf[issuer] = Issuer(tenantId, epoch, true);
        emit IssuerAdmitted(issuer, tenantId, epoch);
    }

    /// @inheritdoc ICapabilityAuthority
    function removeIssuer(address issuer) external {
        if (msg.sender != issuer) _checkCanCall(_msgSender(), _msgData());
        if (!issuerOf[issuer].active) revert NotIssuer(issuer);
        issuerOf[issuer].active = false;
        emit IssuerRemoved(issuer);
    }

    /// @inheritdoc ICapabilityAuthority
    function revoke(bytes32 id) external {
        _requireIssuer();
        _revoke(id);
    }

    /// @inheritdoc ICapabilityAuthority
    function revokeMany(bytes32[] calldata ids) external {
        _requireIssuer();
        for (uint256 i = 0; i < ids.length; ++i) {
            _revoke(ids[i]);
        }
    }

    /// @inheritdoc ICapabilityAuthority
    function raiseEpoch() external returns (uint64 epoch) {
        _requireIssuer();
        epoch = ++issuerOf[msg.sender].epoch;
        emit IssuerEpochRaised(msg.sender, epoch);
    }

    function _revoke(bytes32 id) private {
        if (isRevoked[msg.sender][id]) revert AlreadyRevoked(id);
        isRevoked[msg.sender][id] = true;
        emit Revoked(msg.sender, id);
    }

    function _requireIssuer() private view {
        if (!issuerOf[msg.sender].active) revert NotIssuer(msg.sender);
    }
}
