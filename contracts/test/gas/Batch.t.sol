// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IParamGovernor} from "../../src/interfaces/IParamGovernor.sol";
import {IProviderRegistry} from "../../src/interfaces/IProviderRegistry.sol";
import {IUsageReceipts} from "../../src/interfaces/IUsageReceipts.sol";
import {Params} from "../../src/libraries/Params.sol";
import {Batch, ReceiptGroup} from "../../src/libraries/ReceiptTypes.sol";
import {UsageReceipts} from "../../src/receipts/UsageReceipts.sol";
import {QuorumBase} from "../support/QuorumBase.sol";
import {ReceiptHashHarness} from "../support/ReceiptHashHarness.sol";
import {ReceiptTree} from "../support/ReceiptTree.sol";
import {ReceiptsRegistryDouble} from "../support/doubles/ReceiptsRegistryDouble.sol";

/// @notice What it costs to post a batch of 10,000 receipts that the gateway signed and three of five oracles attest by BLS, with the verifier and the scheme as they are deployed.
contract BatchGasTest is QuorumBase {
    bytes32 private constant GATEWAY = keccak256("gateway");
    uint32 private constant COUNT = 10_000;
    /// The prototype's 38 for each receipt.
    uint256 private constant ALL_MAX = 380_000;

    UsageReceipts private receipts;
    ReceiptsRegistryDouble private registry;
    ReceiptHashHarness private harness = new ReceiptHashHarness();
    uint256 private signerKey;
    bytes32 private lane;
    uint64 private epoch;

    function setUp() public override {
        super.setUp();
        registry = new ReceiptsRegistryDouble();
        registry.set(GATEWAY, address(this));
        params.set(Params.DISPUTE_WINDOW, 1 days);
        receipts = new UsageReceipts(IParamGovernor(address(params)), IProviderRegistry(address(registry)), verifier, address(1));
        address signer;
        (signer, signerKey) = account("signer");
        lane = receipts.registerLane(GATEWAY, 0, signer, false);
        epoch = rotate();
    }

    function test_gas_post() external {
        (uint256 execution, uint256 all) = _post(1);
        assertLe(all, ALL_MAX, "the first batch of a lane");
        vm.snapshotValue("Batch: post of 10000 receipts, the first of a lane", execution);
        (execution, all) = _post(1 + COUNT);
        assertLe(all, ALL_MAX, "a later batch");
        vm.snapshotValue("Batch: post of 10000 receipts", execution);
        vm.snapshotValue("Batch: post of 10000 receipts, with calldata and transaction", all);
    }

    function _sign(Batch memory b) private view returns (bytes memory) {
        bytes32 group = harness.hashGroup(ReceiptGroup(b.root, b.count, b.total, b.laneId, b.seqFrom, b.seqTo));
        return signed(signerKey, harness.digest(group, address(receipts)));
    }

    function _post(uint64 seqFrom) private returns (uint256 execution, uint256 all) {
        bytes32 top = keccak256(abi.encode(seqFrom));
        bytes32 root = ReceiptTree.rootOf(top, 123_456_789_000, COUNT, lane, seqFrom);
        Batch memory batch = Batch(root, keccak256("data"), epoch, COUNT, 123_456_789_000, lane, seqFrom, seqFrom + COUNT - 1);
        bytes memory attestation = proofBy(vectorSecrets(), 7, receipts.digestOf(batch));
        bytes memory data = abi.encodeCall(IUsageReceipts.post, (batch, top, _sign(batch), attestation));
        _cool();
        (bool ok,) = address(receipts).call(data);
        execution = vm.lastCallGas().gasTotalUsed;
        assertTrue(ok, "posted");
        all = 21_000 + execution;
        // EIP-2028; the floor of EIP-7623 is far below.
        for (uint256 i = 0; i < data.length; ++i) {
            all += data[i] == 0 ? 4 : 16;
        }
    }

    /// As at the beginning of a transaction.
    function _cool() private {
        vm.cool(verifier.epochOf(epoch).keysPointer);
        vm.cool(address(receipts));
        vm.cool(address(verifier));
        vm.cool(address(bls));
        vm.cool(address(params));
    }
}
