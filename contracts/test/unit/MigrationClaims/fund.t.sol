// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMigrationClaims} from "../../../src/interfaces/IMigrationManifest.sol";
import {IParamGovernor} from "../../../src/interfaces/IParamGovernor.sol";
import {ClaimsSetup} from "./ClaimsSetup.sol";

contract FundTest is ClaimsSetup {
    function test_BeforeSealing() public {
        vm.expectEmit(address(claims));
        emit IMigrationClaims.Bridged(bridger, 10, 10);
        fund(10);
        freezeNow();
        vm.expectEmit(address(claims));
        emit IMigrationClaims.Bridged(bridger, 5, 15);
        fund(5);
        assertEq(claims.bridged(), 15, "bridged");
        assertEq(credits.balanceOf(address(claims)), 15, "credits");
        vm.expectRevert(IMigrationClaims.ZeroAmount.selector);
        fund(0);
    }

    function test_NotOnceSealedNorWhilePaused() public {
        sealNow();
        vm.expectRevert(wrongPhase(IMigrationClaims.Phase.Sealed));
        fund(1);
        uint64 until = uint64(block.timestamp) + 1;
        governor.setPausedUntil(until);
        vm.expectRevert(abi.encodeWithSelector(IParamGovernor.EntryPaused.selector, until));
        fund(1);
    }

    function test_AllIsGivenBackWhileOpen() public {
        fund(total);
        freezeNow();
        vm.expectRevert(wrongPhase(IMigrationClaims.Phase.Frozen));
        vm.prank(council);
        claims.reclaim(bridger);
        vm.startPrank(council);
        claims.rollback();
        vm.expectRevert(IMigrationClaims.ZeroAddress.selector);
        claims.reclaim(address(0));
        vm.expectEmit(address(claims));
        emit IMigrationClaims.Reclaimed(bridger, total, 0);
        assertEq(claims.reclaim(bridger), total, "all");
        vm.expectRevert(IMigrationClaims.ZeroAmount.selector);
        claims.reclaim(bridger);
        vm.stopPrank();
        assertEq(credits.balanceOf(bridger), 1_000_000e6, "back");
        freezeNow();
        quorum.attest(claims.sealDigest(EPOCH), EPOCH, "");
        vm.expectRevert(abi.encodeWithSelector(IMigrationClaims.NotBridged.selector, total, 0));
        claims.seal(EPOCH, "");
    }

    function test_OnceSealedOnlyWhatIsBeyondTheTotal() public {
        fund(9);
        sealNow();
        claim(6);
        vm.startPrank(council);
        vm.expectEmit(address(claims));
        emit IMigrationClaims.Reclaimed(bridger, 9, total);
        assertEq(claims.reclaim(bridger), 9, "the surplus");
        vm.expectRevert(IMigrationClaims.ZeroAmount.selector);
        claims.reclaim(bridger);
        vm.stopPrank();
        for (uint256 i = 0; i < 6; ++i) {
            claim(i);
        }
        assertEq(credits.balanceOf(address(claims)), 0, "every entry was paid, and nothing is left");
    }
}
