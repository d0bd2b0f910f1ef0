// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {CREATE3} from "solady/utils/CREATE3.sol";
import {IChainRegistry} from "../interfaces/IChainRegistry.sol";

contract ChainRegistry is IChainRegistry, AccessManaged {
    /// @inheritdoc IChainRegistry
    mapping(bytes32 name => uint32) public latest;
    mapping(bytes32 name => mapping(uint32 version => address)) private _places;
    bytes32[] private _names;

    constructor(address authority_) AccessManaged(authority_) {
        if (authority_ == address(0)) revert ZeroAddress();
    }

    /// @inheritdoc IChainRegistry
    function deploy(bytes32 name, uint32 version, bytes calldata initCode) external payable restricted returns (address place) {
        if (name == 0) revert NameRequired();
        if (_places[name][version] != address(0)) revert AlreadyDeployed(name, version, _places[name][version]);
        uint32 expected = latest[name] + 1;
        if (version != expected) revert VersionNotNext(name, version, expected);

        // The books are written before the constructor runs: it may ask where it is, and cannot come back for the same version.
        place = predict(name, version);
        if (version == 1) _names.push(name);
        latest[name] = version;
        _places[name][version] = place;
        // Reverts where the constructor reverts or leaves no code, and with it all of the above. Its result is `place` by construction of the address.
        CREATE3.deployDeterministic(msg.value, initCode, _salt(name, version));
        emit Deployed(name, version, place, place.codehash);
    }

    /// @inheritdoc IChainRegistry
    function predict(bytes32 name, uint32 version) public view returns (address) {
        return CREATE3.predictDeterministicAddress(_salt(name, version));
    }

    /// @inheritdoc IChainRegistry
    function addressOf(bytes32 name) external view returns (address) {
        uint32 version = latest[name];
        if (version == 0) revert NotDeployed(name);
        return _places[name][version];
    }

    /// @inheritdoc IChainRegistry
    function versionOf(bytes32 name, uint32 version) external view returns (address) {
        return _places[name][version];
    }

    /// @inheritdoc IChainRegistry
    function names() external view returns (bytes32[] memory) {
        return _names;
    }

    /// @dev Neither the chain nor the code is in it: the same name and version have the same address on every chain where this registry has the same address.
    function _salt(bytes32 name, uint32 version) private pure returns (bytes32) {
        return keccak256(abi.encode(name, version));
    }
}
