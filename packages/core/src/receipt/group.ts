import { typedDigest, typeHash } from '../crypto/eip712.ts';
import { checkUint, Packer } from '../crypto/packer.ts';
import { TallyError } from '../errors.ts';
import { leafAmount } from './leaf-amount.ts';
import { buildSumTree, type SumRoot, type SumTree } from './merkle-sum.ts';
import { receiptHash } from './receipt-hash.ts';
import type { Domain, Hex, Receipt } from './types.ts';

/** One commit group of a lane: what the gateway's signature covers. `seqTo` = `seqFrom` + `count` − 1. */
export type ReceiptGroup = SumRoot & { readonly seqTo: bigint };

/** The fields that it shares with the on-chain `Batch`, in the same order; a batch joins many groups. */
export const RECEIPT_GROUP_TYPE = 'ReceiptGroup(bytes32 root,uint32 count,uint128 total,bytes32 laneId,uint64 seqFrom,uint64 seqTo)';
const TYPE_HASH = typeHash(RECEIPT_GROUP_TYPE);

/**
 * The tree over a commit group.
 * @param receipts consecutive receipts of one lane, in lane order.
 * @throws TallyError INPUT_INVALID where they are not that.
 */
export function groupTree(receipts: readonly Receipt[]): SumTree {
  const first = receipts[0];
  if (first === undefined) throw new TallyError('INPUT_INVALID', 'A group has at least one receipt.');
  for (const [i, receipt] of receipts.entries()) {
    if (receipt.laneId !== first.laneId || receipt.seq !== first.seq + BigInt(i)) {
      throw new TallyError('INPUT_INVALID', 'A group is consecutive receipts of one lane.', { index: i });
    }
  }
  const leaves = receipts.map((receipt) => ({ receiptHash: receiptHash(receipt), amount: leafAmount(receipt) }));
  return buildSumTree(first.laneId, first.seq, leaves);
}

/** @returns what is signed of a tree. */
export function groupOf(tree: SumRoot): ReceiptGroup {
  const { root, total, count, laneId, seqFrom } = tree;
  return { root, total, count, laneId, seqFrom, seqTo: seqFrom + BigInt(count) - 1n };
}

/** @throws TallyError INPUT_INVALID on a field out of range, or where `seqTo` is not `seqFrom` + `count` − 1. */
export function groupHash(group: ReceiptGroup): Hex {
  checkUint(32, group.count, 'count');
  if (group.count < 1 || group.seqTo !== group.seqFrom + BigInt(group.count) - 1n) {
    throw new TallyError('INPUT_INVALID', 'seqTo must be seqFrom + count − 1.', { count: group.count });
  }
  return new Packer(7 * 32)
    .bytes32(TYPE_HASH, 'group type')
    .bytes32(group.root, 'root')
    .word(32, group.count, 'count')
    .word(128, group.total, 'total')
    .bytes32(group.laneId, 'laneId')
    .word(64, group.seqFrom, 'seqFrom')
    .word(64, group.seqTo, 'seqTo')
    .keccak();
}

/** What the gateway signs once per commit group. @throws TallyError INPUT_INVALID */
export function groupDigest(group: ReceiptGroup, domain: Domain): Hex {
  return typedDigest(domain, groupHash(group));
}
