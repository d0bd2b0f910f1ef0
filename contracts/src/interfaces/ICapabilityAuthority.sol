// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Issuers of capabilities, and revocation
/// @notice A capability is signed off chain and checked off chain: no call asks the chain. What is here is who may issue, and what was taken back; gateways follow the events.
interface ICapabilityAuthority {
    /// @notice A right to call, in place of a static key. EIP-712; the domain is this contract.
    /// @param id random.
    /// @param subjectKey RFC 7638 thumbprint of the key that proves possession on each call (DPoP).
    /// @param audience the gateway id that it is for; 0 for any.
    /// @param budget the most it may spend, credit base units.
    /// @param policyHash of what it may be used for.
    /// @param notBefore
    /// @param notAfter Unix seconds.
    struct Capability {
        bytes32 id;
        address issuer;
        bytes32 tenantId;
        bytes32 subjectKey;
        bytes32 audience;
        uint128 budget;
        uint64 notBefore;
        uint64 notAfter;
        uint64 issuerEpoch;
        bytes32 policyHash;
    }

    /// @notice The first that applies, in this order; `Valid` where none does.
    enum Verdict {
        Valid,
        /// Not admitted (any more), or for another tenant.
        IssuerUnknown,
        BadSignature,
        NotYetValid,
        /// From `notAfter` on.
        Expired,
        Revoked,
        /// Not of the issuer's present epoch.
        EpochOver,
        /// `notAfter - notBefore` is above `LIFETIME_MAX`.
        LifetimeTooLong
    }

    error NotIssuer(address caller);
    error AlreadyRevoked(bytes32 id);
    error IssuerAlready(address issuer);
    error ZeroAddress();

    event IssuerAdmitted(address indexed issuer, bytes32 indexed tenantId, uint64 epoch);
    event IssuerRemoved(address indexed issuer);
    /// @notice All capabilities of the issuer but those of `epoch` are void.
    event IssuerEpochRaised(address indexed issuer, uint64 epoch);
    event Revoked(address indexed issuer, bytes32 indexed id);

    /// @notice 90 days: the longest that a capability may live.
    function LIFETIME_MAX() external view returns (uint64);
    function digestOf(Capability calldata capability) external view returns (bytes32);
    /// @return tenantId the one tenant for whom it may issue.
    /// @return epoch which its capabilities must name; counts from 1.
    /// @return active whether it is admitted now.
    function issuerOf(address issuer) external view returns (bytes32 tenantId, uint64 epoch, bool active);
    function isRevoked(address issuer, bytes32 id) external view returns (bool);
    /// @return what a verifier off chain must come to as well. Issuers may be contracts (ERC-1271).
    function verdict(Capability calldata capability, bytes calldata signature) external view returns (Verdict);
    /// @notice Role: REGISTRAR.
    function admitIssuer(address issuer, bytes32 tenantId) external;
    /// @notice Role: REGISTRAR, or the issuer itself. Voids all that it issued, also if it is admitted again. Epochs count up by one: whoever stole a key can sign for later ones, so
    /// a stolen key is removed and never admitted again.
    function removeIssuer(address issuer) external;
    /// @notice Takes one of the caller's capabilities back, also before it is used or shown. Only issuers.
    function revoke(bytes32 id) external;
    /// @notice All or none: one that was revoked before reverts the whole.
    function revokeMany(bytes32[] calldata ids) external;
    /// @notice Voids all that the caller issued for the epochs so far. No remedy for a stolen key, which can sign for the next one as well: remove that.
    function raiseEpoch() external returns (uint64 epoch);
}
