// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IReceiptFaults} from "../../../src/interfaces/IReceiptFaults.sol";
import {IUsageReceipts} from "../../../src/interfaces/IUsageReceipts.sol";
import {Receipt, UsageLine} from "../../../src/libraries/ReceiptTypes.sol";
import {FaultsFixture} from "../../support/FaultsFixture.sol";

/// @notice A gateway that does what it should is never slashed: any pair of its receipts, in any form, asked for any fault.
contract HonestGatewayTest is FaultsFixture {
    uint64 private constant COUNT = 12;

    struct Source {
        uint64 seq;
        uint64 spent;
    }

    Source[3] private sources;

    /// @dev An honest log: two sources and a third of its own, all kinds, retries, credits, calls that were not billed, burns of what was delivered.
    function _log(bytes32 laneId, uint256 seed) private returns (Receipt[] memory run) {
        run = new Receipt[](COUNT);
        for (uint64 i = 0; i < COUNT; i++) {
            uint256 luck = uint256(keccak256(abi.encode(seed, laneId, i)));
            Receipt memory r = _receipt(laneId, i + 1);
            r.kind = uint8(1 + luck % 4);
            _price(r, luck);
            if (i > 0 && luck % 7 == 0) (r.callId, r.attempt) = (run[i - 1].callId, run[i - 1].attempt + 1);
            if (i > 0 && r.kind == 4) (r.callId, r.attempt, r.refHash) = (run[i - 1].callId, run[i - 1].attempt, harness.hash(run[i - 1]));
            _charge(r, luck);
            run[i] = r;
        }
    }

    function _price(Receipt memory r, uint256 luck) private view {
        (uint64 input, uint64 output) = (uint64(luck >> 8) % 5_000, uint64(luck >> 72) % 5_000);
        r.lines[0] = UsageLine(1, input, uint128(harness.amountOf(input, 5, 2)));
        r.lines[1] = UsageLine(5, output, uint128(harness.amountOf(output, 10, 3)));
        r.amount = r.lines[0].amount + r.lines[1].amount;
        // Released, or burned with nothing delivered.
        if (luck % 5 == 0 && r.kind < 3) (r.lines, r.amount) = (new UsageLine[](0), 0);
    }

    function _charge(Receipt memory r, uint256 luck) private {
        Source storage source = sources[(luck >> 140) % 3];
        r.sourceId = keccak256(abi.encode((luck >> 140) % 3));
        source.seq += 1;
        r.charged = uint64(luck >> 150) % 10_000;
        if (r.kind == 4) {
            if (r.charged > source.spent) r.charged = source.spent;
            source.spent -= r.charged;
        } else {
            source.spent += r.charged;
        }
        (r.sourceSeq, r.sourceSpent) = (source.seq, source.spent);
    }

    function _evidence(Receipt[] memory run, uint256 seed) private view returns (IReceiptFaults.Evidence memory e) {
        uint256 index = seed % COUNT;
        uint256 form = (seed >> 16) % 3;
        if (form == 0) e = _signed(run[index], signerKey);
        else if (form == 1) e = _grouped(run, index, signerKey);
        else e = _batched(run, index);
        e.group.laneId = run[index].laneId;
    }

    /// forge-config: default.fuzz.runs = 24
    function testFuzz_no_fault_is_proven(uint256 seed) public {
        delete sources;
        Receipt[] memory one = _log(lane, seed);
        Receipt[] memory other = _log(otherLane, seed);
        _postRun(one);
        _postRun(other);
        for (uint256 i = 0; i < 6; i++) {
            uint256 luck = uint256(keccak256(abi.encode(seed, "pair", i)));
            IReceiptFaults.Evidence memory first = _evidence(luck % 2 == 0 ? one : other, luck >> 8);
            IReceiptFaults.Evidence memory second = _evidence((luck >> 1) % 2 == 0 ? one : other, luck >> 128);
            _askAll(first, second);
            _askAll(second, first);
        }
        // Neighbours in the log too, for they are the likeliest to be taken for a broken chain.
        for (uint256 i = 0; i + 1 < COUNT; i++) {
            _askAll(_batched(one, i), _batched(one, i + 1));
        }
        _assertSlashes(0);
        assertTrue(!receipts.laneOf(lane).closed && !receipts.laneOf(otherLane).closed, "no lane was stopped");
        assertTrue(_state(receipts.batchIdOf(lane, 1)) == IUsageReceipts.State.Posted, "no batch was marked");
    }

    /// @dev Every prover refuses, and with one of the two errors that it should.
    function _askAll(IReceiptFaults.Evidence memory first, IReceiptFaults.Evidence memory second) private {
        for (uint256 i = 0; i <= uint256(type(IReceiptFaults.Fault).max); i++) {
            IReceiptFaults.Fault fault = IReceiptFaults.Fault(i);
            try this.ask(fault, first, second) {
                assertTrue(false, string.concat("an honest gateway is proven guilty of fault ", vm.toString(i)));
            } catch (bytes memory reason) {
                bytes memory noFault = abi.encodeWithSelector(IReceiptFaults.NoFault.selector, fault);
                bool expected = keccak256(reason) == keccak256(noFault) || bytes4(reason) == IReceiptFaults.NotBound.selector;
                assertTrue(expected, "refused for its reason");
            }
        }
    }

    function ask(IReceiptFaults.Fault fault, IReceiptFaults.Evidence memory first, IReceiptFaults.Evidence memory second) external {
        _ask(fault, first, second);
    }
}
