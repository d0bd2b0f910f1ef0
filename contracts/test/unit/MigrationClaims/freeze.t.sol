// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICreditToken} from "../../../src/interfaces/ICreditToken.sol";
import {IMigrationClaims} from "../../../src/interfaces/IMigrationManifest.sol";
import {IParamGovernor} from "../../../src/interfaces/IParamGovernor.sol";
import {IQuorumVerifier} from "../../../src/interfaces/IQuorumVerifier.sol";
import {MigrationClaims} from "../../../src/migration/MigrationClaims.sol";
import {ClaimsSetup} from "./ClaimsSetup.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

contract ClaimsFreezeTest is ClaimsSetup {
    function test_NamesTheManifest() public {
        vm.expectEmit(address(claims));
        emit IMigrationClaims.ManifestFrozen(id, root, total, COUNT);
        freezeNow();
        assertTrue(claims.phase() == IMigrationClaims.Phase.Frozen, "frozen");
        assertEq(claims.manifestId(), id, "id");
        assertEq(claims.root(), root, "root");
        assertEq(claims.total(), total, "total");
        assertEq(claims.count(), COUNT, "count");
    }

    function test_AWholeOne() public {
        vm.startPrank(council);
        vm.expectRevert(IMigrationClaims.RootMissing.selector);
        claims.freeze(bytes32(0), root, total, COUNT);
        vm.expectRevert(IMigrationClaims.RootMissing.selector);
        claims.freeze(id, bytes32(0), total, COUNT);
        vm.expectRevert(IMigrationClaims.ZeroAmount.selector);
        claims.freeze(id, root, 0, COUNT);
        vm.expectRevert(IMigrationClaims.ZeroAmount.selector);
        claims.freeze(id, root, total, 0);
        vm.stopPrank();
    }

    function test_OnceAndAgainAfterARollback() public {
        freezeNow();
        vm.expectRevert(wrongPhase(IMigrationClaims.Phase.Frozen));
        freezeNow();
        vm.expectEmit(address(claims));
        emit IMigrationClaims.ManifestOpened(id);
        vm.prank(council);
        claims.rollback();
        assertTrue(claims.phase() == IMigrationClaims.Phase.Open, "open");
        assertEq(claims.manifestId(), bytes32(0), "no manifest");
        assertEq(claims.total(), 0, "no total");
        freezeNow();
    }

    function test_NoRollbackWhileOpenNorOnceSealed() public {
        vm.startPrank(council);
        vm.expectRevert(wrongPhase(IMigrationClaims.Phase.Open));
        claims.rollback();
        vm.stopPrank();
        sealNow();
        vm.startPrank(council);
        vm.expectRevert(wrongPhase(IMigrationClaims.Phase.Sealed));
        claims.rollback();
        vm.expectRevert(wrongPhase(IMigrationClaims.Phase.Sealed));
        claims.freeze(id, root, total, COUNT);
        vm.stopPrank();
    }

    function testFuzz_OnlyTheGovernor(address caller) public {
        vm.assume(caller != council);
        bytes memory expected = abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, caller);
        vm.startPrank(caller);
        vm.expectRevert(expected);
        claims.freeze(id, root, total, COUNT);
        vm.expectRevert(expected);
        claims.rollback();
        vm.expectRevert(expected);
        claims.reclaim(caller);
        vm.stopPrank();
    }

    function test_EveryAddressIsNeeded() public {
        for (uint256 missing = 0; missing < 4; ++missing) {
            address[4] memory m = [address(1), address(2), address(3), address(4)];
            m[missing] = address(0);
            vm.expectRevert(IMigrationClaims.ZeroAddress.selector);
            new MigrationClaims(m[0], IParamGovernor(m[1]), ICreditToken(m[2]), IQuorumVerifier(m[3]));
        }
    }
}
