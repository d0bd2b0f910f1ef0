// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IReceiptFaults} from "../../src/interfaces/IReceiptFaults.sol";
import {Receipt, ReceiptGroup, SumNode, Tariff, TariffLine, UsageLine} from "../../src/libraries/ReceiptTypes.sol";
import {FaultsFixture} from "../support/FaultsFixture.sol";
import {ReceiptTree} from "../support/ReceiptTree.sol";

/// @notice What a proof costs at its dearest: it must fit a transaction many times over, or a fault could be made too big to prove.
contract ReceiptFaultsGasTest is FaultsFixture {
    uint256 private constant PROOF_MAX = 600_000;

    function test_gas_the_dearest_proof() public {
        Tariff memory tariff = Tariff(1, new TariffLine[](64));
        Receipt memory r = _receipt(lane, 1);
        r.lines = new UsageLine[](64);
        r.amount = 0;
        for (uint16 i = 0; i < 64; i++) {
            tariff.lines[i] = TariffLine(i, 5, 2, 1);
            r.lines[i] = UsageLine(i, 2, 5);
            r.amount += 5;
        }
        // The last line is wrong, so all are looked at.
        r.lines[63].amount = 6;
        r.amount += 1;
        r.tariffId = harness.tariffId(tariff);
        IReceiptFaults.Evidence memory e = _deepest(r);
        faults.proveWrongAmount(e, tariff);
        assertLe(vm.snapshotGasLastCall("Receipts: prove a wrong amount of 64 lines at depth 32"), PROOF_MAX, "proof");
        _assertSlashes(1);
    }

    /// @dev In a signed group of 2^32 − 1 receipts, whose other nodes are made up.
    function _deepest(Receipt memory r) private view returns (IReceiptFaults.Evidence memory e) {
        e.receipt = r;
        e.form = IReceiptFaults.Form.Group;
        e.path = new SumNode[](32);
        SumNode memory node = ReceiptTree.leafOf(harness.hash(r), r.amount);
        for (uint256 i = 0; i < 32; i++) {
            e.path[i] = SumNode(keccak256(abi.encode(i)), 1);
            node = ReceiptTree.nodeOf(node, e.path[i]);
        }
        uint32 count = type(uint32).max;
        e.group = ReceiptGroup(ReceiptTree.rootOf(node.hash, node.sum, count, lane, 1), count, node.sum, lane, 1, count);
        e.signature = signed(signerKey, harness.digest(harness.hashGroup(e.group), address(receipts)));
    }
}
