// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IReceiptFaults} from "../../src/interfaces/IReceiptFaults.sol";
import {IUsageReceipts} from "../../src/interfaces/IUsageReceipts.sol";
import {Receipt, ReceiptGroup, SumNode, Tariff, TariffLine, UsageLine} from "../../src/libraries/ReceiptTypes.sol";
import {ReceiptTree} from "./ReceiptTree.sol";
import {ReceiptsFixture} from "./ReceiptsFixture.sol";

/// @notice Honest receipts of a lane, and the three forms of evidence made of them.
abstract contract FaultsFixture is ReceiptsFixture {
    bytes32 internal otherLane;
    bytes32 internal constant OTHER_GATEWAY = keccak256("other gateway");
    bytes32 internal foreignLane;

    function setUp() public virtual override {
        super.setUp();
        otherLane = _registerLane(GATEWAY, 1, signer);
        registry.set(OTHER_GATEWAY, named("other operator"));
        foreignLane = _registerLane(OTHER_GATEWAY, 0, signer);
    }

    function _tariff() internal pure returns (Tariff memory tariff) {
        tariff.version = 3;
        tariff.lines = new TariffLine[](2);
        tariff.lines[0] = TariffLine(1, 5, 2, 1);
        tariff.lines[1] = TariffLine(5, 10, 3, 1);
    }

    /// @notice The receipt number `seq` of a lane: its call, amounts and place in its source's history follow from it, each source receipt charging 10.
    function _receipt(bytes32 laneId, uint64 seq) internal view returns (Receipt memory r) {
        r.kind = 1;
        r.callId = keccak256(abi.encode("call", laneId, seq));
        r.attempt = 1;
        r.tenantId = keccak256("tenant");
        r.sourceId = keccak256(abi.encode("source", laneId));
        r.sourceSeq = seq;
        r.charged = 10;
        r.sourceSpent = 10 * seq;
        r.providerId = keccak256("provider");
        r.laneId = laneId;
        r.seq = seq;
        r.tariffId = harness.tariffId(_tariff());
        r.startedAt = 1_767_225_600_000;
        r.endedAt = 1_767_225_601_500;
        r.lines = new UsageLine[](2);
        r.lines[0] = UsageLine(1, 3, 8);
        r.lines[1] = UsageLine(5, 7, 24);
        r.amount = 32;
    }

    /// @notice `count` honest receipts from `seqFrom` on.
    function _run(bytes32 laneId, uint64 seqFrom, uint64 count) internal view returns (Receipt[] memory run) {
        run = new Receipt[](count);
        for (uint64 i = 0; i < count; i++) {
            run[i] = _receipt(laneId, seqFrom + i);
        }
    }

    function _leaves(Receipt[] memory run) internal view returns (SumNode[] memory leaves) {
        leaves = new SumNode[](run.length);
        for (uint256 i = 0; i < run.length; i++) {
            leaves[i] = ReceiptTree.leafOf(harness.hash(run[i]), run[i].kind == 4 ? 0 : run[i].amount);
        }
    }

    function _signed(Receipt memory r, uint256 key) internal view returns (IReceiptFaults.Evidence memory e) {
        e.receipt = r;
        e.form = IReceiptFaults.Form.Signed;
        e.signature = signed(key, harness.digest(harness.hash(r), address(receipts)));
    }

    function _grouped(Receipt[] memory run, uint256 index, uint256 key) internal view returns (IReceiptFaults.Evidence memory) {
        return _groupedAt(run[index], run[0].laneId, run[0].seq, _leaves(run), index, key);
    }

    function _groupedAt(Receipt memory r, bytes32 laneId, uint64 seqFrom, SumNode[] memory leaves, uint256 index, uint256 key)
        internal
        view
        returns (IReceiptFaults.Evidence memory e)
    {
        ReceiptTree.Tree memory tree = ReceiptTree.build(laneId, seqFrom, leaves);
        e.receipt = r;
        e.form = IReceiptFaults.Form.Group;
        e.index = uint32(index);
        e.path = ReceiptTree.path(leaves, index);
        e.group = ReceiptGroup(tree.root, tree.count, tree.total, laneId, seqFrom, seqFrom + tree.count - 1);
        e.signature = signed(key, harness.digest(harness.hashGroup(e.group), address(receipts)));
    }

    /// @notice Posts the run, which must be the next of its lane.
    function _postRun(Receipt[] memory run) internal returns (bytes32) {
        return _postTree(ReceiptTree.build(run[0].laneId, run[0].seq, _leaves(run)));
    }

    function _batched(Receipt[] memory run, uint256 index) internal view returns (IReceiptFaults.Evidence memory e) {
        e.receipt = run[index];
        e.form = IReceiptFaults.Form.Batch;
        e.seqFrom = run[0].seq;
        e.index = uint32(index);
        e.path = ReceiptTree.path(_leaves(run), index);
    }

    function _state(bytes32 batchId) internal view returns (IUsageReceipts.State) {
        return receipts.postedOf(batchId).state;
    }

    function _assertFaulty(bytes32 batchId) internal view {
        assertTrue(_state(batchId) == IUsageReceipts.State.Faulty, "the batch is faulty");
    }

    function _assertSlashes(uint256 count) internal view {
        assertEq(stakes.slashes(GATEWAY), count, "slashes of the gateway");
        assertEq(stakes.slashes(OTHER_GATEWAY), 0, "slashes of another gateway");
    }

    function _slashId(bytes32 proof) internal pure returns (bytes32) {
        return keccak256(abi.encode(GATEWAY, proof));
    }

    function _expectProven(IReceiptFaults.Fault fault, bytes32 laneId, bytes32 proof) internal {
        vm.expectEmit(address(faults));
        emit IReceiptFaults.FaultProven(fault, laneId, proof, _slashId(proof));
    }

    function _expectNoFault(IReceiptFaults.Fault fault) internal {
        vm.expectRevert(abi.encodeWithSelector(IReceiptFaults.NoFault.selector, fault));
    }

    /// @dev Asks for any fault; `second` counts only where the fault is one of two receipts.
    function _ask(IReceiptFaults.Fault fault, IReceiptFaults.Evidence memory first, IReceiptFaults.Evidence memory second)
        internal
        returns (bytes32)
    {
        if (fault == IReceiptFaults.Fault.Equivocation) return faults.proveEquivocation(first, second);
        if (fault == IReceiptFaults.Fault.DoubleReceipt) return faults.proveDoubleReceipt(first, second);
        if (fault == IReceiptFaults.Fault.WrongAmount) return faults.proveWrongAmount(first, _tariff());
        if (fault == IReceiptFaults.Fault.BrokenChain) return faults.proveBrokenChain(first, second);
        if (fault == IReceiptFaults.Fault.WrongKey) return faults.proveWrongKey(first);
        if (fault == IReceiptFaults.Fault.SandboxReceipt) return faults.proveSandbox(first);
        return faults.proveMisplaced(first, first.receipt.kind == 4 ? 0 : first.receipt.amount);
    }

    function _refused(
        bytes memory reason,
        IReceiptFaults.Fault fault,
        IReceiptFaults.Evidence memory first,
        IReceiptFaults.Evidence memory second
    ) internal {
        vm.expectRevert(reason);
        _ask(fault, first, second);
    }

    function _noFault(IReceiptFaults.Fault fault, IReceiptFaults.Evidence memory first, IReceiptFaults.Evidence memory second) internal {
        _refused(abi.encodeWithSelector(IReceiptFaults.NoFault.selector, fault), fault, first, second);
    }

    function _nothingNew(
        bytes32 proof,
        IReceiptFaults.Fault fault,
        IReceiptFaults.Evidence memory first,
        IReceiptFaults.Evidence memory second
    ) internal {
        _refused(abi.encodeWithSelector(IReceiptFaults.NothingNew.selector, proof), fault, first, second);
    }
}
