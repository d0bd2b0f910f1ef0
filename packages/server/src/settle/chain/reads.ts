import type { Hex } from '@tallystick/core';
import type { Rpc } from './node.ts';
import { isOverloaded, NodeError } from './node-error.ts';
import { quantity, toBigint, toBlockNumber, toHexBytes, toList, toNumber, toObject } from './wire-values.ts';

export type BlockTag = 'latest' | 'safe' | 'finalized' | 'pending';

export type Block = {
  readonly number: bigint;
  readonly hash: Hex;
  readonly parentHash: Hex;
  /** Wei per gas. */
  readonly baseFee: bigint;
};

/** A log as the chain has it: evidence, kept undecoded. */
export type RawLog = {
  readonly address: Hex;
  readonly topics: readonly Hex[];
  readonly data: Hex;
  readonly block: bigint;
  readonly index: number;
  readonly tx: Hex;
};

/** @returns null where the node has no such block. */
export async function readBlock(rpc: Rpc, at: bigint | BlockTag): Promise<Block | null> {
  const answer = await rpc('eth_getBlockByNumber', [typeof at === 'bigint' ? quantity(at) : at, false]);
  if (answer === null) return null;
  const block = toObject(answer, 'block');
  const number = toBlockNumber(block['number'], 'block number');
  if (typeof at === 'bigint' && number !== at) throw new NodeError('line', 'eth_getBlockByNumber', { words: 'another block' });
  return {
    number,
    hash: toHexBytes(block['hash'], 'block hash', 32),
    parentHash: toHexBytes(block['parentHash'], 'parent hash', 32),
    baseFee: typeof block['baseFeePerGas'] === 'string' ? toBigint(block['baseFeePerGas'], 'base fee') : 0n,
  };
}

/** As `readBlock`, where the node must have it: it is one that lags, otherwise. */
export async function blockThere(rpc: Rpc, at: bigint | BlockTag): Promise<Block> {
  const block = await readBlock(rpc, at);
  if (block === null) throw new NodeError('node', 'eth_getBlockByNumber', { words: 'block not found' });
  return block;
}

/** All logs of one block, named by its hash: a node that does not have it cannot answer with nothing. */
export async function logsOfBlock(rpc: Rpc, addresses: readonly Hex[], block: Block): Promise<readonly RawLog[]> {
  const answer = await rpc('eth_getLogs', [{ address: addresses, blockHash: block.hash }]);
  return rawLogs(answer, addresses, block.number, block.number);
}

export async function logsOfRange(rpc: Rpc, addresses: readonly Hex[], from: bigint, to: bigint): Promise<readonly RawLog[]> {
  const answer = await rpc('eth_getLogs', [{ address: addresses, fromBlock: quantity(from), toBlock: quantity(to) }]);
  return rawLogs(answer, addresses, from, to);
}

/** In the chain's order, each once, none of another address or block than was asked for. */
function rawLogs(answer: unknown, addresses: readonly Hex[], from: bigint, to: bigint): readonly RawLog[] {
  const wanted = new Set(addresses);
  const logs = toList(answer, 'logs').map((each): RawLog => {
    const log = toObject(each, 'log');
    const block = toBlockNumber(log['blockNumber'], 'log block');
    const address = toHexBytes(log['address'], 'log address', 20);
    if (block < from || block > to || log['removed'] === true || !wanted.has(address)) {
      throw new NodeError('line', 'eth_getLogs', { words: 'a log that was not asked for' });
    }
    return {
      address,
      topics: toList(log['topics'], 'topics').map((topic) => toHexBytes(topic, 'topic', 32)),
      data: toHexBytes(log['data'], 'log data'),
      block,
      index: toNumber(log['logIndex'], 'log index'),
      tx: toHexBytes(log['transactionHash'], 'log transaction', 32),
    };
  });
  const sorted = logs.sort((a, b) => (a.block === b.block ? a.index - b.index : a.block < b.block ? -1 : 1));
  return sorted.filter((log, i) => i === 0 || log.block !== sorted[i - 1]?.block || log.index !== sorted[i - 1]?.index);
}

const TOO_LARGE =
  /range|too (large|many|big|wide)|more than \d+|exceed|limit|response size|max(imum)? (block|results)|\d+ results|timed? ?out/;
/** "Try again with a smaller block range" is no overload. */
const NAMES_A_RANGE = /block range|results|response size/;

/** Whether a node may answer for fewer blocks what it did not answer for these. */
export function isTooLarge(error: unknown): boolean {
  if (!(error instanceof NodeError)) return false;
  if (error.isTimeout || error.words === 'responsebodytoolargeerror') return true;
  if (error.rpcCode === null || (isOverloaded(error) && !NAMES_A_RANGE.test(error.words))) return false;
  return error.rpcCode === -32005 || TOO_LARGE.test(error.words);
}
