// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {ICapabilityAuthority} from "../../../src/interfaces/ICapabilityAuthority.sol";
import {CapabilityBase} from "../../support/CapabilityBase.sol";

contract IssuerTest is CapabilityBase {
    function _issuer(address who) private view returns (bytes32 tenantId, uint64 epoch, bool active) {
        return authority.issuerOf(who);
    }

    function testFuzz_admits(address who, bytes32 tenantId) public {
        vm.assume(who != address(0) && who != issuer);
        vm.expectEmit(address(authority));
        emit ICapabilityAuthority.IssuerAdmitted(who, tenantId, 1);
        vm.prank(registrar);
        authority.admitIssuer(who, tenantId);
        (bytes32 tenant, uint64 epoch, bool active) = _issuer(who);
        assertEq(tenant, tenantId, "tenant");
        assertTrue(epoch == 1 && active, "active in its first epoch");
    }

    function test_already() public {
        vm.prank(registrar);
        vm.expectRevert(abi.encodeWithSelector(ICapabilityAuthority.IssuerAlready.selector, issuer));
        authority.admitIssuer(issuer, "another");
    }

    function test_zeroAddress() public {
        vm.prank(registrar);
        vm.expectRevert(ICapabilityAuthority.ZeroAddress.selector);
        authority.admitIssuer(address(0), TENANT);
    }

    function testFuzz_onlyTheRegistrarAdmits(address who) public {
        vm.assume(who != registrar);
        vm.prank(who);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, who));
        authority.admitIssuer(who, TENANT);
    }

    function testFuzz_strangersRemoveNobody(address who) public {
        vm.assume(who != registrar && who != issuer);
        vm.prank(who);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, who));
        authority.removeIssuer(issuer);
    }

    function test_removesAndAdmitsAnew() public {
        address[2] memory who = [registrar, issuer];
        for (uint64 i = 0; i < 2; ++i) {
            vm.expectEmit(address(authority));
            emit ICapabilityAuthority.IssuerRemoved(issuer);
            vm.prank(who[i]);
            authority.removeIssuer(issuer);
            (,, bool active) = _issuer(issuer);
            assertTrue(!active, "removed");
            vm.expectEmit(address(authority));
            emit ICapabilityAuthority.IssuerAdmitted(issuer, TENANT, i + 2);
            admit(issuer);
        }
    }

    function test_whoeverIsNone() public {
        vm.prank(registrar);
        vm.expectRevert(abi.encodeWithSelector(ICapabilityAuthority.NotIssuer.selector, registrar));
        authority.removeIssuer(registrar);
    }

    function test_raises() public {
        vm.expectEmit(address(authority));
        emit ICapabilityAuthority.IssuerEpochRaised(issuer, 2);
        vm.prank(issuer);
        assertEq(authority.raiseEpoch(), 2, "epoch");
        (, uint64 epoch,) = _issuer(issuer);
        assertEq(epoch, 2, "kept");
    }

    function testFuzz_onlyIssuersRaise(address who) public {
        vm.assume(who != issuer);
        vm.prank(who);
        vm.expectRevert(abi.encodeWithSelector(ICapabilityAuthority.NotIssuer.selector, who));
        authority.raiseEpoch();
    }
}
