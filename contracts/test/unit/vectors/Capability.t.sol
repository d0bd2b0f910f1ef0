// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICapabilityAuthority} from "../../../src/interfaces/ICapabilityAuthority.sol";
import {CapabilityAuthority} from "../../../src/providers/CapabilityAuthority.sol";
import {EipVectors} from "../../support/EipVectors.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// What TypeScript hashes and signs of a capability is what `CapabilityAuthority` hashes.
contract CapabilityVectorsTest is EipVectors {
    function test_capability_digestIsTheContracts() external {
        _load("capability");
        ICapabilityAuthority authority = ICapabilityAuthority(_etch(address(new CapabilityAuthority(address(1)))));
        for (uint256 i = 0; _exists(i); ++i) {
            bytes32 digest = authority.digestOf(
                ICapabilityAuthority.Capability({
                    id: _word(i, "id"),
                    issuer: _address(i, "issuer"),
                    tenantId: _word(i, "tenantId"),
                    subjectKey: _word(i, "subjectKey"),
                    audience: _word(i, "audience"),
                    budget: uint128(_number(i, "budget")),
                    notBefore: uint64(_number(i, "notBefore")),
                    notAfter: uint64(_number(i, "notAfter")),
                    issuerEpoch: uint64(_number(i, "issuerEpoch")),
                    policyHash: _word(i, "policyHash")
                })
            );
            assertEq(digest, _digest(i), "digest");
            assertEq(ECDSA.recover(digest, _signature(i)), signer, "signer");
        }
    }
}
