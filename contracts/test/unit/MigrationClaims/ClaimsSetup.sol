// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICreditToken} from "../../../src/interfaces/ICreditToken.sol";
import {IMigrationClaims} from "../../../src/interfaces/IMigrationManifest.sol";
import {IParamGovernor} from "../../../src/interfaces/IParamGovernor.sol";
import {IQuorumVerifier} from "../../../src/interfaces/IQuorumVerifier.sol";
import {Roles} from "../../../src/libraries/Roles.sol";
import {MigrationClaims} from "../../../src/migration/MigrationClaims.sol";
import {Test} from "../../support/Test.sol";
import {TokensCreditDouble} from "../../support/doubles/TokensCreditDouble.sol";
import {TokensGovernorDouble} from "../../support/doubles/TokensGovernorDouble.sol";
import {TokensQuorumDouble} from "../../support/doubles/TokensQuorumDouble.sol";
import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

/// @notice Claims on the new chain for a manifest of the vectors: 7 entries, the i-th of i × 1,000,001.
abstract contract ClaimsSetup is Test {
    string internal constant AT = ".manifests[5]";
    uint64 internal constant EPOCH = 3;
    uint256 internal constant COUNT = 7;

    AccessManager internal manager = new AccessManager(address(this));
    TokensGovernorDouble internal governor = new TokensGovernorDouble();
    TokensCreditDouble internal credits = new TokensCreditDouble();
    TokensQuorumDouble internal quorum = new TokensQuorumDouble();
    MigrationClaims internal claims;
    address internal council;
    address internal bridger;
    string internal json;
    bytes32 internal id;
    bytes32 internal root;
    uint128 internal total;

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        council = named("council");
        bridger = named("bridger");
        claims = new MigrationClaims(
            address(manager), IParamGovernor(address(governor)), ICreditToken(address(credits)), IQuorumVerifier(address(quorum))
        );
        bytes4[] memory governed = new bytes4[](3);
        governed[0] = IMigrationClaims.freeze.selector;
        governed[1] = IMigrationClaims.rollback.selector;
        governed[2] = IMigrationClaims.reclaim.selector;
        manager.setTargetFunctionRole(address(claims), governed, Roles.GOVERNOR);
        manager.grantRole(Roles.GOVERNOR, council, 0);
        json = vm.readFile("packages/core/vectors/migration.json");
        id = vm.parseJsonBytes32(json, string.concat(AT, ".manifest.manifestId"));
        root = vm.parseJsonBytes32(json, string.concat(AT, ".manifest.root"));
        total = uint128(vm.parseJsonUint(json, string.concat(AT, ".manifest.total")));
        credits.deposit(bridger, 1_000_000e6);
        vm.prank(bridger);
        credits.approve(address(claims), type(uint256).max);
    }

    function freezeNow() internal {
        vm.prank(council);
        claims.freeze(id, root, total, COUNT);
    }

    function fund(uint128 amount) internal {
        vm.prank(bridger);
        claims.fund(amount);
    }

    function sealNow() internal {
        freezeNow();
        fund(total);
        quorum.attest(claims.sealDigest(EPOCH), EPOCH, "3 of 5");
        claims.seal(EPOCH, "3 of 5");
    }

    function claim(uint256 index) internal {
        claims.claim(index, ownerOf(index), recipientOf(index), amountOf(index), proofOf(index));
    }

    function amountOf(uint256 index) internal pure returns (uint128) {
        return uint128((index + 1) * 1_000_001);
    }

    function ownerOf(uint256 index) internal view returns (address) {
        return vm.parseJsonAddress(json, string.concat(AT, ".manifest.entries[", vm.toString(index), "].owner"));
    }

    function recipientOf(uint256 index) internal view returns (address) {
        return vm.parseJsonAddress(json, string.concat(AT, ".manifest.entries[", vm.toString(index), "].recipient"));
    }

    function proofOf(uint256 index) internal view returns (bytes32[] memory) {
        return vm.parseJsonBytes32Array(json, string.concat(AT, ".proofs[", vm.toString(index), "]"));
    }

    function wrongPhase(IMigrationClaims.Phase phase) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IMigrationClaims.WrongPhase.selector, phase);
    }
}
