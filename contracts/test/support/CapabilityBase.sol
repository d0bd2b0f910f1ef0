// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {ICapabilityAuthority} from "../../src/interfaces/ICapabilityAuthority.sol";
import {Roles} from "../../src/libraries/Roles.sol";
import {CapabilityAuthority} from "../../src/providers/CapabilityAuthority.sol";
import {Test} from "./Test.sol";

/// @notice An authority with one issuer, who is admitted for one tenant.
abstract contract CapabilityBase is Test {
    uint64 internal constant START = 1_767_225_600;
    bytes32 internal constant TENANT = keccak256("tenant");

    AccessManager internal manager;
    CapabilityAuthority internal authority;
    address internal registrar;
    address internal issuer;
    uint256 internal issuerKey;

    function setUp() public virtual {
        vm.warp(START);
        registrar = named("registrar");
        (issuer, issuerKey) = account("issuer");
        manager = new AccessManager(address(this));
        authority = new CapabilityAuthority(address(manager));
        bytes4[] memory selectors = new bytes4[](2);
        selectors[0] = CapabilityAuthority.admitIssuer.selector;
        selectors[1] = CapabilityAuthority.removeIssuer.selector;
        manager.setTargetFunctionRole(address(authority), selectors, Roles.REGISTRAR);
        manager.grantRole(Roles.REGISTRAR, registrar, 0);
        admit(issuer);
    }

    function admit(address issuer_) internal {
        vm.prank(registrar);
        authority.admitIssuer(issuer_, TENANT);
    }

    function sample() internal view returns (ICapabilityAuthority.Capability memory) {
        return ICapabilityAuthority.Capability({
            id: "id",
            issuer: issuer,
            tenantId: TENANT,
            subjectKey: "subject",
            audience: "audience",
            budget: 5e6,
            notBefore: START,
            notAfter: START + 1 days,
            issuerEpoch: 1,
            policyHash: "policy"
        });
    }

    function verdictOf(ICapabilityAuthority.Capability memory capability) internal view returns (ICapabilityAuthority.Verdict) {
        return authority.verdict(capability, signed(issuerKey, authority.digestOf(capability)));
    }

    function expectVerdict(ICapabilityAuthority.Capability memory capability, ICapabilityAuthority.Verdict wanted) internal view {
        assertEq(uint256(verdictOf(capability)), uint256(wanted), "verdict");
    }
}
