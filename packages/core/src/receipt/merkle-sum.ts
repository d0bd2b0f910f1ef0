import { checkUint, Packer } from '../crypto/packer.ts';
import { TallyError } from '../errors.ts';
import type { Hex } from './types.ts';

/** A node of the tree: its hash and the sum of the amounts below it (uint128, credit base units). */
export type SumNode = { readonly hash: Hex; readonly sum: bigint };
export type SumLeaf = { readonly receiptHash: Hex; readonly amount: bigint };

/** What the root commits to. Leaf i is the receipt with seq = seqFrom + i. */
export type SumRoot = {
  readonly root: Hex;
  readonly total: bigint;
  readonly count: number;
  readonly laneId: Hex;
  readonly seqFrom: bigint;
};

/** `levels[0]` are the leaves, the last level is the single top node. */
export type SumTree = SumRoot & { readonly top: Hex; readonly levels: readonly (readonly SumNode[])[] };

/** The first byte of every preimage: leaf, inner node and root can never be taken for each other. */
const LEAF = 0;
const NODE = 1;
const ROOT = 2;
const UINT64_MAX = 2n ** 64n - 1n;

/** keccak-256(0x00 ‖ receiptHash ‖ u128 amount). @throws TallyError INPUT_INVALID */
export function sumLeaf(leaf: SumLeaf): SumNode {
  const hash = new Packer(49).tight(8, LEAF, 'tag').bytes32(leaf.receiptHash, 'receiptHash').tight(128, leaf.amount, 'amount').keccak();
  return { hash, sum: leaf.amount };
}

/** keccak-256(0x01 ‖ L ‖ u128 sL ‖ R ‖ u128 sR), sum checked to stay a uint128. @throws TallyError INPUT_INVALID */
export function sumNode(left: SumNode, right: SumNode): SumNode {
  const sum = checkUint(128, left.sum + right.sum, 'sum');
  const hash = new Packer(97)
    .tight(8, NODE, 'tag')
    .bytes32(left.hash, 'left.hash')
    .tight(128, left.sum, 'left.sum')
    .bytes32(right.hash, 'right.hash')
    .tight(128, right.sum, 'right.sum')
    .keccak();
  return { hash, sum };
}

/** keccak-256(0x02 ‖ top ‖ u128 sum ‖ u32 count ‖ laneId ‖ u64 seqFrom). @throws TallyError INPUT_INVALID */
export function sumRoot(top: SumNode, count: number, laneId: Hex, seqFrom: bigint): Hex {
  checkRange(count, seqFrom);
  return new Packer(93)
    .tight(8, ROOT, 'tag')
    .bytes32(top.hash, 'top')
    .tight(128, top.sum, 'sum')
    .tight(32, count, 'count')
    .bytes32(laneId, 'laneId')
    .tight(64, seqFrom, 'seqFrom')
    .keccak();
}

/**
 * Builds the Merkle-sum tree over consecutive receipts of one lane, in lane order. An odd node is promoted as it is, never duplicated:
 * a duplicate would count its amount twice and let two different lists have one root.
 * @throws TallyError INPUT_INVALID where there is no leaf, a sum leaves uint128, or the last seq leaves uint64.
 */
export function buildSumTree(laneId: Hex, seqFrom: bigint, leaves: readonly SumLeaf[]): SumTree {
  checkRange(leaves.length, seqFrom);
  let level: readonly SumNode[] = leaves.map(sumLeaf);
  const levels = [level];
  while (level.length > 1) {
    level = parents(level);
    levels.push(level);
  }
  const top = level[0] as SumNode;
  const count = leaves.length;
  return { root: sumRoot(top, count, laneId, seqFrom), top: top.hash, total: top.sum, count, laneId, seqFrom, levels };
}

function parents(level: readonly SumNode[]): readonly SumNode[] {
  const above: SumNode[] = [];
  for (let i = 0; i < level.length; i += 2) {
    const left = level[i] as SumNode;
    const right = level[i + 1];
    above.push(right === undefined ? left : sumNode(left, right));
  }
  return above;
}

function checkRange(count: number, seqFrom: bigint): void {
  if (count < 1) throw new TallyError('INPUT_INVALID', 'A tree has at least one leaf.', { count });
  if (checkUint(64, seqFrom, 'seqFrom') + checkUint(32, count, 'count') - 1n > UINT64_MAX) {
    throw new TallyError('INPUT_INVALID', 'The last seq of a tree must be a uint64.', { count });
  }
}
