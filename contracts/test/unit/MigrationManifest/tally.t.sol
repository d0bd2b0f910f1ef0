// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICreditToken} from "../../../src/interfaces/ICreditToken.sol";
import {IMigrationManifest} from "../../../src/interfaces/IMigrationManifest.sol";
import {IParamGovernor} from "../../../src/interfaces/IParamGovernor.sol";
import {MigrationManifest} from "../../../src/migration/MigrationManifest.sol";
import {Vm} from "../../support/Vm.sol";
import {ManifestSetup} from "./ManifestSetup.sol";

contract TallyTest is ManifestSetup {
    function test_AnybodyInParts() public {
        enter(alice, 10);
        enter(bob, 5);
        enrich(council, 1);
        enter(council, 1);
        freezeNow();
        vm.expectEmit(address(manifest));
        emit IMigrationManifest.Tallied(2, 3);
        assertEq(manifest.tally(2), 2, "two");
        assertEq(manifest.tally(0), 2, "none");
        assertEq(manifest.root(), bytes32(0), "no root before the last");
        vm.expectEmit(address(manifest));
        emit IMigrationManifest.Tallied(3, 3);
        vm.expectEmit(address(manifest));
        emit IMigrationManifest.Rooted(rootNow(), 16);
        assertEq(manifest.tally(type(uint256).max), 3, "the rest");
        assertEq(manifest.root(), rootNow(), "the root by definition");
    }

    function test_TheRootIsThereOnce() public {
        enter(alice, 10);
        freezeNow();
        manifest.tally(1);
        vm.recordLogs();
        assertEq(manifest.tally(1), 1, "no more");
        Vm.Log[] memory logs = vm.getRecordedLogs();
        assertEq(logs.length, 1, "not rooted again");
        assertEq(logs[0].topics[0], IMigrationManifest.Tallied.selector, "tallied");
        assertEq(manifest.root(), rootNow(), "the same root");
    }

    function test_OnlyWhileFrozen() public {
        enter(alice, 10);
        vm.expectRevert(wrongPhase(IMigrationManifest.Phase.Open));
        manifest.tally(1);
        freezeNow();
        vm.warp(NOW + manifest.FROZEN_MAX());
        vm.expectRevert(wrongPhase(IMigrationManifest.Phase.Open));
        manifest.tally(1);
    }

    function test_BeginsAnewAfterARollback() public {
        enter(alice, 10);
        enter(bob, 5);
        freezeNow();
        manifest.tally(2);
        vm.prank(council);
        manifest.rollback();
        assertEq(manifest.tallied(), 0, "nothing tallied");
        assertEq(manifest.root(), bytes32(0), "no root");
        vm.prank(alice);
        manifest.withdraw();
        vm.warp(NOW + manifest.REVIEW());
        sealNow();
        assertPhase(IMigrationManifest.Phase.Sealed);
    }

    /// For every number of entries, in any parts, some of them taken back: what the contract tallies is the root by definition.
    function testFuzz_ComesToTheRootByDefinition(uint256 seed) public {
        uint256 count = bound(seed, 1, 40);
        for (uint160 i = 0; i < count; ++i) {
            enrich(address(0x1000 + i), i + 1);
            enter(address(0x1000 + i), uint128(i + 1));
            if (i > 0 && uint256(keccak256(abi.encode(seed, i))) % 4 == 0) {
                vm.prank(address(0x1000 + i));
                manifest.withdraw();
            }
        }
        freezeNow();
        for (uint256 done = 0; done < count;) {
            assertEq(manifest.root(), bytes32(0), "no root before the last");
            done = manifest.tally(uint256(keccak256(abi.encode(seed, done, "part"))) % 5);
            seed = uint256(keccak256(abi.encode(seed)));
        }
        assertEq(manifest.root(), rootNow(), "the root by definition");
    }

    /// The same entries as in the TypeScript vectors, at the same address and chain, come to the same ids and roots.
    function test_AgreesWithTheVectors() public {
        string memory json = vm.readFile("packages/core/vectors/migration.json");
        uint256 cases = 0;
        for (; vm.keyExistsJson(json, string.concat(".manifests[", vm.toString(cases), "]")); ++cases) {
            uint256 before = vm.snapshotState();
            replay(json, string.concat(".manifests[", vm.toString(cases), "].manifest"));
            vm.revertToState(before);
        }
        assertEq(cases, 10, "cases");
    }

    function replay(string memory json, string memory path) private {
        vm.chainId(vm.parseJsonUint(json, string.concat(path, ".source.chainId")));
        place(
            vm.parseJsonAddress(json, string.concat(path, ".source.contract")),
            vm.parseJsonUint(json, string.concat(path, ".destination.chainId")),
            vm.parseJsonAddress(json, string.concat(path, ".destination.contract"))
        );
        assertEq(manifest.manifestId(), vm.parseJsonBytes32(json, string.concat(path, ".manifestId")), "id");
        for (uint256 i = 0; vm.keyExistsJson(json, string.concat(path, ".entries[", vm.toString(i), "]")); ++i) {
            string memory entry = string.concat(path, ".entries[", vm.toString(i), "]");
            address owner = vm.parseJsonAddress(json, string.concat(entry, ".owner"));
            uint128 amount = uint128(vm.parseJsonUint(json, string.concat(entry, ".amount")));
            enrich(owner, type(uint128).max);
            vm.startPrank(owner);
            manifest.enter(vm.parseJsonAddress(json, string.concat(entry, ".recipient")), amount == 0 ? 1 : amount);
            if (amount == 0) manifest.withdraw();
            vm.stopPrank();
        }
        assertEq(manifest.total(), vm.parseJsonUint(json, string.concat(path, ".total")), "total");
        freezeNow();
        manifest.tally(type(uint256).max);
        assertEq(manifest.root(), vm.parseJsonBytes32(json, string.concat(path, ".root")), "root");
    }

    /// Constructs a manifest at an address of the test's choice: the creation code runs there, and what it answers is the code.
    function place(address where, uint256 chainId, address destination) private {
        bytes memory arguments =
            abi.encode(address(manager), IParamGovernor(address(governor)), ICreditToken(address(credits)), chainId, destination, bridge);
        vm.etch(where, bytes.concat(type(MigrationManifest).creationCode, arguments));
        (bool ok, bytes memory code) = where.call("");
        assertTrue(ok, "constructed");
        vm.etch(where, code);
        manifest = MigrationManifest(where);
        govern(where);
    }
}
