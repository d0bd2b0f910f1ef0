// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Roles of the `AccessManager`, and who should hold them. The delays stand in `docs/reference/contracts.md`.
library Roles {
    /// @notice Changes parameters, splits, venues, oracle sets, addresses. Acts after a delay only.
    uint64 internal constant GOVERNOR = 1;
    /// @notice Pauses entry at once. Can neither move value nor block an exit.
    uint64 internal constant GUARDIAN = 2;
    /// @notice Decides appealed slashes and dismisses wrong ones.
    uint64 internal constant ARBITER = 3;
    /// @notice Certifies providers and admits issuers of capabilities.
    uint64 internal constant REGISTRAR = 4;
    /// @notice Proposes slashes of subjective faults (misuse of bought access). Proposing takes nothing.
    uint64 internal constant PROPOSER = 5;
}
