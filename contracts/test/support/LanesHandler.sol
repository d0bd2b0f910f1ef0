// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IUsageReceipts} from "../../src/interfaces/IUsageReceipts.sol";
import {Batch, ReceiptGroup} from "../../src/libraries/ReceiptTypes.sol";
import {UsageReceipts} from "../../src/receipts/UsageReceipts.sol";
import {ReceiptHashHarness} from "./ReceiptHashHarness.sol";
import {ReceiptTree} from "./ReceiptTree.sol";
import {Test} from "./Test.sol";

/// @notice Everybody who may touch a lane, at random: gateways, oracles, provers, strangers, time. Keeps its own books beside the contract's.
contract LanesHandler is Test {
    /// @dev `signer` whose signature it was posted by.
    struct Posted {
        uint64 from;
        uint64 to;
        uint128 total;
        uint64 finalAt;
        bool faulty;
        uint256 finals;
        address signer;
    }

    bytes32 private constant GATEWAY = keccak256("a gateway of many lanes");
    uint64 private constant WINDOW = 86_400;
    uint256 private constant KEYS = 50;

    ReceiptHashHarness private harness = new ReceiptHashHarness();
    UsageReceipts private receipts;
    address private operator;
    address private prover;

    bytes32[] public lanes;
    mapping(bytes32 laneId => Posted[]) private _posted;
    mapping(bytes32 laneId => bool) public isClosed;
    mapping(address signer => uint256 key) private _keyOf;
    /// @notice What should never have gone through.
    uint256 public wrongs;
    uint256 public finalised;
    uint256 public marked;
    uint256 public refusedWords;

    constructor(UsageReceipts receipts_, address operator_, address prover_) {
        (receipts, operator, prover) = (receipts_, operator_, prover_);
        register(0);
    }

    function postedOf(bytes32 laneId) external view returns (Posted[] memory) {
        return _posted[laneId];
    }

    function laneCount() external view returns (uint256) {
        return lanes.length;
    }

    /// @notice A new lane where fewer than three are open.
    function register(uint256 seed) public {
        uint256 open = 0;
        for (uint256 i = 0; i < lanes.length; i++) {
            if (!isClosed[lanes[i]]) open++;
        }
        if (open >= 3) return;
        vm.prank(operator);
        lanes.push(receipts.registerLane(GATEWAY, uint32(lanes.length), _signer(seed), seed % 2 == 0));
    }

    function post(uint256 laneSeed, uint32 count, uint128 total) external {
        bytes32 laneId = _lane(laneSeed);
        if (isClosed[laneId]) return register(laneSeed);
        uint64 from = receipts.laneOf(laneId).nextSeq;
        IUsageReceipts.SignerRange memory range = _rangeAt(laneId, from);
        count = uint32(bound(count, 1, range.to - from >= 20_000 ? 20_000 : range.to - from + 1));
        this.send(laneId, from, count, total, _keyOf[range.signer]);
        _posted[laneId].push(Posted(from, from + count - 1, total, uint64(block.timestamp) + WINDOW, false, 0, range.signer));
    }

    /// @notice In its place and attested, and signed by another key than the one that is valid for all of it, or by none that is.
    function postUnsigned(uint256 laneSeed, uint32 count, uint256 key) external {
        bytes32 laneId = _lane(laneSeed);
        if (isClosed[laneId]) return;
        count = uint32(bound(count, 1, 50_000));
        uint64 from = receipts.laneOf(laneId).nextSeq;
        IUsageReceipts.SignerRange memory range = _rangeAt(laneId, from);
        // One time in two by the key that is valid for the first receipt, which must not be enough beyond its range.
        key = key % 2 == 0 ? _keyOf[range.signer] : 1 + (key / 2) % KEYS;
        if (vm.addr(key) == range.signer && from + count - 1 <= range.to) return;
        try this.send(laneId, from, count, 0, key) {
            wrongs++;
        } catch {
            refusedWords++;
        }
    }

    /// @notice At a place that is not the next: a gap, an overlap, a batch once more, on open lanes and closed ones.
    function postElsewhere(uint256 laneSeed, uint64 from, uint32 count) external {
        bytes32 laneId = _lane(laneSeed);
        uint64 next = receipts.laneOf(laneId).nextSeq;
        from = uint64(bound(from, next < 50_000 ? 0 : next - 50_000, uint256(next) + 50_000));
        count = uint32(bound(count, 1, 20_000));
        if (from == next && !isClosed[laneId]) return;
        try this.send(laneId, from, count, 0, _keyAt(laneId, from)) {
            wrongs++;
        } catch {}
    }

    function send(bytes32 laneId, uint64 from, uint32 count, uint128 total, uint256 key) external {
        bytes32 top = keccak256(abi.encode(laneId, from, count, total));
        bytes32 root = ReceiptTree.rootOf(top, total, count, laneId, from);
        Batch memory batch = Batch(root, keccak256("data"), 1, count, total, laneId, from, from + count - 1);
        bytes32 group = harness.hashGroup(ReceiptGroup(root, count, total, laneId, from, batch.seqTo));
        bytes memory signature = signed(key, harness.digest(group, address(receipts)));
        receipts.post(batch, top, signature, abi.encode(receipts.digestOf(batch), 1, 7));
    }

    function rotate(uint256 laneSeed, uint256 key, uint64 from) external {
        bytes32 laneId = _lane(laneSeed);
        if (isClosed[laneId]) return;
        IUsageReceipts.SignerRange[] memory ranges = receipts.signersOf(laneId);
        uint64 earliest = ranges[ranges.length - 1].from + 1;
        uint64 next = receipts.laneOf(laneId).nextSeq;
        if (next > earliest) earliest = next;
        vm.startPrank(operator);
        receipts.rotateSigner(laneId, _signer(key), uint64(bound(from, earliest, uint256(earliest) + 30_000)));
        try receipts.rotateSigner(laneId, address(1), uint64(bound(from, 0, earliest - 1))) {
            wrongs++;
        } catch {}
        vm.stopPrank();
    }

    function finalise(uint256 laneSeed, uint256 batchSeed) external {
        bytes32 laneId = _lane(laneSeed);
        if (_posted[laneId].length == 0) return;
        Posted storage posted = _posted[laneId][batchSeed % _posted[laneId].length];
        bool may = block.timestamp >= posted.finalAt && !posted.faulty && posted.finals == 0;
        try receipts.finalise(laneId, posted.from) {
            if (!may) wrongs++;
            posted.finals++;
            finalised++;
        } catch {
            if (may) wrongs++;
        }
    }

    /// @dev One call in four proves a fault, so that lanes live long enough.
    function prove(uint256 laneSeed, uint256 batchSeed) external {
        bytes32 laneId = _lane(laneSeed);
        if (batchSeed % 4 != 0 || _posted[laneId].length == 0) return;
        Posted storage posted = _posted[laneId][(batchSeed / 4) % _posted[laneId].length];
        bool may = !posted.faulty && posted.finals == 0;
        vm.prank(prover);
        try receipts.markFaulty(laneId, posted.from) {
            if (!may) wrongs++;
            posted.faulty = true;
            marked++;
            isClosed[laneId] = true;
        } catch {
            if (may) wrongs++;
        }
    }

    function close(uint256 laneSeed, uint256 who) external {
        bytes32 laneId = _lane(laneSeed);
        if (who % 8 > 1 || isClosed[laneId]) return;
        isClosed[laneId] = true;
        vm.prank(who % 8 == 0 ? operator : prover);
        if (who % 8 == 0) receipts.closeLane(laneId);
        else receipts.closeFaulty(laneId);
    }

    /// @notice Strangers gain nothing anywhere.
    function intrude(uint256 laneSeed, uint256 batchSeed, address who) external {
        if (who == operator || who == prover) return;
        bytes32 laneId = _lane(laneSeed);
        uint64 from = _posted[laneId].length == 0 ? 1 : _posted[laneId][batchSeed % _posted[laneId].length].from;
        vm.startPrank(who);
        try receipts.markFaulty(laneId, from) {
            wrongs++;
        } catch {}
        try receipts.closeFaulty(laneId) {
            wrongs++;
        } catch {}
        try receipts.closeLane(laneId) {
            wrongs++;
        } catch {}
        try receipts.rotateSigner(laneId, who, type(uint64).max) {
            wrongs++;
        } catch {}
        try receipts.registerLane(GATEWAY, type(uint32).max, who, false) {
            wrongs++;
        } catch {}
        vm.stopPrank();
    }

    function pass(uint256 time) external {
        vm.warp(block.timestamp + bound(time, 1, WINDOW));
    }

    function _signer(uint256 seed) private returns (address signer) {
        uint256 key = 1 + seed % KEYS;
        signer = vm.addr(key);
        _keyOf[signer] = key;
    }

    function _rangeAt(bytes32 laneId, uint64 seq) private view returns (IUsageReceipts.SignerRange memory range) {
        IUsageReceipts.SignerRange[] memory ranges = receipts.signersOf(laneId);
        for (uint256 i = 0; i < ranges.length; i++) {
            if (ranges[i].from <= seq && seq <= ranges[i].to) return ranges[i];
        }
    }

    /// @dev Of the seq 0 there is none; any will do.
    function _keyAt(bytes32 laneId, uint64 seq) private view returns (uint256) {
        return seq == 0 ? 1 : _keyOf[receipts.signerAt(laneId, seq)];
    }

    function _lane(uint256 seed) private view returns (bytes32) {
        return lanes[seed % lanes.length];
    }
}
