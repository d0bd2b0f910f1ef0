// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMigrationClaims} from "../../../src/interfaces/IMigrationManifest.sol";
import {ClaimsSetup} from "./ClaimsSetup.sol";

contract ClaimTest is ClaimsSetup {
    function test_AnyonePaysTheRecipientOnce() public {
        sealNow();
        governor.setPausedUntil(type(uint64).max);
        vm.expectEmit(address(claims));
        emit IMigrationClaims.Claimed(3, recipientOf(3), amountOf(3), amountOf(3));
        claim(3);
        assertEq(credits.balanceOf(recipientOf(3)), amountOf(3), "paid");
        assertTrue(claims.isClaimed(3), "claimed");
        assertTrue(!claims.isClaimed(2), "no other");
        address recipient = recipientOf(3);
        address owner = ownerOf(3);
        bytes32[] memory proof = proofOf(3);
        vm.expectRevert(abi.encodeWithSelector(IMigrationClaims.AlreadyClaimed.selector, 3));
        claims.claim(3, owner, recipient, amountOf(3), proof);
    }

    function test_AllOfThemAndNothingIsLeft() public {
        sealNow();
        for (uint256 i = 0; i < COUNT; ++i) {
            claim(i);
        }
        assertEq(claims.claimed(), total, "claimed");
        assertEq(credits.balanceOf(address(claims)), 0, "nothing is left");
    }

    function test_OnlyOnceSealed() public {
        (address owner, address recipient, bytes32[] memory proof) = (ownerOf(0), recipientOf(0), proofOf(0));
        vm.expectRevert(wrongPhase(IMigrationClaims.Phase.Open));
        claims.claim(0, owner, recipient, amountOf(0), proof);
        freezeNow();
        fund(total);
        vm.expectRevert(wrongPhase(IMigrationClaims.Phase.Frozen));
        claims.claim(0, owner, recipient, amountOf(0), proof);
    }

    function test_OnlyWhatIsInTheManifest() public {
        sealNow();
        (address owner, address recipient, bytes32[] memory proof) = (ownerOf(0), recipientOf(0), proofOf(0));
        uint128 amount = amountOf(0);
        expectInvalid(1, owner, recipient, amount, proof);
        expectInvalid(COUNT, owner, recipient, amount, proof);
        expectInvalid(0, recipient, recipient, amount, proof);
        expectInvalid(0, owner, owner, amount, proof);
        expectInvalid(0, owner, recipient, amount + 1, proof);
        expectInvalid(0, owner, recipient, amount, new bytes32[](0));
        vm.expectRevert(IMigrationClaims.ZeroAmount.selector);
        claims.claim(0, owner, recipient, 0, proof);
    }

    /// Should a quorum attest a root over more than the total, the first come are paid and no more than was bridged leaves.
    function test_NeverMoreThanWasBridged() public {
        total = amountOf(6) + 1;
        sealNow();
        claim(6);
        (address owner, address recipient, bytes32[] memory proof) = (ownerOf(5), recipientOf(5), proofOf(5));
        vm.expectRevert(abi.encodeWithSelector(IMigrationClaims.NotBridged.selector, amountOf(6) + amountOf(5), total));
        claims.claim(5, owner, recipient, amountOf(5), proof);
    }

    function testFuzz_NoForgedEntry(uint256 index, address owner, address recipient, uint128 amount, bytes32[] calldata proof) public {
        vm.assume(amount != 0);
        sealNow();
        vm.expectRevert(IMigrationClaims.ProofInvalid.selector);
        claims.claim(index, owner, recipient, amount, proof);
    }

    function expectInvalid(uint256 index, address owner, address recipient, uint128 amount, bytes32[] memory proof) private {
        vm.expectRevert(IMigrationClaims.ProofInvalid.selector);
        claims.claim(index, owner, recipient, amount, proof);
    }
}
