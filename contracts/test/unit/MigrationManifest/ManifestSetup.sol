// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICreditToken} from "../../../src/interfaces/ICreditToken.sol";
import {IMigrationManifest} from "../../../src/interfaces/IMigrationManifest.sol";
import {IParamGovernor} from "../../../src/interfaces/IParamGovernor.sol";
import {Roles} from "../../../src/libraries/Roles.sol";
import {MigrationManifest} from "../../../src/migration/MigrationManifest.sol";
import {ManifestTree} from "../../support/ManifestTree.sol";
import {Test} from "../../support/Test.sol";
import {TokensCreditDouble} from "../../support/doubles/TokensCreditDouble.sol";
import {TokensGovernorDouble} from "../../support/doubles/TokensGovernorDouble.sol";
import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

/// @notice A manifest on the old chain, and owners with credits.
abstract contract ManifestSetup is Test {
    uint256 internal constant NEW_CHAIN = 8453;
    uint64 internal constant NOW = 1_800_000_000;

    AccessManager internal manager = new AccessManager(address(this));
    TokensGovernorDouble internal governor = new TokensGovernorDouble();
    TokensCreditDouble internal credits = new TokensCreditDouble();
    MigrationManifest internal manifest;
    address internal council;
    address internal bridge;
    address internal alice;
    address internal bob;

    function setUp() public virtual {
        vm.warp(NOW);
        council = named("council");
        bridge = named("bridge");
        alice = named("alice");
        bob = named("bob");
        manifest = new MigrationManifest(
            address(manager), IParamGovernor(address(governor)), ICreditToken(address(credits)), NEW_CHAIN, named("claims"), bridge
        );
        govern(address(manifest));
        enrich(alice, 1_000e6);
        enrich(bob, 1_000e6);
    }

    function govern(address place) internal {
        bytes4[] memory governed = new bytes4[](3);
        governed[0] = IMigrationManifest.freeze.selector;
        governed[1] = IMigrationManifest.rollback.selector;
        governed[2] = IMigrationManifest.seal.selector;
        manager.setTargetFunctionRole(place, governed, Roles.GOVERNOR);
        manager.grantRole(Roles.GOVERNOR, council, 0);
    }

    function enrich(address who, uint256 amount) internal {
        credits.deposit(who, amount);
        vm.prank(who);
        credits.approve(address(manifest), type(uint256).max);
    }

    function enter(address owner, uint128 amount) internal returns (uint256) {
        vm.prank(owner);
        return manifest.enter(recipientOf(owner), amount);
    }

    function recipientOf(address owner) internal pure returns (address) {
        return address(uint160(owner) ^ 1);
    }

    function rootNow() internal view returns (bytes32) {
        bytes32[] memory leaves = new bytes32[](manifest.entryCount());
        for (uint256 i = 0; i < leaves.length; ++i) {
            leaves[i] = leafAt(i);
        }
        return ManifestTree.root(leaves);
    }

    function leafAt(uint256 index) internal view returns (bytes32) {
        IMigrationManifest.Entry memory e = manifest.entryOf(index);
        return keccak256(bytes.concat(keccak256(abi.encode(manifest.manifestId(), index, e.owner, e.recipient, e.amount))));
    }

    function freezeNow() internal {
        vm.prank(council);
        manifest.freeze();
    }

    function sealNow() internal {
        freezeNow();
        manifest.tally(type(uint256).max);
        vm.warp(block.timestamp + manifest.REVIEW());
        bytes32 root = manifest.root();
        vm.prank(council);
        manifest.seal();
        assertEq(root, rootNow(), "the root by definition");
        assertEq(manifest.root(), root, "it stays");
    }

    function assertPhase(IMigrationManifest.Phase phase) internal view {
        assertTrue(manifest.phase() == phase, "phase");
    }

    function wrongPhase(IMigrationManifest.Phase phase) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IMigrationManifest.WrongPhase.selector, phase);
    }
}
