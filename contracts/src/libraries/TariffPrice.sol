// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Receipt, Tariff, TariffLine, UsageLine} from "./ReceiptTypes.sol";

/// @title Prices of usage under a tariff
/// @notice The arithmetic of receipts, as gateways do it: one line per unit used, ascending by unit, each rounded up by itself.
library TariffPrice {
    bytes32 internal constant TARIFF_LINE_TYPE = keccak256("TariffLine(uint16 unit,uint128 price,uint64 per,uint8 rounding)");
    bytes32 internal constant TARIFF_TYPE =
        keccak256("Tariff(uint32 version,TariffLine[] lines)TariffLine(uint16 unit,uint128 price,uint64 per,uint8 rounding)");
    /// @notice More lines than this has neither a receipt nor a tariff.
    uint256 internal constant LINES_MAX = 64;
    uint8 internal constant ROUND_UP = 1;

    /// @return the `tariffId` of receipts: the EIP-712 struct hash, without a domain, so that one tariff has one id on every chain.
    function idOf(Tariff calldata tariff) internal pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](tariff.lines.length);
        for (uint256 i = 0; i < tariff.lines.length; i++) {
            hashes[i] = keccak256(abi.encode(TARIFF_LINE_TYPE, tariff.lines[i]));
        }
        return keccak256(abi.encode(TARIFF_TYPE, tariff.version, keccak256(abi.encodePacked(hashes))));
    }

    /// @return whether a gateway may price by it: units strictly ascending, `per` not 0, rounded up.
    function isWellFormed(Tariff calldata tariff) internal pure returns (bool) {
        if (tariff.lines.length > LINES_MAX) return false;
        for (uint256 i = 0; i < tariff.lines.length; i++) {
            TariffLine calldata line = tariff.lines[i];
            if (line.per == 0 || line.rounding != ROUND_UP) return false;
            if (i > 0 && line.unit <= tariff.lines[i - 1].unit) return false;
        }
        return true;
    }

    /// @return ceil(quantity × price ÷ per). It can pass uint128, never uint256. `per` is not 0.
    function amountOf(uint64 quantity, uint128 price, uint64 per) internal pure returns (uint256) {
        return (uint256(quantity) * price + per - 1) / per;
    }

    /// @return whether each line is what the well-formed `tariff` prices it at. Both lists ascend, so one pass is enough; a unit named twice would be rounded up twice and is refused.
    function prices(Tariff calldata tariff, UsageLine[] calldata lines) internal pure returns (bool) {
        uint256 next = 0;
        for (uint256 i = 0; i < lines.length; i++) {
            UsageLine calldata line = lines[i];
            if (i > 0 && line.unit <= lines[i - 1].unit) return false;
            while (next < tariff.lines.length && tariff.lines[next].unit < line.unit) next++;
            if (next == tariff.lines.length || tariff.lines[next].unit != line.unit) return false;
            if (amountOf(line.quantity, tariff.lines[next].price, tariff.lines[next].per) != line.amount) return false;
        }
        return true;
    }

    /// @return whether the receipt's amount is what it must be under the tariff that it names, which `tariff` must be.
    /// A kind that does not exist has no lawful amount. Burns and credits only have to add up: what a caller got of a cut answer, and what is given back, is no product of prices.
    /// Nor is a receipt without lines held against a malformed tariff: it charges nothing by it.
    function isLawful(Receipt calldata receipt, Tariff calldata tariff) internal pure returns (bool) {
        if (receipt.kind < 1 || receipt.kind > 4 || receipt.lines.length > LINES_MAX) return false;
        uint256 sum = 0;
        for (uint256 i = 0; i < receipt.lines.length; i++) {
            sum += receipt.lines[i].amount;
        }
        if (sum != receipt.amount) return false;
        if (receipt.kind == 2 || receipt.kind == 4 || receipt.lines.length == 0) return true;
        return isWellFormed(tariff) && prices(tariff, receipt.lines);
    }
}
