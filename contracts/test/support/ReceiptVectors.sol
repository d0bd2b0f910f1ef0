// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Batch, Receipt, ReceiptGroup, SumNode, Tariff, TariffLine, UsageLine} from "../../src/libraries/ReceiptTypes.sol";
import {ReceiptHashHarness} from "./ReceiptHashHarness.sol";
import {Test} from "./Test.sol";

/// @notice Reads the golden vectors that TypeScript writes: packages/core/vectors.
abstract contract ReceiptVectors is Test {
    ReceiptHashHarness internal harness = new ReceiptHashHarness();
    string internal json;

    function _read(string memory name) internal {
        json = vm.readFile(string.concat("packages/core/vectors/", name, ".json"));
    }

    function _at(string memory list, uint256 i) internal pure returns (string memory) {
        return string.concat(list, "[", vm.toString(i), "]");
    }

    function _exists(string memory key) internal view returns (bool) {
        return vm.keyExistsJson(json, key);
    }

    function _uint(string memory of_, string memory field) internal view returns (uint256) {
        return vm.parseJsonUint(json, string.concat(of_, field));
    }

    function _word(string memory of_, string memory field) internal view returns (bytes32) {
        return vm.parseJsonBytes32(json, string.concat(of_, field));
    }

    function _length(string memory list) internal view returns (uint256 length) {
        while (_exists(_at(list, length))) length++;
    }

    /// @dev What every EIP-712 vector says of a case: struct hash, digest under the file's domain, signature of the file's key.
    function _checkSigned(string memory one, bytes32 structHash) internal {
        vm.chainId(_uint(".domain", ".chainId"));
        bytes32 digest = harness.digest(structHash, vm.parseJsonAddress(json, ".domain.verifyingContract"));
        assertEq(structHash, _word(one, ".structHash"), string.concat(one, " struct hash"));
        assertEq(digest, _word(one, ".digest"), string.concat(one, " digest"));
        bytes memory signature = vm.parseJsonBytes(json, string.concat(one, ".signature"));
        assertEq(signed(uint256(_word("", ".secretKey")), digest), signature, string.concat(one, " signature"));
    }

    function _receipt(string memory m) internal view returns (Receipt memory r) {
        r.kind = uint8(_uint(m, ".kind"));
        r.mode = uint8(_uint(m, ".mode"));
        r.callId = _word(m, ".callId");
        r.attempt = uint16(_uint(m, ".attempt"));
        r.refHash = _word(m, ".refHash");
        r.jobId = _word(m, ".jobId");
        r.tenantId = _word(m, ".tenantId");
        r.sourceId = _word(m, ".sourceId");
        r.sourceSeq = uint64(_uint(m, ".sourceSeq"));
        r.charged = uint64(_uint(m, ".charged"));
        r.sourceSpent = uint64(_uint(m, ".sourceSpent"));
        r.providerId = _word(m, ".providerId");
        r.laneId = _word(m, ".laneId");
        r.seq = uint64(_uint(m, ".seq"));
        r.channelId = _word(m, ".channelId");
        r.tariffId = _word(m, ".tariffId");
        r.startedAt = uint64(_uint(m, ".startedAt"));
        r.endedAt = uint64(_uint(m, ".endedAt"));
        r.lines = _lines(string.concat(m, ".lines"));
        r.amount = uint128(_uint(m, ".amount"));
        r.requestHash = _word(m, ".requestHash");
        r.responseHash = _word(m, ".responseHash");
        r.attestationHash = _word(m, ".attestationHash");
        r.detailHash = _word(m, ".detailHash");
    }

    function _lines(string memory list) internal view returns (UsageLine[] memory lines) {
        lines = new UsageLine[](_length(list));
        for (uint256 i = 0; i < lines.length; i++) {
            lines[i] = _line(_at(list, i));
        }
    }

    function _line(string memory m) internal view returns (UsageLine memory) {
        return UsageLine(uint16(_uint(m, ".unit")), uint64(_uint(m, ".quantity")), uint128(_uint(m, ".amount")));
    }

    function _tariff(string memory m) internal view returns (Tariff memory tariff) {
        tariff.version = uint32(_uint(m, ".version"));
        string memory list = string.concat(m, ".lines");
        tariff.lines = new TariffLine[](_length(list));
        for (uint256 i = 0; i < tariff.lines.length; i++) {
            string memory one = _at(list, i);
            tariff.lines[i] = TariffLine(
                uint16(_uint(one, ".unit")), uint128(_uint(one, ".price")), uint64(_uint(one, ".per")), uint8(_uint(one, ".rounding"))
            );
        }
    }

    function _group(string memory m) internal view returns (ReceiptGroup memory group) {
        group.root = _word(m, ".root");
        group.count = uint32(_uint(m, ".count"));
        group.total = uint128(_uint(m, ".total"));
        group.laneId = _word(m, ".laneId");
        group.seqFrom = uint64(_uint(m, ".seqFrom"));
        group.seqTo = uint64(_uint(m, ".seqTo"));
    }

    function _batchAt(string memory m) internal view returns (Batch memory batch) {
        batch.root = _word(m, ".root");
        batch.dataHash = _word(m, ".dataHash");
        batch.epoch = uint64(_uint(m, ".epoch"));
        batch.count = uint32(_uint(m, ".count"));
        batch.total = uint128(_uint(m, ".total"));
        batch.laneId = _word(m, ".laneId");
        batch.seqFrom = uint64(_uint(m, ".seqFrom"));
        batch.seqTo = uint64(_uint(m, ".seqTo"));
    }

    function _path(string memory list) internal view returns (SumNode[] memory path) {
        path = new SumNode[](_length(list));
        for (uint256 i = 0; i < path.length; i++) {
            string memory one = _at(list, i);
            path[i] = SumNode(_word(one, ".hash"), uint128(_uint(one, ".sum")));
        }
    }
}
