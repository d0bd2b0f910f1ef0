// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "./Test.sol";

/// @notice Reads one file of golden vectors of an EIP-712 struct (`packages/core/vectors`), which TypeScript wrote and checked against viem. A test is etched to the
/// file's domain, so that contracts there make the very digests that were signed.
abstract contract EipVectors is Test {
    string internal json;
    address internal signer;
    /// The domain's contract.
    address internal place;

    function _load(string memory name) internal {
        json = vm.readFile(string.concat("packages/core/vectors/", name, ".json"));
        vm.chainId(vm.parseJsonUint(json, ".domain.chainId"));
        place = vm.parseJsonAddress(json, ".domain.verifyingContract");
        signer = vm.parseJsonAddress(json, ".signer");
        assertTrue(_exists(0), "the file has cases");
    }

    /// @notice Puts the code of `deployed` where the vectors' domain is. Its cached domain is another's, so it makes this one anew.
    function _etch(address deployed) internal returns (address) {
        vm.etch(place, deployed.code);
        return place;
    }

    function _exists(uint256 i) internal view returns (bool) {
        return vm.keyExistsJson(json, _case(i));
    }

    function _case(uint256 i) internal pure returns (string memory) {
        return string.concat(".cases[", vm.toString(i), "]");
    }

    function _message(uint256 i, string memory field) internal pure returns (string memory) {
        return string.concat(_case(i), ".message.", field);
    }

    function _number(uint256 i, string memory field) internal view returns (uint256) {
        return vm.parseJsonUint(json, _message(i, field));
    }

    function _word(uint256 i, string memory field) internal view returns (bytes32) {
        return vm.parseJsonBytes32(json, _message(i, field));
    }

    function _address(uint256 i, string memory field) internal view returns (address) {
        return vm.parseJsonAddress(json, _message(i, field));
    }

    function _structHash(uint256 i) internal view returns (bytes32) {
        return vm.parseJsonBytes32(json, string.concat(_case(i), ".structHash"));
    }

    function _digest(uint256 i) internal view returns (bytes32) {
        return vm.parseJsonBytes32(json, string.concat(_case(i), ".digest"));
    }

    function _signature(uint256 i) internal view returns (bytes memory) {
        return vm.parseJsonBytes(json, string.concat(_case(i), ".signature"));
    }

    function _typeHash() internal view returns (bytes32) {
        return vm.parseJsonBytes32(json, ".typeHash");
    }
}
