// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IUsageReceipts} from "../../src/interfaces/IUsageReceipts.sol";
import {Batch, SumNode} from "../../src/libraries/ReceiptTypes.sol";
import {SumTree} from "../../src/libraries/SumTree.sol";
import {ReceiptTree} from "../support/ReceiptTree.sol";
import {ReceiptsFixture} from "../support/ReceiptsFixture.sol";
import {ReceiptsQuorumDouble} from "../support/doubles/ReceiptsQuorumDouble.sol";

/// Flawed on purpose: a batch needs a quorum's attestation alone, and stands as evidence against the gateway of its lane.
contract AttestedEvidence {
    ReceiptsQuorumDouble private immutable quorum;
    Batch private _posted;
    bool public isSlashed;

    constructor(ReceiptsQuorumDouble quorum_) {
        quorum = quorum_;
    }

    function post(Batch calldata batch, bytes calldata attestation) external {
        quorum.verify(keccak256(abi.encode(batch)), batch.epoch, attestation);
        _posted = batch;
    }

    /// One call at two places: receipts are hashes of their call alone here.
    function proveDoubleReceipt(bytes32 callId, uint32 first, SumNode[] calldata firstPath, uint32 second, SumNode[] calldata secondPath)
        external
    {
        require(first != second && _includes(callId, first, firstPath) && _includes(callId, second, secondPath), "proof");
        isSlashed = true;
    }

    function _includes(bytes32 callId, uint32 index, SumNode[] calldata path) private view returns (bool) {
        SumTree.Root memory tree = SumTree.Root(_posted.root, _posted.total, _posted.count, _posted.laneId, _posted.seqFrom);
        return SumTree.verify(tree, callId, 5, index, path);
    }
}

contract FramedGatewayTest is ReceiptsFixture {
    bytes32 private constant CALL = keccak256("a call that never was");

    function _invented() private pure returns (SumNode[] memory leaves) {
        leaves = new SumNode[](2);
        (leaves[0], leaves[1]) = (ReceiptTree.leafOf(CALL, 5), ReceiptTree.leafOf(CALL, 5));
    }

    function test_flaw_threeOraclesHaveAGatewaySlashedForWhatTheyWrote() external {
        AttestedEvidence evidence = new AttestedEvidence(quorum);
        Batch memory batch = _batchOf(ReceiptTree.build(lane, 1, _invented()));
        evidence.post(batch, abi.encode(keccak256(abi.encode(batch)), batch.epoch, uint256(7)));
        evidence.proveDoubleReceipt(CALL, 0, ReceiptTree.path(_invented(), 0), 1, ReceiptTree.path(_invented(), 1));
        assertTrue(evidence.isSlashed(), "slashed for what it never signed");
    }

    /// Ours asks for the gateway's signature under the root. With the real quorum and stakes: unit/system/framing.t.sol.
    function test_theSameIsNotPosted() external {
        ReceiptTree.Tree memory tree = ReceiptTree.build(lane, 1, _invented());
        Batch memory batch = _batchOf(tree);
        (, uint256 oracleKey) = account("oracle 0");
        (bytes memory signature, bytes memory attestation) = (signed(oracleKey, _groupDigest(batch)), _attest(batch, 31));
        vm.expectRevert(abi.encodeWithSelector(IUsageReceipts.NotSignedByGateway.selector, lane));
        receipts.post(batch, tree.top, signature, attestation);
    }
}
