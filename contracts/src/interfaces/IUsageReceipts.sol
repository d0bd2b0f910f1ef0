// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Batch, SumNode} from "../libraries/ReceiptTypes.sol";

/// @title Evidence: roots over receipts
/// @notice A lane is one gateway's log. Its batches follow each other without gap or overlap, signed by the gateway and attested by a quorum of oracles; a batch is posted, and final
/// after the dispute window that held when it was posted. A proven fault stops a lane at that batch.
interface IUsageReceipts {
    enum State {
        None,
        Posted,
        Final,
        /// A fault was proven against a receipt in it, before it was final.
        Faulty
    }

    /// @param nextSeq the first seq that is not posted. A lane begins at 1.
    /// @param closed no more batches.
    /// @param perReceiptMint declared at registration, for good: compute tokens are minted per receipt of this lane, and in no other way for its provider.
    struct Lane {
        bytes32 gatewayId;
        uint32 index;
        uint64 nextSeq;
        bool closed;
        bool perReceiptMint;
    }

    /// @notice A key that signs receipts of a lane with seq `from` … `to`, both included; `to` is the largest uint64 while it is the last.
    struct SignerRange {
        address signer;
        uint64 from;
        uint64 to;
    }

    /// @param finalAt Unix seconds from which it may be finalised.
    struct Posted {
        bytes32 root;
        uint128 total;
        uint32 count;
        uint64 finalAt;
        State state;
    }

    error NotGateway(address caller, bytes32 gatewayId);
    error LaneUnknown(bytes32 laneId);
    error LaneExists(bytes32 laneId);
    error LaneClosed(bytes32 laneId);
    /// @notice Batches of a lane follow each other: `expected` is the next seq.
    error NotContiguous(bytes32 laneId, uint64 given, uint64 expected);
    /// @notice `seqTo` must be `seqFrom + count − 1`, and count at least 1.
    error CountMismatch();
    /// @notice The root is not that of `top`, total, count, lane and seqFrom.
    error RootMismatch();
    /// @notice The signature is not by the key that is valid for the batch, or no one key's range holds all of the batch.
    error NotSignedByGateway(bytes32 laneId);
    error WrongState(bytes32 batchId, State state);
    error TooEarly(uint64 readyAt);
    /// @notice A signer's range begins at `earliest` or later: not at a seq that is posted, and after the beginning of the range before.
    error RangeInThePast(uint64 given, uint64 earliest);
    /// @notice A range that began there could hardly ever be followed by another.
    error RangeTooFar(uint64 given, uint64 latest);
    error OnlyProver(address caller);
    error ZeroAddress();

    event LaneRegistered(bytes32 indexed laneId, bytes32 indexed gatewayId, uint32 index, address signer, bool perReceiptMint);
    event SignerRotated(bytes32 indexed laneId, address indexed signer, uint64 from);
    event LaneWasClosed(bytes32 indexed laneId, uint64 nextSeq);
    /// @notice `dataHash` is what oracles serve the leaves by.
    event BatchPosted(
        bytes32 indexed batchId,
        bytes32 indexed laneId,
        bytes32 root,
        bytes32 dataHash,
        uint64 epoch,
        uint32 count,
        uint128 total,
        uint64 seqFrom,
        uint64 seqTo,
        uint64 finalAt
    );
    event BatchFinal(bytes32 indexed batchId, bytes32 indexed laneId, uint64 seqTo);
    event BatchFaulty(bytes32 indexed batchId, bytes32 indexed laneId);

    /// @return keccak256(abi.encode(chainId, this, gatewayId, index)).
    function laneIdOf(bytes32 gatewayId, uint32 index) external view returns (bytes32);
    /// @return keccak256(abi.encode(laneId, seqFrom)).
    function batchIdOf(bytes32 laneId, uint64 seqFrom) external pure returns (bytes32);
    /// @return the EIP-712 digest that oracles sign.
    function digestOf(Batch calldata batch) external view returns (bytes32);
    function laneOf(bytes32 laneId) external view returns (Lane memory);
    function postedOf(bytes32 batchId) external view returns (Posted memory);
    /// @return who may sign the receipt `seq` of the lane; zero where nobody may.
    function signerAt(bytes32 laneId, uint64 seq) external view returns (address);
    /// @return whether `signer` is or was a key of the lane, at whatever seq.
    function isSigner(bytes32 laneId, address signer) external view returns (bool);
    /// @return every range of the lane's signers, in order.
    function signersOf(bytes32 laneId) external view returns (SignerRange[] memory);
    /// @notice Whether leaf (`receiptHash`, `amount`) is number `index` of the batch that begins at `seqFrom`. False for whatever does not verify.
    /// It says what the posted root holds, whatever the batch's state: ask `postedOf` whether it is final. `amount` is 0 for a credit.
    function includes(bytes32 laneId, uint64 seqFrom, bytes32 receiptHash, uint128 amount, uint32 index, SumNode[] calldata path)
        external
        view
        returns (bool);

    /// @notice Registers a lane of the gateway `gatewayId`, which is the provider id of its operator, whose stake backs it. Only that operator. Entry.
    function registerLane(bytes32 gatewayId, uint32 index, address signer, bool perReceiptMint) external returns (bytes32 laneId);
    /// @notice The signer of the lane from `from` on, which must not be posted yet, nor more than 2^32 seqs ahead of what is
    /// posted and of the last range; the range before ends there. Only the gateway's operator.
    /// Choose `from` above every seq that the key before has signed, and let no commit group or batch span it: a signature for a seq outside its key's range is a fault,
    /// and a batch that spans a rotation is not taken.
    /// A range never disappears: a key that could be taken out again would leave what it signed without anybody to answer for it.
    function rotateSigner(bytes32 laneId, address signer, uint64 from) external;
    /// @notice No more batches. Only the gateway's operator.
    function closeLane(bytes32 laneId) external;
    /// @notice Posts a batch that the gateway signed and a quorum attests. Anyone: the two signatures are what counts. Evidence is never stopped by a pause.
    /// The gateway answers for the leaves by its own signature; the oracles answer for having checked them and for serving them. Neither can post without the other.
    /// @param top the tree's top node, from which the root is recomputed: root, total, count, lane and seq are bound together.
    /// @param gatewaySignature 65 bytes (r, s, v) over the EIP-712 digest of the batch's `ReceiptGroup` under this contract's domain, by the lane's key whose range holds all of the
    /// batch. Never asked of a contract (ERC-1271). The epoch and the data hash are the oracles' alone.
    function post(Batch calldata batch, bytes32 top, bytes calldata gatewaySignature, bytes calldata attestation)
        external
        returns (bytes32 batchId);
    /// @notice Makes the lane's batch that begins at `seqFrom` final. Anyone, once the dispute window is over. Batches of a closed lane that nothing was proven against become final too.
    function finalise(bytes32 laneId, uint64 seqFrom) external;
    /// @notice A fault is proven against a receipt of a posted batch: it can never be final, and its lane is closed. Only the prover of faults.
    function markFaulty(bytes32 laneId, uint64 seqFrom) external;
    /// @notice A fault is proven outside a batch that could be marked: the lane is closed. Only the prover of faults.
    function closeFaulty(bytes32 laneId) external;
}
