import type { Hex } from '@tallystick/core';
import type { IntentState, Owner } from './intents.ts';
import type { Rpc } from './node.ts';
import { NodeError } from './node-error.ts';
import { type Block, blockThere, readBlock } from './reads.ts';
import { quantity, toBigint, toBlockNumber, toHexBytes, toNumber, toObject } from './wire-values.ts';

export type Mined = { readonly hash: Hex; readonly block: bigint; readonly blockHash: Hex; readonly status: 'success' | 'reverted' };

/** What the chain says of one intent. */
export type Sight =
  | { readonly is: 'mined'; readonly mined: Mined; readonly confirmations: bigint }
  /** `isKnown`: the node has its latest version. `isNext`: nothing of this account stands before it. */
  | { readonly is: 'waiting'; readonly isKnown: boolean; readonly isNext: boolean }
  /** Its nonce is used, and no receipt of it is found: not yet, or a stranger has the nonce for now. */
  | { readonly is: 'used' }
  /** As `used`, and so deep that it stays so. */
  | { readonly is: 'taken' };

/** `missing`: the lowest nonce that is neither used at the head nor has a transaction here that may use it. */
export type Look = { readonly head: Block; readonly missing: bigint; readonly sights: readonly Sight[] };

/** Looks at intents, all at one node. Changes nothing. */
export async function lookAt(rpc: Rpc, { account, chainId }: Owner, states: readonly IntentState[], takenDepth: number): Promise<Look> {
  await checkChain(rpc, chainId);
  const head = await blockThere(rpc, 'latest');
  const count = await nonceAt(rpc, account, head.number);
  const sights: Sight[] = [];
  for (const state of states) {
    sights.push(count > state.nonce ? await past(rpc, account, state, head, takenDepth) : await ahead(rpc, state, count));
  }
  const held = new Set(states.filter(({ end }) => end?.status !== 'replaced').map(({ nonce }) => nonce));
  let missing = count;
  while (held.has(missing)) missing += 1n;
  return { head, missing, sights };
}

/** Another chain may stand behind a node's address by now, and it counts other nonces. */
export async function checkChain(rpc: Rpc, chainId: number): Promise<void> {
  const found = toNumber(await rpc('eth_chainId', []), 'chain id');
  if (found !== chainId) throw new NodeError('node', 'eth_chainId', { words: 'another chain' });
}

export async function nonceAt(rpc: Rpc, account: Hex, at: bigint | 'latest'): Promise<bigint> {
  return BigInt(toNumber(await rpc('eth_getTransactionCount', [account, at === 'latest' ? at : quantity(at)]), 'nonce'));
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
  return { is: 'used' };
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
