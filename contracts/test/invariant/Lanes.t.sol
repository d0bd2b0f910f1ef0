// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IUsageReceipts} from "../../src/interfaces/IUsageReceipts.sol";
import {LanesHandler} from "../support/LanesHandler.sol";
import {ReceiptsFixture} from "../support/ReceiptsFixture.sol";

/// @notice Lanes under everybody at once.
contract LanesInvariantTest is ReceiptsFixture {
    LanesHandler private handler;

    function setUp() public override {
        super.setUp();
        registry.set(keccak256("a gateway of many lanes"), operator);
        handler = new LanesHandler(receipts, operator, address(faults));
        _targetContract(address(handler));
        bytes4[] memory selectors = new bytes4[](10);
        selectors[0] = LanesHandler.post.selector;
        selectors[1] = LanesHandler.postElsewhere.selector;
        selectors[2] = LanesHandler.rotate.selector;
        selectors[3] = LanesHandler.finalise.selector;
        selectors[4] = LanesHandler.prove.selector;
        selectors[5] = LanesHandler.close.selector;
        selectors[6] = LanesHandler.intrude.selector;
        selectors[7] = LanesHandler.pass.selector;
        selectors[8] = LanesHandler.register.selector;
        selectors[9] = LanesHandler.postUnsigned.selector;
        _targetSelectors(address(handler), selectors);
    }

    /// @notice Batches follow each other from 1 on, without gap or overlap, to the next seq.
    function invariant_lanes_are_contiguous() public view {
        for (uint256 i = 0; i < handler.laneCount(); i++) {
            bytes32 laneId = handler.lanes(i);
            LanesHandler.Posted[] memory all = handler.postedOf(laneId);
            uint256 next = 1;
            for (uint256 j = 0; j < all.length; j++) {
                assertEq(all[j].from, next, "begins where the last ended");
                next = uint256(all[j].to) + 1;
                IUsageReceipts.Posted memory posted = receipts.postedOf(receipts.batchIdOf(laneId, all[j].from));
                assertEq(posted.count, all[j].to - all[j].from + 1, "count");
                assertEq(posted.total, all[j].total, "total");
            }
            assertEq(receipts.laneOf(laneId).nextSeq, next, "next seq");
            assertTrue(receipts.laneOf(laneId).closed == handler.isClosed(laneId), "closed");
        }
    }

    /// @notice A batch is final once at most, never before its time, and never when it is faulty.
    function invariant_batches_are_final_once_and_faulty_ones_never() public view {
        for (uint256 i = 0; i < handler.laneCount(); i++) {
            bytes32 laneId = handler.lanes(i);
            LanesHandler.Posted[] memory all = handler.postedOf(laneId);
            for (uint256 j = 0; j < all.length; j++) {
                IUsageReceipts.Posted memory posted = receipts.postedOf(receipts.batchIdOf(laneId, all[j].from));
                assertLe(all[j].finals, 1, "finalised once");
                assertTrue(!(all[j].faulty && all[j].finals > 0), "never both");
                assertTrue((posted.state == IUsageReceipts.State.Faulty) == all[j].faulty, "faulty stays faulty");
                assertTrue((posted.state == IUsageReceipts.State.Final) == (all[j].finals == 1), "final stays final");
                assertEq(posted.finalAt, all[j].finalAt, "its window is what it was");
                if (all[j].finals == 1) assertGe(block.timestamp, posted.finalAt, "not before its time");
            }
        }
    }

    /// @notice Signers' ranges cover every seq from 1 on, once; what is posted was signed by the key of the one range that holds it, for good.
    function invariant_signers_of_what_is_posted_stay() public view {
        for (uint256 i = 0; i < handler.laneCount(); i++) {
            bytes32 laneId = handler.lanes(i);
            IUsageReceipts.SignerRange[] memory ranges = receipts.signersOf(laneId);
            uint256 next = 1;
            for (uint256 j = 0; j < ranges.length; j++) {
                assertEq(ranges[j].from, next, "begins where the last ended");
                assertGe(ranges[j].to, ranges[j].from, "is not empty");
                next = uint256(ranges[j].to) + 1;
                assertEq(receipts.signerAt(laneId, ranges[j].from), ranges[j].signer, "its first seq");
                assertEq(receipts.signerAt(laneId, ranges[j].to), ranges[j].signer, "its last seq");
                assertTrue(receipts.isSigner(laneId, ranges[j].signer), "known for good");
            }
            assertEq(next, uint256(type(uint64).max) + 1, "to the end");
            LanesHandler.Posted[] memory all = handler.postedOf(laneId);
            for (uint256 j = 0; j < all.length; j++) {
                assertEq(_signerOfAll(ranges, all[j].from, all[j].to), all[j].signer, "its signer");
            }
        }
    }

    /// @return signer zero where no range holds all of it.
    function _signerOfAll(IUsageReceipts.SignerRange[] memory ranges, uint64 from, uint64 to) private pure returns (address signer) {
        for (uint256 i = 0; i < ranges.length; i++) {
            if (ranges[i].from <= from && to <= ranges[i].to) signer = ranges[i].signer;
        }
    }

    function invariant_nothing_went_through_that_should_not() public view {
        assertEq(handler.wrongs(), 0, "wrongs");
    }

    /// @notice The handler comes to every state that the invariants speak of.
    function test_the_handler_reaches_every_state() public {
        handler.post(0, 100, 5);
        handler.post(0, 50, 7);
        handler.postElsewhere(0, 90, 10);
        handler.postUnsigned(0, 10, 3);
        handler.finalise(0, 0);
        handler.pass(WINDOW);
        handler.rotate(0, 5, 1_000);
        handler.postUnsigned(0, 50_000, 0);
        handler.finalise(0, 0);
        handler.finalise(0, 0);
        handler.prove(0, 0);
        handler.prove(0, 4);
        handler.finalise(0, 1);
        handler.post(0, 1, 1);
        handler.postElsewhere(0, 151, 1);
        assertEq(handler.finalised(), 1, "one is final");
        assertEq(handler.marked(), 1, "one is faulty");
        assertEq(handler.refusedWords(), 2, "another key, and a batch that spans a rotation");
        assertEq(handler.laneCount(), 2, "a closed lane is followed by another");
        assertEq(handler.wrongs(), 0, "wrongs");
        invariant_lanes_are_contiguous();
        invariant_batches_are_final_once_and_faulty_ones_never();
        invariant_signers_of_what_is_posted_stay();
    }
}
