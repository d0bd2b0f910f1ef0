// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ReceiptHash} from "../../../src/libraries/ReceiptHash.sol";
import {Batch, ReceiptGroup} from "../../../src/libraries/ReceiptTypes.sol";
import {TariffPrice} from "../../../src/libraries/TariffPrice.sol";
import {UsageReceipts} from "../../../src/receipts/UsageReceipts.sol";
import {ReceiptVectors} from "../../support/ReceiptVectors.sol";
import {CREATE3} from "solady/utils/CREATE3.sol";

/// @notice Solidity and TypeScript agree on the hash, digest and signature of every struct of receipts.
contract ReceiptVectorsTest is ReceiptVectors {
    function _type(string memory name, bytes32 typeHash) private returns (uint256 count) {
        _read(name);
        assertEq(typeHash, _word("", ".typeHash"), "type hash");
        assertEq(typeHash, keccak256(bytes(vm.parseJsonString(json, ".type"))), "type");
        count = _length(".cases");
        assertGe(count, 2, "cases");
    }

    function test_receipts() public {
        uint256 count = _type("receipt", ReceiptHash.RECEIPT_TYPE);
        for (uint256 i = 0; i < count; i++) {
            string memory one = _at(".cases", i);
            _checkSigned(one, harness.hash(_receipt(string.concat(one, ".message"))));
        }
    }

    function test_usage_lines() public {
        uint256 count = _type("usage-line", ReceiptHash.USAGE_LINE_TYPE);
        for (uint256 i = 0; i < count; i++) {
            string memory one = _at(".cases", i);
            _checkSigned(one, harness.lineHash(_line(string.concat(one, ".message"))));
        }
    }

    function test_tariffs() public {
        uint256 count = _type("tariff", TariffPrice.TARIFF_TYPE);
        for (uint256 i = 0; i < count; i++) {
            string memory one = _at(".cases", i);
            _checkSigned(one, harness.tariffId(_tariff(string.concat(one, ".message"))));
        }
    }

    function test_groups() public {
        uint256 count = _type("receipt-group", ReceiptHash.GROUP_TYPE);
        for (uint256 i = 0; i < count; i++) {
            string memory one = _at(".cases", i);
            ReceiptGroup memory group = _group(string.concat(one, ".message"));
            _checkSigned(one, harness.hashGroup(group));
        }
    }

    function test_batches() public {
        uint256 count = _type("batch", ReceiptHash.BATCH_TYPE);
        UsageReceipts receipts = _receiptsAt(vm.parseJsonAddress(json, ".domain.verifyingContract"));
        for (uint256 i = 0; i < count; i++) {
            string memory one = _at(".cases", i);
            Batch memory batch = _batchAt(string.concat(one, ".message"));
            _checkSigned(one, harness.hashBatch(batch));
            assertEq(receipts.digestOf(batch), _word(one, ".digest"), "digest by the contract");
        }
    }

    function test_lanes() public {
        _read("lane");
        uint256 count = _length(".lanes");
        assertGe(count, 9, "lanes");
        for (uint256 i = 0; i < count; i++) {
            string memory one = _at(".lanes", i);
            address at_ = vm.parseJsonAddress(json, string.concat(one, ".domain.verifyingContract"));
            uint256 chainId = _uint(one, ".domain.chainId");
            bytes32 gatewayId = _word(one, ".gatewayId");
            uint32 index = uint32(_uint(one, ".index"));
            assertEq(harness.laneId(chainId, at_, gatewayId, index), _word(one, ".laneId"), one);
            // The contract itself, for chain ids that an EVM can have.
            if (chainId == 0 || chainId > type(uint64).max) continue;
            UsageReceipts receipts = _receiptsAt(at_);
            vm.chainId(chainId);
            assertEq(receipts.laneIdOf(gatewayId, index), _word(one, ".laneId"), string.concat(one, " by the contract"));
        }
    }

    /// @dev The contract's code at the address that the vectors name.
    function _receiptsAt(address place) private returns (UsageReceipts) {
        if (place.code.length > 0) return UsageReceipts(place);
        address any = address(1);
        bytes memory code = bytes.concat(vm.getCode("UsageReceipts.sol:UsageReceipts"), abi.encode(any, any, any, any));
        address made = CREATE3.deployDeterministic(code, keccak256(abi.encode(place)));
        vm.etch(place, made.code);
        return UsageReceipts(place);
    }
}
