// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICapabilityAuthority} from "../../../src/interfaces/ICapabilityAuthority.sol";
import {CapabilityAuthority} from "../../../src/providers/CapabilityAuthority.sol";
import {CapabilityBase} from "../../support/CapabilityBase.sol";

contract DigestOfTest is CapabilityBase {
    string private vectors = vm.readFile("packages/core/vectors/capability.json");

    function _at(uint256 i, string memory name) private pure returns (string memory) {
        return string.concat(".cases[", vm.toString(i), "].", name);
    }

    function _message(uint256 i) private view returns (ICapabilityAuthority.Capability memory capability) {
        capability.id = vm.parseJsonBytes32(vectors, _at(i, "message.id"));
        capability.issuer = vm.parseJsonAddress(vectors, _at(i, "message.issuer"));
        capability.tenantId = vm.parseJsonBytes32(vectors, _at(i, "message.tenantId"));
        capability.subjectKey = vm.parseJsonBytes32(vectors, _at(i, "message.subjectKey"));
        capability.audience = vm.parseJsonBytes32(vectors, _at(i, "message.audience"));
        capability.budget = uint128(vm.parseJsonUint(vectors, _at(i, "message.budget")));
        capability.notBefore = uint64(vm.parseJsonUint(vectors, _at(i, "message.notBefore")));
        capability.notAfter = uint64(vm.parseJsonUint(vectors, _at(i, "message.notAfter")));
        capability.issuerEpoch = uint64(vm.parseJsonUint(vectors, _at(i, "message.issuerEpoch")));
        capability.policyHash = vm.parseJsonBytes32(vectors, _at(i, "message.policyHash"));
    }

    /// The vectors are signed for one chain and contract; the authority is put at that address.
    function test_goldenVectors() public {
        address at_ = vm.parseJsonAddress(vectors, ".domain.verifyingContract");
        vm.chainId(vm.parseJsonUint(vectors, ".domain.chainId"));
        vm.etch(at_, address(authority).code);
        for (uint256 i = 0; i < 3; ++i) {
            bytes32 digest = vm.parseJsonBytes32(vectors, _at(i, "digest"));
            assertEq(CapabilityAuthority(at_).digestOf(_message(i)), digest, "digest");
        }
    }

    function test_boundToChainAndContract() public {
        bytes32 digest = authority.digestOf(sample());
        assertTrue(new CapabilityAuthority(address(manager)).digestOf(sample()) != digest, "contract");
        vm.chainId(1);
        assertTrue(authority.digestOf(sample()) != digest, "chain");
    }

    function test_lifetimeMax() public view {
        assertEq(authority.LIFETIME_MAX(), 90 days, "seconds");
    }

    function test_constructorRefusesZero() public {
        vm.expectRevert(ICapabilityAuthority.ZeroAddress.selector);
        new CapabilityAuthority(address(0));
    }
}
