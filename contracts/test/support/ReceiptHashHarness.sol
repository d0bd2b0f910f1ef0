// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ReceiptHash} from "../../src/libraries/ReceiptHash.sol";
import {Batch, Receipt, ReceiptGroup, Tariff, UsageLine} from "../../src/libraries/ReceiptTypes.sol";
import {TariffPrice} from "../../src/libraries/TariffPrice.sol";

/// @notice The libraries behind calls, so that structs are calldata.
contract ReceiptHashHarness {
    function hash(Receipt calldata receipt) external pure returns (bytes32) {
        return ReceiptHash.hash(receipt);
    }

    function leafAmount(Receipt calldata receipt) external pure returns (uint128) {
        return ReceiptHash.leafAmount(receipt);
    }

    function lineHash(UsageLine calldata line) external pure returns (bytes32) {
        return ReceiptHash.lineHash(line);
    }

    function hashGroup(ReceiptGroup calldata group) external pure returns (bytes32) {
        return ReceiptHash.hashGroup(group);
    }

    function hashBatch(Batch calldata batch) external pure returns (bytes32) {
        return ReceiptHash.hashBatch(batch);
    }

    function laneId(uint256 chainId, address receipts, bytes32 gatewayId, uint32 index) external pure returns (bytes32) {
        return ReceiptHash.laneId(chainId, receipts, gatewayId, index);
    }

    function digest(bytes32 structHash, address receipts) external view returns (bytes32) {
        return ReceiptHash.digest(structHash, receipts);
    }

    function tariffId(Tariff calldata tariff) external pure returns (bytes32) {
        return TariffPrice.idOf(tariff);
    }

    function isWellFormed(Tariff calldata tariff) external pure returns (bool) {
        return TariffPrice.isWellFormed(tariff);
    }

    function prices(Tariff calldata tariff, UsageLine[] calldata lines) external pure returns (bool) {
        return TariffPrice.prices(tariff, lines);
    }

    function amountOf(uint64 quantity, uint128 price, uint64 per) external pure returns (uint256) {
        return TariffPrice.amountOf(quantity, price, per);
    }

    function isLawful(Receipt calldata receipt, Tariff calldata tariff) external pure returns (bool) {
        return TariffPrice.isLawful(receipt, tariff);
    }
}
