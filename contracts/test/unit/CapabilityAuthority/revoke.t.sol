// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICapabilityAuthority} from "../../../src/interfaces/ICapabilityAuthority.sol";
import {CapabilityBase} from "../../support/CapabilityBase.sol";

contract RevokeTest is CapabilityBase {
    function testFuzz_revokes(bytes32 id) public {
        vm.expectEmit(address(authority));
        emit ICapabilityAuthority.Revoked(issuer, id);
        vm.prank(issuer);
        authority.revoke(id);
        assertTrue(authority.isRevoked(issuer, id), "revoked");
        vm.prank(issuer);
        vm.expectRevert(abi.encodeWithSelector(ICapabilityAuthority.AlreadyRevoked.selector, id));
        authority.revoke(id);
    }

    /// Ids are seen by whoever is shown a capability: another issuer who uses one revokes nothing of the first.
    function test_nobodyRevokesAnothers() public {
        address other = named("other issuer");
        admit(other);
        vm.prank(other);
        authority.revoke("id");
        assertTrue(!authority.isRevoked(issuer, "id"), "its own namespace");
        expectVerdict(sample(), ICapabilityAuthority.Verdict.Valid);
        vm.prank(issuer);
        authority.revoke("id");
        expectVerdict(sample(), ICapabilityAuthority.Verdict.Revoked);
    }

    function testFuzz_onlyIssuers(address who) public {
        vm.assume(who != issuer);
        vm.startPrank(who);
        vm.expectRevert(abi.encodeWithSelector(ICapabilityAuthority.NotIssuer.selector, who));
        authority.revoke("id");
        vm.expectRevert(abi.encodeWithSelector(ICapabilityAuthority.NotIssuer.selector, who));
        authority.revokeMany(new bytes32[](1));
        vm.stopPrank();
    }

    function test_many() public {
        bytes32[] memory ids = new bytes32[](3);
        for (uint256 i = 0; i < 3; ++i) {
            ids[i] = bytes32(i + 1);
        }
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectEmit(address(authority));
            emit ICapabilityAuthority.Revoked(issuer, ids[i]);
        }
        vm.prank(issuer);
        authority.revokeMany(ids);
        for (uint256 i = 0; i < 3; ++i) {
            assertTrue(authority.isRevoked(issuer, ids[i]), "revoked");
        }
    }

    function test_manyOrNone() public {
        bytes32[] memory ids = new bytes32[](2);
        (ids[0], ids[1]) = (TENANT, TENANT);
        vm.prank(issuer);
        vm.expectRevert(abi.encodeWithSelector(ICapabilityAuthority.AlreadyRevoked.selector, TENANT));
        authority.revokeMany(ids);
        assertTrue(!authority.isRevoked(issuer, TENANT), "none");
    }

    /// A revocation is for good, whatever becomes of the issuer.
    function test_staysAcrossRemoval() public {
        vm.prank(issuer);
        authority.revoke("id");
        vm.prank(issuer);
        authority.removeIssuer(issuer);
        admit(issuer);
        ICapabilityAuthority.Capability memory capability = sample();
        capability.issuerEpoch = 2;
        expectVerdict(capability, ICapabilityAuthority.Verdict.Revoked);
    }
}
