// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IUsageReceipts} from "../../../src/interfaces/IUsageReceipts.sol";
import {ReceiptsFixture} from "../../support/ReceiptsFixture.sol";

contract RotateSignerTest is ReceiptsFixture {
    function _rotate(address key, uint64 from) private {
        vm.prank(operator);
        receipts.rotateSigner(lane, key, from);
    }

    function test_the_range_before_ends_where_the_next_begins() public {
        vm.expectEmit(address(receipts));
        emit IUsageReceipts.SignerRotated(lane, stranger, 50);
        _rotate(stranger, 50);
        assertEq(receipts.signerAt(lane, 49), signer, "one before");
        assertEq(receipts.signerAt(lane, 50), stranger, "at");
        assertEq(receipts.signerAt(lane, type(uint64).max), stranger, "the last of all");
        IUsageReceipts.SignerRange[] memory ranges = receipts.signersOf(lane);
        assertEq(ranges.length, 2, "ranges");
        assertEq(ranges[0].signer, signer, "first");
        assertEq(ranges[0].from, 1, "first from");
        assertEq(ranges[0].to, 49, "first to");
        assertEq(ranges[1].signer, stranger, "second");
        assertEq(ranges[1].from, 50, "second from");
        assertEq(ranges[1].to, type(uint64).max, "second to");
        assertTrue(receipts.isSigner(lane, signer) && receipts.isSigner(lane, stranger), "both are keys of the lane");
    }

    function test_a_key_may_come_again() public {
        _rotate(stranger, 50);
        _rotate(signer, 60);
        assertEq(receipts.signerAt(lane, 49), signer, "first range");
        assertEq(receipts.signerAt(lane, 59), stranger, "second range");
        assertEq(receipts.signerAt(lane, 60), signer, "third range");
    }

    function test_not_below_what_is_posted() public {
        _post(lane, 1, 10, "top");
        vm.expectRevert(abi.encodeWithSelector(IUsageReceipts.RangeInThePast.selector, 10, 11));
        _rotate(stranger, 10);
        _rotate(stranger, 11);
        assertEq(receipts.signerAt(lane, 10), signer, "what is posted keeps its signer");
    }

    function test_a_range_never_disappears() public {
        _rotate(stranger, 50);
        vm.expectRevert(abi.encodeWithSelector(IUsageReceipts.RangeInThePast.selector, 50, 51));
        _rotate(operator, 50);
        vm.expectRevert(abi.encodeWithSelector(IUsageReceipts.RangeInThePast.selector, 2, 51));
        _rotate(operator, 2);
        _rotate(operator, 51);
        assertEq(receipts.signerAt(lane, 50), stranger, "a range of one seq");
    }

    function test_not_too_far_ahead() public {
        uint64 latest = 2 + 2 ** 32;
        vm.expectRevert(abi.encodeWithSelector(IUsageReceipts.RangeTooFar.selector, latest + 1, latest));
        _rotate(stranger, latest + 1);
        vm.expectRevert(abi.encodeWithSelector(IUsageReceipts.RangeTooFar.selector, type(uint64).max, latest));
        _rotate(stranger, type(uint64).max);
        _rotate(stranger, latest);
        _rotate(signer, latest + 1);
        assertEq(receipts.signerAt(lane, latest), stranger, "a range that another can follow");
    }

    function test_not_from_the_beginning() public {
        vm.expectRevert(abi.encodeWithSelector(IUsageReceipts.RangeInThePast.selector, 1, 2));
        _rotate(stranger, 1);
    }

    function test_only_the_operator_of_now() public {
        registry.set(GATEWAY, stranger);
        vm.expectRevert(abi.encodeWithSelector(IUsageReceipts.NotGateway.selector, operator, GATEWAY));
        _rotate(operator, 50);
        vm.prank(stranger);
        receipts.rotateSigner(lane, stranger, 50);
    }

    function test_a_signer_is_needed() public {
        vm.expectRevert(IUsageReceipts.ZeroAddress.selector);
        _rotate(address(0), 50);
    }

    function test_neither_on_unknown_nor_on_closed_lanes() public {
        vm.expectRevert(abi.encodeWithSelector(IUsageReceipts.LaneUnknown.selector, keccak256("other")));
        vm.prank(operator);
        receipts.rotateSigner(keccak256("other"), stranger, 50);
        vm.prank(operator);
        receipts.closeLane(lane);
        // Rotating after the end would make honest signatures for seqs that were not posted wrong ones.
        vm.expectRevert(abi.encodeWithSelector(IUsageReceipts.LaneClosed.selector, lane));
        _rotate(stranger, 50);
    }

    /// @notice Signers by halving are those by looking at each range.
    function testFuzz_signers_by_seq(uint256 seed, uint64 seq) public {
        uint256 count = bound(seed, 1, 12);
        uint64 from = 1;
        for (uint256 i = 0; i < count; i++) {
            from += uint64(bound(uint256(keccak256(abi.encode(seed, i))), 1, 100));
            _rotate(address(uint160(100 + i)), from);
        }
        seq = uint64(bound(seq, 0, uint256(from) + 50));
        address expected;
        IUsageReceipts.SignerRange[] memory ranges = receipts.signersOf(lane);
        for (uint256 i = 0; i < ranges.length; i++) {
            if (ranges[i].from <= seq && seq <= ranges[i].to) expected = ranges[i].signer;
        }
        assertEq(receipts.signerAt(lane, seq), expected, "signer");
    }
}
