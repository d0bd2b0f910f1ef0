import { TallyError } from '@tallystick/core';
import type { Version } from './intents.ts';
import type { Rpc } from './node.ts';
import { NodeError } from './node-error.ts';
import type { Nodes } from './nodes.ts';
import { readBlock } from './reads.ts';
import { toBigint } from './wire-values.ts';

/**
 * What became of a broadcast. `there`: a node has it, or had it before. `past`: its nonce is used, by it or by another. `cheap`: its fee is too
 * low. `poor`: the account cannot pay. `lost`: nobody knows; sending the same bytes again does no harm.
 */
export type Broadcast = 'there' | 'past' | 'cheap' | 'poor' | 'lost' | 'refused';

const WORDS: readonly (readonly [RegExp, Broadcast])[] = [
  [/already known|already imported|known transaction|alreadyknown|already exists|already in (the )?(pool|mempool)/, 'there'],
  [/nonce (is )?too low|nonce has already been used|oldnonce|invalid nonce/, 'past'],
  [/underpriced|fee (is )?too low|less than block base fee|lower than .*base fee|feetoolow|max fee per gas less/, 'cheap'],
  [/insufficient funds|insufficient balance|not have enough funds/, 'poor'],
];

export function broadcastOf(error: unknown): Broadcast {
  if (error instanceof TallyError && error.code === 'CHAIN_UNREACHABLE') return 'lost';
  if (!(error instanceof NodeError)) throw error;
  return WORDS.find(([pattern]) => pattern.test(error.words))?.[1] ?? 'refused';
}

/** Hands a signed transaction to a node; never throws for what a node says. */
export async function broadcast(nodes: Nodes, { raw }: Version): Promise<Broadcast> {
  try {
    await nodes.use((rpc) => rpc('eth_sendRawTransaction', [raw]));
    return 'there';
  } catch (error) {
    return broadcastOf(error);
  }
}

/** @param tipMin offered where the node knows no better. */
export async function feesNow(rpc: Rpc, tipMin: bigint): Promise<{ readonly baseFee: bigint; readonly tip: bigint }> {
  const block = await readBlock(rpc, 'latest');
  let tip = tipMin;
  try {
    tip = toBigint(await rpc('eth_maxPriorityFeePerGas', []), 'tip');
  } catch (error) {
    // Not every node has the method.
    if (!(error instanceof NodeError) || error.kind === 'line') throw error;
  }
  return { baseFee: block?.baseFee ?? 0n, tip: tip > tipMin ? tip : tipMin };
}
