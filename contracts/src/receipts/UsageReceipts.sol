// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IParamGovernor} from "../interfaces/IParamGovernor.sol";
import {IProviderRegistry} from "../interfaces/IProviderRegistry.sol";
import {IQuorumVerifier} from "../interfaces/IQuorumVerifier.sol";
import {IUsageReceipts} from "../interfaces/IUsageReceipts.sol";
import {Params} from "../libraries/Params.sol";
import {ReceiptHash} from "../libraries/ReceiptHash.sol";
import {Batch, SumNode} from "../libraries/ReceiptTypes.sol";
import {SumTree} from "../libraries/SumTree.sol";
import {TallyDomain} from "../libraries/TallyDomain.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @title Evidence: roots over receipts
/// @dev Holds no value and only reads other modules, which are fixed at construction, so nothing here needs a guard against reentrancy.
contract UsageReceipts is IUsageReceipts, TallyDomain {
    /// @dev A signer's range in one slot; it ends where the next begins.
    struct Key {
        address signer;
        uint64 from;
    }

    uint64 private constant ROTATE_AHEAD_MAX = 2 ** 32;

    IParamGovernor public immutable governor;
    IProviderRegistry public immutable registry;
    IQuorumVerifier public immutable quorum;
    /// @notice The only contract that may stop a batch or a lane.
    address public immutable prover;

    mapping(bytes32 laneId => Lane) private _lanes;
    mapping(bytes32 laneId => Key[]) private _keys;
    mapping(bytes32 batchId => Posted) private _batches;
    /// @inheritdoc IUsageReceipts
    mapping(bytes32 laneId => mapping(address signer => bool)) public isSigner;

    modifier onlyProver() {
        if (msg.sender != prover) revert OnlyProver(msg.sender);
        _;
    }

    constructor(IParamGovernor governor_, IProviderRegistry registry_, IQuorumVerifier quorum_, address prover_) {
        if (address(governor_) == address(0) || address(registry_) == address(0)) revert ZeroAddress();
        if (address(quorum_) == address(0) || prover_ == address(0)) revert ZeroAddress();
        (governor, registry, quorum, prover) = (governor_, registry_, quorum_, prover_);
    }

    /// @inheritdoc IUsageReceipts
    function laneIdOf(bytes32 gatewayId, uint32 index) public view returns (bytes32) {
        return ReceiptHash.laneId(block.chainid, address(this), gatewayId, index);
    }

    /// @inheritdoc IUsageReceipts
    function batchIdOf(bytes32 laneId, uint64 seqFrom) public pure returns (bytes32) {
        return keccak256(abi.encode(laneId, seqFrom));
    }

    /// @inheritdoc IUsageReceipts
    function digestOf(Batch calldata batch) public view returns (bytes32) {
        return _hashTypedDataV4(ReceiptHash.hashBatch(batch));
    }

    /// @inheritdoc IUsageReceipts
    function laneOf(bytes32 laneId) external view returns (Lane memory) {
        return _lanes[laneId];
    }

    /// @inheritdoc IUsageReceipts
    function postedOf(bytes32 batchId) external view returns (Posted memory) {
        return _batches[batchId];
    }

    /// @inheritdoc IUsageReceipts
    function signerAt(bytes32 laneId, uint64 seq) external view returns (address) {
        Key[] storage keys = _keys[laneId];
        uint256 begun = _begunAt(keys, seq);
        return begun == 0 ? address(0) : keys[begun - 1].signer;
    }

    /// @inheritdoc IUsageReceipts
    function signersOf(bytes32 laneId) external view returns (SignerRange[] memory ranges) {
        Key[] storage keys = _keys[laneId];
        ranges = new SignerRange[](keys.length);
        for (uint256 i = 0; i < keys.length; i++) {
            uint64 to = i + 1 == keys.length ? type(uint64).max : keys[i + 1].from - 1;
            ranges[i] = SignerRange(keys[i].signer, keys[i].from, to);
        }
    }

    /// @inheritdoc IUsageReceipts
    function includes(bytes32 laneId, uint64 seqFrom, bytes32 receiptHash, uint128 amount, uint32 index, SumNode[] calldata path)
        external
        view
        returns (bool)
    {
        Posted storage batch = _batches[batchIdOf(laneId, seqFrom)];
        // A batch that was never posted has the count 0, and with it no leaf.
        SumTree.Root memory tree = SumTree.Root(batch.root, batch.total, batch.count, laneId, seqFrom);
        return SumTree.verify(tree, receiptHash, amount, index, path);
    }

    /// @inheritdoc IUsageReceipts
    function registerLane(bytes32 gatewayId, uint32 index, address signer, bool perReceiptMint) external returns (bytes32 laneId) {
        governor.requireEntry();
        _requireGateway(gatewayId);
        if (signer == address(0)) revert ZeroAddress();
        laneId = laneIdOf(gatewayId, index);
        if (_lanes[laneId].nextSeq != 0) revert LaneExists(laneId);
        // Whether the gateway is active and staked is not asked: a stake can leave after the lane is registered as well. What its receipts are worth is asked where money moves.
        _lanes[laneId] = Lane(gatewayId, index, 1, false, perReceiptMint);
        _keys[laneId].push(Key(signer, 1));
        isSigner[laneId][signer] = true;
        emit LaneRegistered(laneId, gatewayId, index, signer, perReceiptMint);
    }

    /// @inheritdoc IUsageReceipts
    function rotateSigner(bytes32 laneId, address signer, uint64 from) external {
        Lane storage lane = _requireOpen(laneId);
        _requireGateway(lane.gatewayId);
        if (signer == address(0)) revert ZeroAddress();
        Key[] storage keys = _keys[laneId];
        uint64 earliest = keys[keys.length - 1].from + 1;
        if (lane.nextSeq > earliest) earliest = lane.nextSeq;
        if (from < earliest) revert RangeInThePast(from, earliest);
        // By mistake at the end of all seqs, it would be the lane's last key.
        if (from - earliest > ROTATE_AHEAD_MAX) revert RangeTooFar(from, earliest + ROTATE_AHEAD_MAX);
        // The same key may come again: it is then valid in both its ranges.
        keys.push(Key(signer, from));
        isSigner[laneId][signer] = true;
        emit SignerRotated(laneId, signer, from);
    }

    /// @inheritdoc IUsageReceipts
    function closeLane(bytes32 laneId) external {
        Lane storage lane = _requireOpen(laneId);
        _requireGateway(lane.gatewayId);
        _close(laneId, lane);
    }

    /// @inheritdoc IUsageReceipts
    function post(Batch calldata batch, bytes32 top, bytes calldata gatewaySignature, bytes calldata attestation)
        external
        returns (bytes32 batchId)
    {
        Lane storage lane = _requireOpen(batch.laneId);
        // Neither a pause nor the gateway's status is asked: evidence of what was served is evidence still when its gateway was suspended, retired or left without stake.
        if (batch.seqFrom != lane.nextSeq) revert NotContiguous(batch.laneId, batch.seqFrom, lane.nextSeq);
        if (batch.count == 0 || uint256(batch.seqTo) + 1 != uint256(batch.seqFrom) + batch.count) revert CountMismatch();
        // Gateway and oracles sign the root; that it is a root over this total, count, lane and place is left to neither.
        if (SumTree.root(top, batch.total, batch.count, batch.laneId, batch.seqFrom) != batch.root) revert RootMismatch();
        _requireSigned(batch, gatewaySignature);
        quorum.verify(digestOf(batch), batch.epoch, attestation);

        uint64 finalAt = uint64(block.timestamp + governor.get(Params.DISPUTE_WINDOW));
        batchId = batchIdOf(batch.laneId, batch.seqFrom);
        // That no batch is there is not checked: seqs only rise, so none can begin here a second time. The last seq of all (2^64 − 1) can never be posted, for want of a next.
        lane.nextSeq = batch.seqTo + 1;
        _batches[batchId] = Posted(batch.root, batch.total, batch.count, finalAt, State.Posted);
        _emitPosted(batchId, batch, finalAt);
    }

    /// @inheritdoc IUsageReceipts
    function finalise(bytes32 laneId, uint64 seqFrom) external {
        bytes32 batchId = batchIdOf(laneId, seqFrom);
        Posted storage batch = _requirePosted(batchId);
        if (block.timestamp < batch.finalAt) revert TooEarly(batch.finalAt);
        batch.state = State.Final;
        emit BatchFinal(batchId, laneId, seqFrom + batch.count - 1);
    }

    /// @inheritdoc IUsageReceipts
    function markFaulty(bytes32 laneId, uint64 seqFrom) external onlyProver {
        bytes32 batchId = batchIdOf(laneId, seqFrom);
        // The window may be over: until somebody has made it final, a proof still stops it.
        _requirePosted(batchId).state = State.Faulty;
        emit BatchFaulty(batchId, laneId);
        if (!_lanes[laneId].closed) _close(laneId, _lanes[laneId]);
    }

    /// @inheritdoc IUsageReceipts
    function closeFaulty(bytes32 laneId) external onlyProver {
        _close(laneId, _requireOpen(laneId));
    }

    function _close(bytes32 laneId, Lane storage lane) private {
        lane.closed = true;
        emit LaneWasClosed(laneId, lane.nextSeq);
    }

    /// @dev A quorum alone is not enough: it could post receipts that the gateway never wrote, and have it slashed for them.
    function _requireSigned(Batch calldata batch, bytes calldata signature) private view {
        Key[] storage keys = _keys[batch.laneId];
        // At least one has: a lane's first key begins at 1, and so do its batches.
        uint256 begun = _begunAt(keys, batch.seqFrom);
        // By range, not by signer: a key that came again is the signer at both ends of a batch in which another key's range lies.
        bool spans = begun < keys.length && keys[begun].from <= batch.seqTo;
        // Recovered, never asked of the signer's account, as where faults are proven: a signature must bind here and there, or nowhere. That it failed is not asked: no signer is zero.
        (address key,,) = ECDSA.tryRecoverCalldata(_hashTypedDataV4(ReceiptHash.hashGroupOf(batch)), signature);
        if (spans || key != keys[begun - 1].signer) revert NotSignedByGateway(batch.laneId);
    }

    /// @return low the number of keys that begin at `seq` or before, by halving: a lane that rotates often must not make its faults dear to prove.
    function _begunAt(Key[] storage keys, uint64 seq) private view returns (uint256 low) {
        uint256 high = keys.length;
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (keys[middle].from <= seq) low = middle + 1;
            else high = middle;
        }
    }

    /// @dev Apart from `post`, whose stack it would not fit.
    function _emitPosted(bytes32 batchId, Batch calldata b, uint64 finalAt) private {
        emit BatchPosted(batchId, b.laneId, b.root, b.dataHash, b.epoch, b.count, b.total, b.seqFrom, b.seqTo, finalAt);
    }

    function _requireOpen(bytes32 laneId) private view returns (Lane storage lane) {
        lane = _lanes[laneId];
        if (lane.nextSeq == 0) revert LaneUnknown(laneId);
        if (lane.closed) revert LaneClosed(laneId);
    }

    function _requirePosted(bytes32 batchId) private view returns (Posted storage batch) {
        batch = _batches[batchId];
        if (batch.state != State.Posted) revert WrongState(batchId, batch.state);
    }

    function _requireGateway(bytes32 gatewayId) private view {
        if (registry.operatorOf(gatewayId) != msg.sender) revert NotGateway(msg.sender, gatewayId);
    }
}
