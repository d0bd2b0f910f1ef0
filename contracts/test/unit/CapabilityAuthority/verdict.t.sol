// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICapabilityAuthority} from "../../../src/interfaces/ICapabilityAuthority.sol";
import {CapabilityBase} from "../../support/CapabilityBase.sol";
import {QuorumIssuerDouble} from "../../support/doubles/QuorumIssuerDouble.sol";

contract VerdictTest is CapabilityBase {
    function test_valid() public view {
        expectVerdict(sample(), ICapabilityAuthority.Verdict.Valid);
    }

    function testFuzz_validWhateverItIsFor(bytes32 id, bytes32 subjectKey, bytes32 audience, uint128 budget, bytes32 policyHash)
        public
        view
    {
        ICapabilityAuthority.Capability memory capability = sample();
        (capability.id, capability.subjectKey, capability.audience) = (id, subjectKey, audience);
        (capability.budget, capability.policyHash) = (budget, policyHash);
        expectVerdict(capability, ICapabilityAuthority.Verdict.Valid);
    }

    function test_issuerUnknown() public view {
        ICapabilityAuthority.Capability memory capability = sample();
        capability.issuer = registrar;
        expectVerdict(capability, ICapabilityAuthority.Verdict.IssuerUnknown);
    }

    /// An issuer is admitted for one tenant, and cannot spend another's money.
    function testFuzz_anotherTenant(bytes32 tenantId) public view {
        vm.assume(tenantId != TENANT);
        ICapabilityAuthority.Capability memory capability = sample();
        capability.tenantId = tenantId;
        expectVerdict(capability, ICapabilityAuthority.Verdict.IssuerUnknown);
    }

    function testFuzz_notTheIssuersSignature(uint128 key) public view {
        vm.assume(key != 0);
        bytes32 digest = authority.digestOf(sample());
        ICapabilityAuthority.Verdict verdict = authority.verdict(sample(), signed(key, digest));
        assertTrue(verdict == ICapabilityAuthority.Verdict.BadSignature, "verdict");
    }

    function testFuzz_signatureOverSomethingElse(uint128 budget) public view {
        ICapabilityAuthority.Capability memory capability = sample();
        vm.assume(budget != capability.budget);
        bytes memory signature = signed(issuerKey, authority.digestOf(capability));
        capability.budget = budget;
        assertTrue(authority.verdict(capability, signature) == ICapabilityAuthority.Verdict.BadSignature, "verdict");
    }

    function testFuzz_noise(bytes calldata signature) public view {
        assertTrue(authority.verdict(sample(), signature) == ICapabilityAuthority.Verdict.BadSignature, "verdict");
    }

    function test_malleableTwin() public view {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(issuerKey, authority.digestOf(sample()));
        uint256 high = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141 - uint256(s);
        bytes memory twin = abi.encodePacked(r, high, v == 27 ? uint8(28) : uint8(27));
        assertTrue(authority.verdict(sample(), twin) == ICapabilityAuthority.Verdict.BadSignature, "verdict");
    }

    function test_times() public {
        ICapabilityAuthority.Capability memory capability = sample();
        capability.notBefore = START + 10;
        vm.warp(START + 9);
        expectVerdict(capability, ICapabilityAuthority.Verdict.NotYetValid);
        vm.warp(START + 10);
        expectVerdict(capability, ICapabilityAuthority.Verdict.Valid);
        vm.warp(capability.notAfter - 1);
        expectVerdict(capability, ICapabilityAuthority.Verdict.Valid);
        vm.warp(capability.notAfter);
        expectVerdict(capability, ICapabilityAuthority.Verdict.Expired);
    }

    function test_lifetime() public view {
        ICapabilityAuthority.Capability memory capability = sample();
        capability.notAfter = START + 90 days;
        expectVerdict(capability, ICapabilityAuthority.Verdict.Valid);
        capability.notAfter += 1;
        expectVerdict(capability, ICapabilityAuthority.Verdict.LifetimeTooLong);
        capability.notBefore = 0;
        capability.notAfter = type(uint64).max;
        expectVerdict(capability, ICapabilityAuthority.Verdict.LifetimeTooLong);
    }

    function testFuzz_neverRevertsOnTimes(uint64 notBefore, uint64 notAfter) public view {
        ICapabilityAuthority.Capability memory capability = sample();
        (capability.notBefore, capability.notAfter) = (notBefore, notAfter);
        bool valid = notBefore <= START && START < notAfter && notAfter - notBefore <= 90 days;
        assertTrue((verdictOf(capability) == ICapabilityAuthority.Verdict.Valid) == valid, "verdict");
    }

    function test_revoked() public {
        vm.prank(issuer);
        authority.revoke("id");
        expectVerdict(sample(), ICapabilityAuthority.Verdict.Revoked);
    }

    function testFuzz_epochs(uint64 epoch) public {
        ICapabilityAuthority.Capability memory capability = sample();
        capability.issuerEpoch = epoch;
        expectVerdict(capability, epoch == 1 ? ICapabilityAuthority.Verdict.Valid : ICapabilityAuthority.Verdict.EpochOver);
        vm.prank(issuer);
        authority.raiseEpoch();
        expectVerdict(capability, epoch == 2 ? ICapabilityAuthority.Verdict.Valid : ICapabilityAuthority.Verdict.EpochOver);
    }

    function test_removed() public {
        vm.prank(registrar);
        authority.removeIssuer(issuer);
        expectVerdict(sample(), ICapabilityAuthority.Verdict.IssuerUnknown);
        admit(issuer);
        expectVerdict(sample(), ICapabilityAuthority.Verdict.EpochOver);
    }

    function test_issuerThatIsAContract() public {
        QuorumIssuerDouble safe = new QuorumIssuerDouble();
        admit(address(safe));
        ICapabilityAuthority.Capability memory capability = sample();
        capability.issuer = address(safe);
        assertTrue(authority.verdict(capability, "") == ICapabilityAuthority.Verdict.BadSignature, "not yet");
        safe.standBehind(authority.digestOf(capability));
        assertTrue(authority.verdict(capability, "") == ICapabilityAuthority.Verdict.Valid, "valid");
        safe.revoke(authority, "id");
        assertTrue(authority.verdict(capability, "") == ICapabilityAuthority.Verdict.Revoked, "revoked");
    }

    /// The verdict is the first of the list that applies, so that every verifier says the same.
    function test_order() public {
        ICapabilityAuthority.Capability memory capability = sample();
        (capability.notBefore, capability.notAfter, capability.issuerEpoch) = (0, START, 9);
        vm.prank(issuer);
        authority.revoke("id");
        assertTrue(authority.verdict(capability, "") == ICapabilityAuthority.Verdict.BadSignature, "signature first");
        expectVerdict(capability, ICapabilityAuthority.Verdict.Expired);
        capability.notBefore = START + 1;
        expectVerdict(capability, ICapabilityAuthority.Verdict.NotYetValid);
        (capability.notBefore, capability.notAfter) = (0, type(uint64).max);
        expectVerdict(capability, ICapabilityAuthority.Verdict.Revoked);
        capability.id = "another";
        expectVerdict(capability, ICapabilityAuthority.Verdict.EpochOver);
        capability.issuerEpoch = 1;
        expectVerdict(capability, ICapabilityAuthority.Verdict.LifetimeTooLong);
    }
}
