// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Params} from "../../src/libraries/Params.sol";
import {Batch, ReceiptGroup} from "../../src/libraries/ReceiptTypes.sol";
import {OracleFaults} from "../../src/receipts/OracleFaults.sol";
import {ReceiptFaults} from "../../src/receipts/ReceiptFaults.sol";
import {UsageReceipts} from "../../src/receipts/UsageReceipts.sol";
import {ReceiptHashHarness} from "./ReceiptHashHarness.sol";
import {ReceiptTree} from "./ReceiptTree.sol";
import {Test} from "./Test.sol";
import {ReceiptsGovernorDouble} from "./doubles/ReceiptsGovernorDouble.sol";
import {ReceiptsQuorumDouble} from "./doubles/ReceiptsQuorumDouble.sol";
import {ReceiptsRegistryDouble} from "./doubles/ReceiptsRegistryDouble.sol";
import {ReceiptsStakesDouble} from "./doubles/ReceiptsStakesDouble.sol";
import {CREATE3} from "solady/utils/CREATE3.sol";

/// @notice The three contracts of receipts as they are deployed, among doubles of what they ask; one gateway with one lane.
abstract contract ReceiptsFixture is Test {
    uint64 internal constant WINDOW = 86_400;
    bytes32 internal constant GATEWAY = keccak256("gateway");

    ReceiptsGovernorDouble internal governor;
    ReceiptsRegistryDouble internal registry;
    ReceiptsQuorumDouble internal quorum;
    ReceiptsStakesDouble internal stakes;
    UsageReceipts internal receipts;
    ReceiptFaults internal faults;
    OracleFaults internal oracleFaults;
    ReceiptHashHarness internal harness;

    address internal operator;
    address internal stranger;
    address internal signer;
    uint256 internal signerKey;
    address[5] internal oracles;
    bytes32 internal lane;

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        harness = new ReceiptHashHarness();
        governor = new ReceiptsGovernorDouble();
        registry = new ReceiptsRegistryDouble();
        quorum = new ReceiptsQuorumDouble();
        stakes = new ReceiptsStakesDouble();
        governor.set(Params.DISPUTE_WINDOW, WINDOW);
        operator = named("operator");
        stranger = named("stranger");
        (signer, signerKey) = account("signer");
        registry.set(GATEWAY, operator);
        for (uint256 i = 0; i < 5; i++) {
            oracles[i] = named(string.concat("oracle ", vm.toString(i)));
        }
        quorum.setOperators(1, oracles);
        _deploy();
        lane = _registerLane(GATEWAY, 0, signer);
    }

    /// @dev By CREATE3, as the registry deploys: each knows the others' addresses before they are there. Their code is read and not embedded, for compiling it into every test
    /// that stands on this takes minutes.
    function _deploy() private {
        address receiptsAt = CREATE3.predictDeterministicAddress("receipts");
        address faultsAt = CREATE3.predictDeterministicAddress("faults");
        _create("UsageReceipts.sol:UsageReceipts", "receipts", abi.encode(governor, registry, quorum, faultsAt));
        _create("ReceiptFaults.sol:ReceiptFaults", "faults", abi.encode(receiptsAt, stakes));
        receipts = UsageReceipts(receiptsAt);
        faults = ReceiptFaults(faultsAt);
        oracleFaults =
            OracleFaults(_create("OracleFaults.sol:OracleFaults", "oracle faults", abi.encode(receiptsAt, quorum, stakes, faultsAt)));
        vm.label(receiptsAt, "UsageReceipts");
        vm.label(faultsAt, "ReceiptFaults");
    }

    function _create(string memory artifact, bytes32 salt, bytes memory arguments) private returns (address) {
        return CREATE3.deployDeterministic(bytes.concat(vm.getCode(artifact), arguments), salt);
    }

    function _registerLane(bytes32 gatewayId, uint32 index, address key) internal returns (bytes32) {
        vm.prank(registry.operatorOf(gatewayId));
        return receipts.registerLane(gatewayId, index, key, false);
    }

    /// @notice A batch whose only node is `top`: for tests that do not look at leaves.
    function _batch(bytes32 laneId, uint64 seqFrom, uint32 count, uint128 total, bytes32 top) internal view returns (Batch memory) {
        bytes32 root = ReceiptTree.rootOf(top, total, count, laneId, seqFrom);
        return Batch(root, keccak256("data"), quorum.currentEpoch(), count, total, laneId, seqFrom, seqFrom + (count - 1));
    }

    function _batchOf(ReceiptTree.Tree memory tree) internal view returns (Batch memory) {
        return _batch(tree.laneId, tree.seqFrom, tree.count, tree.total, tree.top);
    }

    /// @notice What the oracles of `mask` sign of the batch.
    function _attest(Batch memory batch, uint256 mask) internal view returns (bytes memory) {
        return abi.encode(receipts.digestOf(batch), batch.epoch, mask);
    }

    /// @notice What the gateway signs of the batch: a group of the same receipts.
    function _groupDigest(Batch memory b) internal view returns (bytes32) {
        ReceiptGroup memory group = ReceiptGroup(b.root, b.count, b.total, b.laneId, b.seqFrom, b.seqTo);
        return harness.digest(harness.hashGroup(group), address(receipts));
    }

    /// @notice The fixture's signer, who is that of every lane unless a test says otherwise, signs the batch.
    function _sign(Batch memory batch) internal view returns (bytes memory) {
        return signed(signerKey, _groupDigest(batch));
    }

    function _post(bytes32 laneId, uint64 seqFrom, uint32 count, bytes32 top) internal returns (bytes32 batchId) {
        Batch memory batch = _batch(laneId, seqFrom, count, 1_000, top);
        return receipts.post(batch, top, _sign(batch), _attest(batch, 7));
    }

    function _postTree(ReceiptTree.Tree memory tree) internal returns (bytes32 batchId) {
        Batch memory batch = _batchOf(tree);
        return receipts.post(batch, tree.top, _sign(batch), _attest(batch, 7));
    }
}
