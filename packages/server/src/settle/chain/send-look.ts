import type { Hex } from '@tallystick/core';
import type { IntentState } from './intents.ts';
import type { Rpc } from './node.ts';
import { NodeError } from './node-error.ts';
import { type Block, blockThere, readBlock } from './reads.ts';
import { quantity, toBigint, toBlockNumber, toHexBytes, toObject } from './wire-values.ts';

export type Mined = { readonly hash: Hex; readonly block: bigint; readonly blockHash: Hex; readonly status: 'success' | 'reverted' };

/** What the chain says of one intent. */
export type Sight =
  | { readonly is: 'mined'; readonly mined: Mined; readonly confirmations: bigint }
  /** `isKnown`: the node has its latest version. `isNext`: nothing of this account stands before it. */
  | { readonly is: 'waiting'; readonly isKnown: boolean; readonly isNext: boolean }
  /** Another transaction has its nonce, and is so deep that it stays there. */
  | { readonly is: 'taken' };

/** Looks at open intents, all at one node. Changes nothing. */
export async function lookAt(
  rpc: Rpc,
  account: Hex,
  open: readonly IntentState[],
  takenDepth: number,
): Promise<{ readonly head: Block; readonly sights: readonly Sight[] }> {
  const head = await blockThere(rpc, 'latest');
  const count = await nonceAt(rpc, account, head.number);
  const sights: Sight[] = [];
  for (const state of open) {
    sights.push(count > state.nonce ? await past(rpc, account, state, head, takenDepth) : await ahead(rpc, state, count));
  }
  return { head, sights };
}

export async function nonceAt(rpc: Rpc, account: Hex, at: bigint | 'latest' | 'pending'): Promise<bigint> {
  return toBigint(await rpc('eth_getTransactionCount', [account, typeof at === 'bigint' ? quantity(at) : at]), 'nonce');
}

async function ahead(rpc: Rpc, { versions, nonce }: IntentState, count: bigint): Promise<Sight> {
  const last = versions.at(-1);
  const found = last === undefined ? null : await rpc('eth_getTransactionByHash', [last.hash]).catch(nullIfUnknown);
  return { is: 'waiting', isKnown: found !== null, isNext: nonce === count };
}

async function past(rpc: Rpc, account: Hex, { versions, nonce }: IntentState, head: Block, takenDepth: number): Promise<Sight> {
  for (const { hash } of [...versions].reverse()) {
    const mined = await minedOf(rpc, hash);
    if (mined === null) continue;
    const there = await readBlock(rpc, mined.block);
    // A receipt of a block that is not in the chain is of the past: the node is about to drop it.
    if (there?.hash === mined.blockHash) return { is: 'mined', mined, confirmations: head.number - mined.block + 1n };
  }
  const deep = head.number - BigInt(takenDepth);
  if (deep >= 0n && (await nonceAt(rpc, account, deep)) > nonce) return { is: 'taken' };
  // The receipt is not indexed yet, or a stranger has the nonce for now: nothing can be done but wait.
  return { is: 'waiting', isKnown: true, isNext: false };
}

async function minedOf(rpc: Rpc, hash: Hex): Promise<Mined | null> {
  const answer = await rpc('eth_getTransactionReceipt', [hash]).catch(nullIfUnknown);
  if (answer === null) return null;
  const receipt = toObject(answer, 'receipt');
  return {
    hash,
    block: toBlockNumber(receipt['blockNumber'], 'receipt block'),
    blockHash: toHexBytes(receipt['blockHash'], 'receipt block hash', 32),
    status: toBigint(receipt['status'], 'receipt status') === 1n ? 'success' : 'reverted',
  };
}

/** Some nodes answer with an error where others answer null. */
function nullIfUnknown(error: unknown): null {
  if (error instanceof NodeError && error.kind !== 'line' && /not found|unknown transaction|not yet/.test(error.words)) return null;
  throw error;
}
