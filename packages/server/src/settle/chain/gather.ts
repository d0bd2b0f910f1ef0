import { type Hex, TallyError } from '@tallystick/core';
import type { Rpc } from './node.ts';
import { NodeError } from './node-error.ts';
import type { Ranges } from './ranges.ts';
import { type Block, type BlockTag, blockThere, logsOfBlock, type RawLog, readBlock } from './reads.ts';

/** A block that is not final yet, with its logs. */
export type RecentBlock = { readonly number: bigint; readonly hash: Hex; readonly parentHash: Hex; readonly logs: readonly RawLog[] };

export type Finality = {
  /** Blocks on top of a block until it is final. */
  readonly depthBlocks: number;
  /** What the chain itself holds to be safe must reach it too; null where the chain has no such notion. */
  readonly tag: Extract<BlockTag, 'safe' | 'finalized'> | null;
  /** The one node is the chain itself: a head below what is final is no node that lags, but a chain that lost its end. */
  readonly canLoseEnd?: boolean;
};

/** Where the watcher stands: `hash` is null before the first block. */
export type Anchor = { readonly number: bigint; readonly hash: Hex | null };

export type Position = { readonly anchor: Anchor; readonly recent: readonly RecentBlock[] };

export type Gathered =
  /** Blocks that are final already. */
  | {
      readonly kind: 'range';
      readonly from: bigint;
      readonly to: bigint;
      readonly hash: Hex;
      readonly logs: readonly RawLog[];
      readonly head: bigint;
    }
  /** Recent blocks after `keep` are orphaned; these follow it instead. */
  | {
      readonly kind: 'blocks';
      readonly keep: bigint;
      readonly blocks: readonly RecentBlock[];
      readonly finalTo: bigint;
      readonly head: bigint;
    };

export type GatherOptions = {
  readonly addresses: readonly Hex[];
  readonly finality: Finality;
  readonly ranges: Ranges;
  readonly blocksMax: number;
};

/** Reads what comes next, from one node, and changes nothing: it may be done again on another. */
export async function gather(rpc: Rpc, position: Position, options: GatherOptions): Promise<Gathered> {
  const { anchor, recent } = position;
  const head = await blockThere(rpc, 'latest');
  const finalTo = await finalBlock(rpc, head, options.finality);
  const keep = await forkPoint(rpc, position, head);
  if (keep === anchor.number) await checkAnchor(rpc, anchor, head, options.finality);
  // A head below the blocks that stand: the node lags, and what it will say of them is not known yet.
  if (recent.length > 0 && keep === head.number)
    return { kind: 'blocks', keep: (recent.at(-1) as RecentBlock).number, blocks: [], finalTo, head: head.number };
  if (keep === anchor.number && recent.length === 0 && finalTo > anchor.number) {
    const read = await options.ranges.read(rpc, options.addresses, anchor.number + 1n, finalTo);
    const { hash } = await blockThere(rpc, read.to);
    return { kind: 'range', from: anchor.number + 1n, to: read.to, hash, logs: read.logs, head: head.number };
  }
  const parent = keep === anchor.number ? anchor.hash : (recent.find(({ number }) => number === keep)?.hash ?? null);
  const blocks = await readBlocks(rpc, { number: keep, hash: parent }, head, options);
  return { kind: 'blocks', keep, blocks, finalTo, head: head.number };
}

async function finalBlock(rpc: Rpc, head: Block, { depthBlocks, tag }: Finality): Promise<bigint> {
  const deep = head.number - BigInt(depthBlocks);
  if (tag === null) return deep;
  // Young chains have no safe block: nothing is final then. Some nodes say so with null, geth with an error.
  const safe = await readBlock(rpc, tag).catch((error: unknown) => {
    if (error instanceof NodeError && error.rpcCode !== null) return null;
    throw error;
  });
  if (safe === null) return -1n;
  return safe.number < deep ? safe.number : deep;
}

/** @returns the highest block of ours that the node has as well; the anchor's number where it has none of the recent ones. */
async function forkPoint(rpc: Rpc, { anchor, recent }: Position, head: Block): Promise<bigint> {
  for (let i = recent.length - 1; i >= 0; i -= 1) {
    const ours = recent[i] as RecentBlock;
    if (ours.number > head.number) continue;
    const theirs = ours.number === head.number ? head : await readBlock(rpc, ours.number);
    if (theirs?.hash === ours.hash) return ours.number;
  }
  return anchor.number;
}

/** One node alone may be on another fork or behind; where all say so, it is the chain. */
async function checkAnchor(rpc: Rpc, { number, hash }: Anchor, head: Block, { canLoseEnd }: Finality): Promise<void> {
  if (hash === null) return;
  const isBelow = head.number < number;
  const theirs = isBelow ? null : await readBlock(rpc, number);
  if (theirs?.hash === hash) return;
  const facts = { block: Number(number) };
  // A node that lags by that much is asked again later, not believed.
  const verdict =
    theirs !== null || (isBelow && canLoseEnd === true)
      ? new TallyError('CHAIN_REORG_TOO_DEEP', undefined, facts)
      : new TallyError('CHAIN_UNREACHABLE', 'The node is behind what is final already.', facts);
  throw new NodeError('node', 'eth_getBlockByNumber', { words: 'another fork', verdict });
}

/** Each follows the one before by its parent's hash. Where the chain changes in between, the rest is left to the next time. */
async function readBlocks(rpc: Rpc, from: Anchor, head: Block, { addresses, blocksMax }: GatherOptions): Promise<readonly RecentBlock[]> {
  const blocks: RecentBlock[] = [];
  let { hash } = from;
  const to = from.number + BigInt(blocksMax) < head.number ? from.number + BigInt(blocksMax) : head.number;
  for (let number = from.number + 1n; number <= to; number += 1n) {
    const block = number === head.number ? head : await readBlock(rpc, number);
    if (block === null || (hash !== null && block.parentHash !== hash)) break;
    const logs = await logsOfBlock(rpc, addresses, block);
    blocks.push({ number, hash: block.hash, parentHash: block.parentHash, logs });
    hash = block.hash;
  }
  return blocks;
}
