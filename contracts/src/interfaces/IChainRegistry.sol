// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Where the contracts are
/// @notice Deploys by CREATE3, so an address follows from this registry, a name and a version alone, and is known before it is deployed.
/// A version is never replaced: a new version has a new address, and the old one stays where custody lies.
interface IChainRegistry {
    /// @notice `name` has no deployed version.
    error NotDeployed(bytes32 name);
    /// @notice `name` has `version` already.
    error AlreadyDeployed(bytes32 name, uint32 version, address place);
    /// @notice Versions of a name go up by one.
    error VersionNotNext(bytes32 name, uint32 given, uint32 expected);
    error NameRequired();
    error ZeroAddress();

    /// @notice `codeHash` is that of the runtime code.
    event Deployed(bytes32 indexed name, uint32 indexed version, address indexed place, bytes32 codeHash);

    /// @notice Deploys `initCode`, with the sent wei for its constructor, and registers it. Reverts with CREATE3's `DeploymentFailed` where the constructor reverts. Role: GOVERNOR.
    /// @return place the address that `predict` told.
    function deploy(bytes32 name, uint32 version, bytes calldata initCode) external payable returns (address place);
    /// @return the address that `name` has or will have in `version`.
    function predict(bytes32 name, uint32 version) external view returns (address);
    /// @return the latest deployed address of `name`.
    function addressOf(bytes32 name) external view returns (address);
    /// @return the address of one version; zero where it is not deployed.
    function versionOf(bytes32 name, uint32 version) external view returns (address);
    /// @return the latest deployed version of `name`; 0 where there is none.
    function latest(bytes32 name) external view returns (uint32);
    /// @return all names that were ever deployed, in that order.
    function names() external view returns (bytes32[] memory);
}
