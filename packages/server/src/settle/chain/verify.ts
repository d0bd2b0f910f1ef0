import type { ChainBooks } from '@tallystick/core';
import { type Contracts, plain } from './contracts.ts';
import type { Anchor } from './gather.ts';
import type { Rpc } from './node.ts';
import { NodeError } from './node-error.ts';
import type { Nodes } from './nodes.ts';
import { blockThere } from './reads.ts';
import { moneyChecks } from './verify-money.ts';
import { otherChecks } from './verify-others.ts';
import { workChecks } from './verify-work.ts';

/** One figure of the books, and the view that must say the same. */
export type Check = {
  readonly what: string;
  /** The row that it is of; nothing or a word where it is one figure of the whole. */
  readonly key: string;
  readonly expected: unknown;
  readonly read: (rpc: Rpc, block: bigint) => Promise<unknown>;
};

export type Difference = { readonly what: string; readonly key: string; readonly books: string; readonly chain: string };

export type Verdict = {
  readonly block: bigint;
  readonly checked: number;
  /** The first of them. */
  readonly differences: readonly Difference[];
  readonly differenceCount: number;
};

/** `whole`: the figures that no row has (supply, owed, versions …), some twenty questions whatever the books hold. */
export type Extent = 'all' | 'whole';

const CONCURRENT = 8;
const DIFFERENCES_MAX = 100;

/**
 * Compares the books with the contracts' own views at the block that the books stand at, unit for unit: every account, channel, lane, stake …,
 * one view each. So it is for now and then, not for each block; the node must still have the state of that block.
 * @param at the block of the books; its hash must be the node's, or they are of different chains.
 * @throws TallyError CHAIN_UNREACHABLE
 */
export function verifyBooks(nodes: Nodes, contracts: Contracts, books: ChainBooks, at: Anchor, extent: Extent = 'all'): Promise<Verdict> {
  const all = [...moneyChecks(contracts, books), ...workChecks(contracts, books), ...otherChecks(contracts, books)];
  const checks = extent === 'all' ? all : all.filter(({ key }) => /^[a-z]*$/.test(key));
  return nodes.use(async (rpc) => {
    const there = await blockThere(rpc, at.number);
    if (at.hash !== null && there.hash !== at.hash) throw new NodeError('node', 'eth_getBlockByNumber', { words: 'another block' });
    const differences: Difference[] = [];
    let count = 0;
    let next = 0;
    const work = async () => {
      for (let check = checks[next++]; check !== undefined; check = checks[next++]) {
        const [ours, theirs] = [text(check.expected), text(plain(await check.read(rpc, at.number)))];
        if (ours === theirs) continue;
        count += 1;
        if (differences.length < DIFFERENCES_MAX) differences.push({ what: check.what, key: check.key, books: ours, chain: theirs });
      }
    };
    await Promise.all(Array.from({ length: CONCURRENT }, work));
    return { block: at.number, checked: checks.length, differences, differenceCount: count };
  });
}

/** Fields in one order, so that two values of the same content have one text. */
function text(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => {
    if (typeof each === 'bigint') return each.toString();
    if (typeof each !== 'object' || each === null || Array.isArray(each)) return each;
    return Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
