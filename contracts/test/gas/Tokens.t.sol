// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAITokenMinter} from "../../src/interfaces/IAITokenMinter.sol";
import {IOrderSettlement} from "../../src/interfaces/IOrderSettlement.sol";
import {Receipt} from "../../src/libraries/ReceiptTypes.sol";
import {MinterSetup} from "../unit/AITokenMinter/MinterSetup.sol";
import {ClaimsSetup} from "../unit/MigrationClaims/ClaimsSetup.sol";
import {ManifestSetup} from "../unit/MigrationManifest/ManifestSetup.sol";
import {MarketSetup} from "../unit/OrderSettlement/MarketSetup.sol";

/// @notice What calls cost cold, of the call alone: a transaction pays 21,000 and its calldata on top. The other modules are doubles, so what is ours is what is measured.
contract MintingGasTest is MinterSetup {
    function test_gas_mintEpoch() public {
        declare(IAITokenMinter.Mode.Cumulative);
        treasury.addFees(PROVIDER, EPOCH, 80_000);
        _cool();
        minter.mintEpoch(PROVIDER, EPOCH);
        assertLe(vm.snapshotGasLastCall("mint by the epoch, first"), 250_000, "first");
        treasury.addFees(PROVIDER, EPOCH, 80_000);
        _cool();
        minter.mintEpoch(PROVIDER, EPOCH);
        assertLe(vm.snapshotGasLastCall("mint by the epoch, again"), 120_000, "again");
    }

    function test_gas_mintReceipt() public {
        declare(IAITokenMinter.Mode.PerReceipt);
        treasury.addFees(PROVIDER, EPOCH, 80_000);
        for (uint64 seq = 10; seq < 12; ++seq) {
            Receipt memory receipt = receiptOf(seq, 100);
            finalReceipt(receipt, 10);
            _cool();
            minter.mintReceipt(receipt, 10, uint32(seq - 10), noPath);
        }
        assertLe(vm.snapshotGasLastCall("mint of a receipt, the second of an epoch"), 150_000, "second");
    }

    function _cool() private {
        vm.cool(address(minter));
        vm.cool(address(token));
        vm.cool(address(treasury));
        vm.cool(address(registry));
        vm.cool(address(receipts));
        vm.cool(address(governor));
    }
}

contract MarketGasTest is MarketSetup {
    function test_gas_fill() public {
        setFee(30);
        IOrderSettlement.Order memory o = asking(1e6, 2e6);
        bytes memory signature = signedBy(aliceKey, o);
        _cool();
        vm.prank(taker);
        market.fill(o, signature, 5e5, 0);
        assertLe(vm.snapshotGasLastCall("fill, the first of an order"), 280_000, "first");
        _cool();
        vm.prank(taker);
        market.fill(o, signature, 5e5, 0);
        assertLe(vm.snapshotGasLastCall("fill, the rest of an order"), 150_000, "rest");
    }

    function test_gas_match() public {
        setFee(30);
        IOrderSettlement.Order memory ask = asking(1e6, 2e6);
        IOrderSettlement.Order memory bid = bidding(2e6, 1e6);
        (bytes memory asks, bytes memory bids) = (signedBy(aliceKey, ask), signedBy(bobKey, bid));
        _cool();
        market.match_(ask, asks, bid, bids);
        assertLe(vm.snapshotGasLastCall("match of two new orders"), 400_000, "match");
    }

    function _cool() private {
        vm.cool(address(market));
        vm.cool(address(tokenA));
        vm.cool(address(tokenB));
        vm.cool(address(governor));
    }
}

contract ManifestGasTest is ManifestSetup {
    function test_gas_tally() public {
        for (uint160 i = 0; i < 256; ++i) {
            enrich(address(0x1000 + i), 10);
            enter(address(0x1000 + i), 10);
        }
        freezeNow();
        vm.cool(address(manifest));
        manifest.tally(256);
        uint256 gas = vm.snapshotGasLastCall("tally of 256 entries of a manifest");
        assertLe(gas / 256, 12_000, "per entry");
        vm.warp(NOW + manifest.REVIEW());
        vm.cool(address(manifest));
        vm.cool(address(credits));
        vm.prank(council);
        manifest.seal();
        assertLe(vm.snapshotGasLastCall("seal of a manifest of 256 entries"), 200_000, "seal");
    }

    function test_gas_enter() public {
        vm.cool(address(manifest));
        vm.cool(address(credits));
        enter(alice, 10);
        assertLe(vm.snapshotGasLastCall("entry into a manifest"), 250_000, "enter");
    }
}

contract ClaimsGasTest is ClaimsSetup {
    function test_gas_claim() public {
        sealNow();
        claim(0);
        address owner = ownerOf(1);
        address recipient = recipientOf(1);
        bytes32[] memory proof = proofOf(1);
        vm.cool(address(claims));
        vm.cool(address(credits));
        claims.claim(1, owner, recipient, amountOf(1), proof);
        assertLe(vm.snapshotGasLastCall("claim of one of 7 entries"), 120_000, "claim");
    }
}
