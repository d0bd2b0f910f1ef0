import { typeHash } from '../crypto/eip712.ts';
import { Packer } from '../crypto/packer.ts';
import type { Hex } from './types.ts';

/** The payer's cumulative promise: the payee may claim up to `maxClaimableAmount` (credit base units) of the channel, ever. */
export type Voucher = { readonly channelId: Hex; readonly maxClaimableAmount: bigint };
/** The payee's cumulative claim on a channel, with the evidence behind it. */
export type UsageClaim = {
  readonly channelId: Hex;
  readonly totalClaimed: bigint;
  readonly receiptCount: bigint;
  readonly receiptsRoot: Hex;
};
/** What oracles attest and `UsageReceipts` posts: one root over consecutive receipts of a lane. `total` in credit base units. */
export type Batch = {
  readonly root: Hex;
  readonly dataHash: Hex;
  readonly epoch: bigint;
  readonly count: number;
  readonly total: bigint;
  readonly laneId: Hex;
  readonly seqFrom: bigint;
  readonly seqTo: bigint;
};

export const VOUCHER_TYPE = 'Voucher(bytes32 channelId,uint128 maxClaimableAmount)';
export const USAGE_CLAIM_TYPE = 'UsageClaim(bytes32 channelId,uint128 totalClaimed,uint64 receiptCount,bytes32 receiptsRoot)';
export const BATCH_TYPE =
  'Batch(bytes32 root,bytes32 dataHash,uint64 epoch,uint32 count,uint128 total,bytes32 laneId,uint64 seqFrom,uint64 seqTo)';
const VOUCHER_TYPE_HASH = typeHash(VOUCHER_TYPE);
const USAGE_CLAIM_TYPE_HASH = typeHash(USAGE_CLAIM_TYPE);
const BATCH_TYPE_HASH = typeHash(BATCH_TYPE);

/** @returns the EIP-712 struct hash. @throws TallyError INPUT_INVALID */
export function voucherHash(voucher: Voucher): Hex {
  return new Packer(3 * 32)
    .bytes32(VOUCHER_TYPE_HASH, 'voucher type')
    .bytes32(voucher.channelId, 'channelId')
    .word(128, voucher.maxClaimableAmount, 'maxClaimableAmount')
    .keccak();
}

/** @returns the EIP-712 struct hash. @throws TallyError INPUT_INVALID */
export function usageClaimHash(claim: UsageClaim): Hex {
  return new Packer(5 * 32)
    .bytes32(USAGE_CLAIM_TYPE_HASH, 'claim type')
    .bytes32(claim.channelId, 'channelId')
    .word(128, claim.totalClaimed, 'totalClaimed')
    .word(64, claim.receiptCount, 'receiptCount')
    .bytes32(claim.receiptsRoot, 'receiptsRoot')
    .keccak();
}

/** @returns the EIP-712 struct hash. @throws TallyError INPUT_INVALID */
export function batchHash(batch: Batch): Hex {
  return new Packer(9 * 32)
    .bytes32(BATCH_TYPE_HASH, 'batch type')
    .bytes32(batch.root, 'root')
    .bytes32(batch.dataHash, 'dataHash')
    .word(64, batch.epoch, 'epoch')
    .word(32, batch.count, 'count')
    .word(128, batch.total, 'total')
    .bytes32(batch.laneId, 'laneId')
    .word(64, batch.seqFrom, 'seqFrom')
    .word(64, batch.seqTo, 'seqTo')
    .keccak();
}
