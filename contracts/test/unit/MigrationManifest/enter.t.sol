// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICreditToken} from "../../../src/interfaces/ICreditToken.sol";
import {IMigrationManifest} from "../../../src/interfaces/IMigrationManifest.sol";
import {IParamGovernor} from "../../../src/interfaces/IParamGovernor.sol";
import {MigrationManifest} from "../../../src/migration/MigrationManifest.sol";
import {ManifestSetup} from "./ManifestSetup.sol";

contract EnterTest is ManifestSetup {
    function test_OneEntryPerOwnerThatGrows() public {
        vm.expectEmit(address(manifest));
        emit IMigrationManifest.Entered(0, alice, recipientOf(alice), 10, 10);
        assertEq(enter(alice, 10), 0, "first");
        assertEq(enter(bob, 5), 1, "second");
        vm.expectEmit(address(manifest));
        emit IMigrationManifest.Entered(0, alice, recipientOf(alice), 17, 22);
        assertEq(enter(alice, 7), 0, "the same place");
        assertEq(manifest.entryCount(), 2, "count");
        assertEq(manifest.total(), 22, "total");
        assertEq(credits.balanceOf(address(manifest)), 22, "credits");
        IMigrationManifest.Entry memory entry = manifest.entryOf(0);
        assertEq(entry.owner, alice, "owner");
        assertEq(entry.recipient, recipientOf(alice), "recipient");
        assertEq(entry.amount, 17, "amount");
    }

    function test_AnotherRecipientOnlyAfterTakingBack() public {
        enter(alice, 10);
        vm.startPrank(alice);
        vm.expectRevert(abi.encodeWithSelector(IMigrationManifest.RecipientMismatch.selector, bob, recipientOf(alice)));
        manifest.enter(bob, 1);
        manifest.withdraw();
        assertEq(manifest.enter(bob, 1), 0, "the old place");
        vm.stopPrank();
        assertEq(manifest.entryOf(0).recipient, bob, "the new recipient");
        assertEq(manifest.entryCount(), 1, "one entry");
    }

    /// The contract that pays on the other chain cannot be paid by itself.
    function test_NotForTheClaims() public {
        address claims = manifest.destination();
        vm.expectRevert(abi.encodeWithSelector(IMigrationManifest.RecipientRefused.selector, claims));
        vm.prank(alice);
        manifest.enter(claims, 1);
    }

    function test_SomethingForSomebody() public {
        vm.startPrank(alice);
        vm.expectRevert(IMigrationManifest.ZeroAddress.selector);
        manifest.enter(address(0), 1);
        vm.expectRevert(IMigrationManifest.ZeroAmount.selector);
        manifest.enter(bob, 0);
        vm.stopPrank();
    }

    function test_StopsWhilePaused() public {
        governor.setPausedUntil(NOW + 1);
        vm.expectRevert(abi.encodeWithSelector(IParamGovernor.EntryPaused.selector, NOW + 1));
        enter(alice, 1);
    }

    function test_OnlyWhileOpen() public {
        enter(alice, 10);
        freezeNow();
        vm.expectRevert(wrongPhase(IMigrationManifest.Phase.Frozen));
        enter(bob, 1);
        vm.warp(NOW + manifest.FROZEN_MAX() - 1);
        vm.expectRevert(wrongPhase(IMigrationManifest.Phase.Frozen));
        enter(bob, 1);
        vm.warp(NOW + manifest.FROZEN_MAX());
        vm.expectEmit(address(manifest));
        emit IMigrationManifest.RolledBack();
        enter(bob, 1);
        assertEq(manifest.frozenAt(), 0, "open for good");
        vm.warp(NOW + manifest.FROZEN_MAX() + manifest.REVIEW());
        sealNow();
        vm.expectRevert(wrongPhase(IMigrationManifest.Phase.Sealed));
        enter(bob, 1);
    }

    function test_IdNamesBothEnds() public {
        bytes32 expected = keccak256(abi.encode(block.chainid, address(manifest), NEW_CHAIN, named("claims")));
        assertEq(manifest.manifestId(), expected, "id");
    }

    function test_EveryAddressIsNeeded() public {
        for (uint256 missing = 0; missing < 5; ++missing) {
            address[5] memory m = [address(1), address(2), address(3), address(4), address(5)];
            m[missing] = address(0);
            vm.expectRevert(IMigrationManifest.ZeroAddress.selector);
            new MigrationManifest(m[0], IParamGovernor(m[1]), ICreditToken(m[2]), NEW_CHAIN, m[3], m[4]);
        }
    }
}
