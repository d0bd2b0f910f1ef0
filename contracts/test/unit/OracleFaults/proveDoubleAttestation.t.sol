// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IOracleFaults} from "../../../src/interfaces/IReceiptFaults.sol";
import {IQuorumScheme, IQuorumVerifier} from "../../../src/interfaces/IQuorumVerifier.sol";
import {Batch} from "../../../src/libraries/ReceiptTypes.sol";
import {OracleFaults} from "../../../src/receipts/OracleFaults.sol";
import {ReceiptsFixture} from "../../support/ReceiptsFixture.sol";

contract ProveDoubleAttestationTest is ReceiptsFixture {
    function _named(uint64 from, address oracle) private view returns (bytes32) {
        return keccak256(abi.encode(OracleFaults.Kind.DoubleAttestation, lane, from, oracle));
    }

    function _prove(Batch memory first, uint256 mask, Batch memory second, uint256 again) private returns (uint256) {
        return oracleFaults.proveDoubleAttestation(first, _attest(first, mask), second, _attest(second, again));
    }

    function _refused(bytes4 reason, Batch memory first, Batch memory second) private {
        (bytes memory one, bytes memory other) = (_attest(first, 7), _attest(second, 7));
        vm.expectRevert(reason);
        oracleFaults.proveDoubleAttestation(first, one, second, other);
    }

    function _slashes(address oracle) private view returns (uint256) {
        return stakes.slashes(stakes.oracleStakeId(oracle));
    }

    function _pair() private view returns (Batch memory first, Batch memory second) {
        return (_batch(lane, 1, 10, 0, "one"), _batch(lane, 1, 10, 0, "other"));
    }

    function test_who_signed_both_is_slashed_and_nobody_else() public {
        (Batch memory first, Batch memory second) = _pair();
        // 0, 1, 2 and 2, 3, 4: the third oracle signed both.
        (bytes memory one, bytes memory other) = (_attest(first, 0x07), _attest(second, 0x1c));
        bytes32 proof = _named(1, oracles[2]);
        bytes32 slashId = keccak256(abi.encode(stakes.oracleStakeId(oracles[2]), proof));
        vm.expectEmit(address(oracleFaults));
        emit IOracleFaults.OracleFaultProven(lane, oracles[2], proof, slashId);
        vm.prank(stranger);
        assertEq(oracleFaults.proveDoubleAttestation(first, one, second, other), 1, "slashed");
        for (uint256 i = 0; i < 5; i++) {
            assertEq(_slashes(oracles[i]), i == 2 ? 1 : 0, "slashes");
        }
        assertTrue(oracleFaults.isPunished(proof), "punished");
        assertTrue(!receipts.laneOf(lane).closed, "the gateway's lane goes on");
    }

    function testFuzz_any_masks(uint256 a, uint256 b) public {
        (a, b) = (_quorum(a), _quorum(b));
        (Batch memory first, Batch memory second) = _pair();
        // Any two quorums of three of five share one at least.
        uint256 slashed = _prove(first, a, second, b);
        for (uint256 i = 0; i < 5; i++) {
            uint256 both = (a & b) >> i & 1;
            assertEq(_slashes(oracles[i]), both, "slashes");
            slashed -= both;
        }
        assertEq(slashed, 0, "counted");
    }

    /// @dev The bits of `seed`, with three of five at least.
    function _quorum(uint256 seed) private pure returns (uint256 mask) {
        uint256[10] memory quorums = [uint256(7), 11, 13, 14, 19, 21, 22, 25, 26, 28];
        return quorums[seed % 10] | (seed >> 8) % 32;
    }

    function test_once_per_place_whatever_the_order_and_the_variants() public {
        (Batch memory first, Batch memory second) = _pair();
        assertEq(_prove(first, 7, second, 7), 3, "first");
        _refused(IOracleFaults.NothingNew.selector, second, first);
        _refused(IOracleFaults.NothingNew.selector, first, _batch(lane, 1, 12, 0, "third"));
        // One more oracle signed both: only that one is new.
        assertEq(_prove(first, 0x0f, second, 0x0f), 1, "fourth oracle");
        // Another place is another fault.
        assertEq(_prove(_batch(lane, 11, 5, 0, "one"), 7, _batch(lane, 13, 9, 0, "other"), 7), 3, "another place");
        assertEq(_slashes(oracles[0]), 2, "slashes");
        assertTrue(oracleFaults.isPunished(_named(13, oracles[0])), "named by where the overlap begins");
    }

    function test_ranges_that_touch_do_not_overlap() public {
        Batch memory first = _batch(lane, 1, 10, 0, "one");
        _refused(IOracleFaults.NoFault.selector, first, _batch(lane, 11, 10, 0, "other"));
        _refused(IOracleFaults.NoFault.selector, _batch(lane, 11, 10, 0, "other"), first);
        assertEq(_prove(first, 7, _batch(lane, 10, 10, 0, "other"), 7), 3, "one seq in common");
        assertEq(_prove(_batch(lane, 20, 5, 0, "one"), 7, _batch(lane, 11, 10, 0, "other"), 7), 3, "in the other order");
    }

    function test_another_lane_is_no_contradiction() public {
        bytes32 other = _registerLane(GATEWAY, 1, signer);
        _refused(IOracleFaults.NoFault.selector, _batch(lane, 1, 10, 0, "one"), _batch(other, 1, 10, 0, "other"));
    }

    function test_the_same_receipts_attested_again_under_the_next_epoch() public {
        Batch memory first = _batch(lane, 1, 10, 0, "one");
        quorum.setOperators(2, oracles);
        quorum.setEpoch(2);
        Batch memory again = _batch(lane, 1, 10, 0, "one");
        assertTrue(first.epoch != again.epoch, "another batch");
        _refused(IOracleFaults.NoFault.selector, first, again);
    }

    function test_across_epochs_by_address_and_not_by_place() public {
        Batch memory first = _batch(lane, 1, 10, 0, "one");
        address[5] memory next;
        for (uint256 i = 0; i < 5; i++) {
            next[i] = named(string.concat("next ", vm.toString(i)));
        }
        next[4] = oracles[0];
        quorum.setOperators(2, next);
        quorum.setEpoch(2);
        Batch memory second = _batch(lane, 5, 10, 0, "other");
        assertEq(_prove(first, 0x07, second, 0x13), 1, "slashed");
        assertEq(_slashes(oracles[0]), 1, "who sat in both");
        assertEq(_slashes(next[0]), 0, "who sat at the same place");
    }

    function test_one_who_left_does_not_shield_the_others() public {
        (Batch memory first, Batch memory second) = _pair();
        bytes32 gone = stakes.oracleStakeId(oracles[0]);
        stakes.empty(gone, true);
        assertEq(_prove(first, 7, second, 7), 2, "the others");
        assertTrue(!oracleFaults.isPunished(_named(1, oracles[0])), "not punished");
        _refused(IOracleFaults.NothingNew.selector, first, second);
        stakes.empty(gone, false);
        assertEq(_prove(first, 7, second, 7), 1, "who came back");
    }

    function test_attestations_must_be_real() public {
        (Batch memory first, Batch memory second) = _pair();
        bytes memory right = _attest(first, 7);
        vm.expectRevert(IQuorumScheme.SignatureInvalid.selector);
        oracleFaults.proveDoubleAttestation(first, right, second, right);
        bytes memory few = _attest(second, 3);
        vm.expectRevert(abi.encodeWithSelector(IQuorumVerifier.QuorumTooSmall.selector, 2, 3));
        oracleFaults.proveDoubleAttestation(first, right, second, few);
        second.epoch = 9;
        bytes memory unknown = _attest(second, 7);
        vm.expectRevert(abi.encodeWithSelector(IQuorumVerifier.EpochUnknown.selector, 9));
        oracleFaults.proveDoubleAttestation(first, right, second, unknown);
        vm.chainId(block.chainid + 1);
        second.epoch = 1;
        bytes memory other = _attest(second, 7);
        vm.expectRevert(IQuorumScheme.SignatureInvalid.selector);
        oracleFaults.proveDoubleAttestation(first, right, second, other);
    }

    function test_nobody_comes_in_again() public {
        (Batch memory first, Batch memory second) = _pair();
        bytes memory call = abi.encodeCall(oracleFaults.proveDoubleAttestation, (first, _attest(first, 7), second, _attest(second, 7)));
        stakes.setHook(address(oracleFaults), call);
        _prove(first, 7, second, 7);
        assertTrue(stakes.hookRefused(), "refused");
        assertEq(_slashes(oracles[0]), 1, "slashes");
    }
}
