import { TallyError } from '@tallystick/core';
import type { IntentState, Owner } from './intents.ts';
import type { Rpc } from './node.ts';
import { NodeError } from './node-error.ts';
import type { Nodes } from './nodes.ts';
import { blockThere } from './reads.ts';
import { checkChain, nonceAt } from './send-look.ts';
import { quantity, toHexBytes, toList, toObject } from './wire-values.ts';

/** @returns false, too, where no node can tell. */
export async function isTaken(nodes: Nodes, owner: Owner, state: IntentState, takenDepth: number): Promise<boolean> {
  try {
    return await nodes.use((rpc) => isTakenByAnother(rpc, owner, state, takenDepth));
  } catch (error) {
    if (error instanceof TallyError) return false;
    throw error;
  }
}

/**
 * Whether another transaction used the nonce of an intent. That a node has no receipt of the intent proves nothing: it may keep no index of what
 * is old. So the block is found in which the account's count passes the nonce: a signed form of the intent can only be mined there.
 * @throws NodeError where the node does not have what it takes.
 */
export async function isTakenByAnother(
  rpc: Rpc,
  { account, chainId }: Owner,
  { nonce, versions }: IntentState,
  takenDepth: number,
): Promise<boolean> {
  await checkChain(rpc, chainId);
  const { number } = await blockThere(rpc, 'latest');
  const isUsed = async (block: bigint) => (await nonceAt(rpc, account, block)) > nonce;
  let used = number - BigInt(takenDepth);
  if (used < 0n || !(await isUsed(used))) return false;
  // Backwards in steps that double: many nodes have the state of the latest blocks only.
  let free = used;
  for (let step = 1n; free > 0n; step *= 2n) {
    free = used > step ? used - step : 0n;
    if (!(await isUsed(free))) break;
    used = free;
  }
  while (used - free > 1n) {
    const middle = (used + free) / 2n;
    if (await isUsed(middle)) used = middle;
    else free = middle;
  }
  const hashes = await hashesOf(rpc, used);
  return versions.every(({ hash }) => !hashes.has(hash));
}

async function hashesOf(rpc: Rpc, number: bigint): Promise<ReadonlySet<string>> {
  const answer = await rpc('eth_getBlockByNumber', [quantity(number), false]);
  if (answer === null) throw new NodeError('node', 'eth_getBlockByNumber', { words: 'block not found' });
  const block = toObject(answer, 'block');
  return new Set(toList(block['transactions'], 'transactions').map((hash) => toHexBytes(hash, 'transaction hash', 32)));
}
