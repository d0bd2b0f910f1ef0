// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICreditToken} from "../../../src/interfaces/ICreditToken.sol";
import {IMigrationClaims} from "../../../src/interfaces/IMigrationManifest.sol";
import {IParamGovernor} from "../../../src/interfaces/IParamGovernor.sol";
import {IQuorumVerifier} from "../../../src/interfaces/IQuorumVerifier.sol";
import {MigrationClaims} from "../../../src/migration/MigrationClaims.sol";
import {ClaimsSetup} from "./ClaimsSetup.sol";

contract ClaimsSealTest is ClaimsSetup {
    function test_AnyoneWithTheAttestationOnceAllIsBridged() public {
        freezeNow();
        quorum.attest(claims.sealDigest(EPOCH), EPOCH, "3 of 5");
        fund(total - 1);
        vm.expectRevert(abi.encodeWithSelector(IMigrationClaims.NotBridged.selector, total, total - 1));
        claims.seal(EPOCH, "3 of 5");
        fund(1);
        vm.expectEmit(address(claims));
        emit IMigrationClaims.ManifestSealed(id, root, total);
        vm.prank(named("anyone"));
        claims.seal(EPOCH, "3 of 5");
        assertTrue(claims.phase() == IMigrationClaims.Phase.Sealed, "sealed");
    }

    function test_NotWithoutAQuorum() public {
        freezeNow();
        fund(total);
        bytes memory expected = abi.encodeWithSelector(IQuorumVerifier.QuorumTooSmall.selector, 0, 3);
        vm.expectRevert(expected);
        claims.seal(EPOCH, "");
        quorum.attest(claims.sealDigest(EPOCH), EPOCH, "3 of 5");
        vm.expectRevert(expected);
        claims.seal(EPOCH + 1, "3 of 5");
    }

    function test_OnlyWhileFrozen() public {
        vm.expectRevert(wrongPhase(IMigrationClaims.Phase.Open));
        claims.seal(EPOCH, "");
        sealNow();
        vm.expectRevert(wrongPhase(IMigrationClaims.Phase.Sealed));
        claims.seal(EPOCH, "3 of 5");
    }

    function test_TheDigestBindsManifestRootTotalSetChainAndContract() public {
        freezeNow();
        bytes32 typeHash = keccak256("Sealed(bytes32 manifestId,bytes32 root,uint128 total,uint64 epoch)");
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Tallystick"),
                keccak256("1"),
                block.chainid,
                address(claims)
            )
        );
        bytes32 digest = claims.sealDigest(EPOCH);
        assertEq(digest, keccak256(abi.encodePacked(hex"1901", domain, keccak256(abi.encode(typeHash, id, root, total, EPOCH)))), "digest");
        assertTrue(digest != claims.sealDigest(EPOCH + 1), "the set");
        MigrationClaims other = new MigrationClaims(
            address(manager), IParamGovernor(address(governor)), ICreditToken(address(credits)), IQuorumVerifier(address(quorum))
        );
        assertTrue(digest != other.sealDigest(EPOCH), "the contract and the manifest");
        vm.chainId(block.chainid + 1);
        assertTrue(digest != claims.sealDigest(EPOCH), "the chain");
    }
}
