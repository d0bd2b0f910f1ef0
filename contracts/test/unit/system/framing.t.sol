// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IQuorumScheme} from "../../../src/interfaces/IQuorumVerifier.sol";
import {IReceiptFaults} from "../../../src/interfaces/IReceiptFaults.sol";
import {IStakes} from "../../../src/interfaces/IStakes.sol";
import {IUsageReceipts} from "../../../src/interfaces/IUsageReceipts.sol";
import {Batch, Receipt, ReceiptGroup, SumNode} from "../../../src/libraries/ReceiptTypes.sol";
import {ReceiptHashHarness} from "../../support/ReceiptHashHarness.sol";
import {ReceiptTree} from "../../support/ReceiptTree.sol";
import {System} from "../../support/System.sol";

/// With the real contracts joined: all five oracles together can neither post what a gateway did not sign nor have it slashed for that.
contract SystemFramingTest is System {
    uint256 private constant STAKE = 2 ether;

    ReceiptHashHarness private harness;
    uint256[5] private oracleKeys;
    address[5] private members;
    uint64 private epoch;
    uint256 private signerKey;
    bytes32 private gatewayId;
    bytes32 private lane;

    function setUp() public {
        deploySystem();
        harness = new ReceiptHashHarness();
        for (uint256 i = 0; i < 5; ++i) {
            (members[i], oracleKeys[i]) = account(string.concat("oracle ", vm.toString(i)));
            vm.deal(members[i], 2 ether);
            vm.startPrank(members[i]);
            stakes.stakeOracle{value: 1 ether}();
            quorum.registerKey(address(scheme), abi.encodePacked(members[i]), "");
            vm.stopPrank();
        }
        epoch = quorum.rotate(address(scheme), members);

        address signer;
        (signer, signerKey) = account("signer");
        address operator = named("operator");
        vm.deal(operator, STAKE);
        vm.startPrank(operator);
        gatewayId = providers.register("gateway", operator, operator, bytes32(0));
        stakes.stakeProvider{value: STAKE}(gatewayId);
        lane = receipts.registerLane(gatewayId, 0, signer, false);
        vm.stopPrank();
    }

    /// A receipt that would cost its gateway the stake: a sandbox's in a live lane.
    function _bad() private view returns (Receipt memory r) {
        r.kind = 2;
        r.mode = 1;
        r.callId = keccak256("a call that never was");
        r.attempt = 1;
        r.sourceSeq = 1;
        r.laneId = lane;
        r.seq = 1;
    }

    function _good() private view returns (Receipt memory r) {
        r = _bad();
        r.mode = 0;
    }

    function _treeOf(Receipt memory r) private view returns (ReceiptTree.Tree memory) {
        SumNode[] memory leaves = new SumNode[](1);
        leaves[0] = ReceiptTree.leafOf(harness.hash(r), r.amount);
        return ReceiptTree.build(lane, 1, leaves);
    }

    function _batchOf(Receipt memory r) private view returns (Batch memory) {
        ReceiptTree.Tree memory tree = _treeOf(r);
        return Batch(tree.root, keccak256("data"), epoch, 1, tree.total, lane, 1, 1);
    }

    function _attest(Batch memory batch) private view returns (bytes memory proof) {
        proof = hex"1f";
        for (uint256 i = 0; i < 5; ++i) {
            proof = bytes.concat(proof, signed(oracleKeys[i], receipts.digestOf(batch)));
        }
    }

    function _signBy(uint256 key, Batch memory b) private view returns (bytes memory) {
        ReceiptGroup memory group = ReceiptGroup(b.root, b.count, b.total, b.laneId, b.seqFrom, b.seqTo);
        return signed(key, harness.digest(harness.hashGroup(group), address(receipts)));
    }

    function _post(Receipt memory r, bytes memory signature, bytes memory attestation) private returns (bytes32) {
        return receipts.post(_batchOf(r), _treeOf(r).top, signature, attestation);
    }

    function _refused(Receipt memory r, bytes memory signature) private {
        (Batch memory batch, bytes32 top) = (_batchOf(r), _treeOf(r).top);
        bytes memory attestation = _attest(batch);
        vm.expectRevert(abi.encodeWithSelector(IUsageReceipts.NotSignedByGateway.selector, lane));
        receipts.post(batch, top, signature, attestation);
    }

    function _evidence(Receipt memory r, IReceiptFaults.Form form) private pure returns (IReceiptFaults.Evidence memory e) {
        (e.receipt, e.form, e.seqFrom) = (r, form, 1);
        e.path = new SumNode[](0);
    }

    function _unbound(IReceiptFaults.Evidence memory e) private {
        vm.expectRevert(IReceiptFaults.NotBound.selector);
        faults.proveSandbox(e);
    }

    function _assertUntouched() private view {
        IStakes.Stake memory stake = stakes.stakeOf(gatewayId);
        assertEq(stake.amount, STAKE, "stake");
        assertEq(stake.frozen, 0, "nothing is proposed");
        IUsageReceipts.Lane memory state = receipts.laneOf(lane);
        assertEq(state.nextSeq, 1, "nothing is posted");
        assertTrue(!state.closed, "open");
    }

    function test_fiveOraclesCannotPostWhatTheGatewayDidNotSign() public {
        Receipt memory r = _bad();
        _refused(r, "");
        _refused(r, new bytes(65));
        for (uint256 i = 0; i < 5; ++i) {
            _refused(r, _signBy(oracleKeys[i], _batchOf(r)));
        }
        // What the gateway did sign is no word for what it did not.
        _refused(r, _signBy(signerKey, _batchOf(_good())));
        _assertUntouched();
    }

    function test_norProveItInAnyOtherForm() public {
        Receipt memory r = _bad();
        _unbound(_evidence(r, IReceiptFaults.Form.Batch));
        IReceiptFaults.Evidence memory e = _evidence(r, IReceiptFaults.Form.Signed);
        e.signature = signed(oracleKeys[0], harness.digest(harness.hash(r), address(receipts)));
        _unbound(e);
        Batch memory b = _batchOf(r);
        e = _evidence(r, IReceiptFaults.Form.Group);
        e.group = ReceiptGroup(b.root, b.count, b.total, b.laneId, b.seqFrom, b.seqTo);
        e.signature = _signBy(oracleKeys[0], b);
        _unbound(e);
        _assertUntouched();
    }

    /// The gateway's posted batch is not changed by what its oracles attest afterwards.
    function test_norAddToWhatItPosted() public {
        Receipt memory r = _good();
        _post(r, _signBy(signerKey, _batchOf(r)), _attest(_batchOf(r)));
        (Batch memory batch, bytes32 top) = (_batchOf(_bad()), _treeOf(_bad()).top);
        (bytes memory signature, bytes memory attestation) = (_signBy(signerKey, batch), _attest(batch));
        vm.expectRevert(abi.encodeWithSelector(IUsageReceipts.NotContiguous.selector, lane, 1, 2));
        receipts.post(batch, top, signature, attestation);
        _unbound(_evidence(_bad(), IReceiptFaults.Form.Batch));
        assertEq(stakes.stakeOf(gatewayId).frozen, 0, "nothing is proposed");
    }

    /// Who attests what the gateway never wrote beside what it did is proven by the two attestations, though one was never posted.
    function test_theAttemptCostsTheOracles() public {
        (Batch memory honest, Batch memory invented) = (_batchOf(_good()), _batchOf(_bad()));
        (bytes memory first, bytes memory second) = (_attest(honest), _attest(invented));
        _post(_good(), _signBy(signerKey, honest), first);
        assertEq(oracleFaults.proveDoubleAttestation(honest, first, invented, second), 5, "all five");
        for (uint256 i = 0; i < 5; ++i) {
            assertTrue(stakes.stakeOf(stakes.oracleStakeId(members[i])).frozen > 0, "proposed");
        }
        assertEq(stakes.stakeOf(gatewayId).frozen, 0, "not the gateway");
    }

    /// The same receipt with the gateway's signature under it is posted, and the gateway and all who attested it answer for it. So it is the signature that the others lacked.
    function test_whatItDidSignItAnswersFor() public {
        Batch memory batch = _batchOf(_bad());
        bytes memory attestation = _attest(batch);
        bytes32 batchId = _post(_bad(), _signBy(signerKey, batch), attestation);
        faults.proveSandbox(_evidence(_bad(), IReceiptFaults.Form.Batch));
        assertTrue(receipts.postedOf(batchId).state == IUsageReceipts.State.Faulty, "faulty");
        assertTrue(stakes.stakeOf(gatewayId).frozen > 0, "the gateway's slash is proposed");
        assertEq(oracleFaults.proveBadAttestation(batch, attestation), 5, "and each oracle's");
    }

    /// What oracles still decide alone: whether it is posted, and by which data hash.
    function test_whatIsLeftToTheOracles() public {
        Batch memory batch = _batchOf(_good());
        (bytes32 top, bytes memory signature) = (_treeOf(_good()).top, _signBy(signerKey, batch));
        bytes memory attestation = _attest(batch);
        batch.dataHash = keccak256("data that nobody serves");
        vm.expectRevert(IQuorumScheme.SignatureInvalid.selector);
        receipts.post(batch, top, signature, attestation);
        receipts.post(batch, top, signature, _attest(batch));
        assertEq(receipts.laneOf(lane).nextSeq, 2, "posted");
    }
}
