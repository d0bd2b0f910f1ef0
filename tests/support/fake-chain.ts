import { type Abi, encodeAbiParameters, encodeEventTopics, getAbiItem, keccak256, toHex } from 'viem';
import { artifacts } from '../../contracts/artifacts/index.ts';
import type { Hex } from '../../packages/core/src/index.ts';
import { Contracts } from '../../packages/server/src/settle/chain/contracts.ts';
import type { Rpc } from '../../packages/server/src/settle/chain/node.ts';
import { nodeErrorOf } from '../../packages/server/src/settle/chain/node-error.ts';
import type { RawLog } from '../../packages/server/src/settle/chain/reads.ts';

export const TOKEN: Hex = `0x${'11'.repeat(20)}`;
export const VAULT: Hex = `0x${'22'.repeat(20)}`;
const HOLDER: Hex = `0x${'33'.repeat(20)}`;

export const FAKE_CONTRACTS = new Contracts([
  { name: 'CreditToken', address: TOKEN, abi: artifacts.CreditToken.abi },
  { name: 'CreditVault', address: VAULT, abi: artifacts.CreditVault.abi },
]);

type FakeBlock = {
  readonly number: bigint;
  readonly hash: Hex;
  readonly parentHash: Hex;
  readonly logs: readonly RawLog[];
  readonly supply: bigint;
};

/** A chain in memory that forks at will: each block deposits some credits, with the running supply in the event, so that a missed or doubled event shows. */
export class FakeChain {
  blocks: FakeBlock[] = [];
  /** Called before each answer: it may throw, or change the chain in the middle of a read. */
  onAsk: (method: string) => void = () => {};
  /** More blocks of logs than this are refused. */
  rangeMax = 1_000_000n;
  readonly asked: string[] = [];
  #salt = 0;

  constructor() {
    this.extend([]);
  }

  get head(): FakeBlock {
    return this.blocks.at(-1) as FakeBlock;
  }

  /** @param amounts deposits in the new block. */
  extend(amounts: readonly bigint[]): void {
    const before = this.blocks.at(-1);
    const number = (before?.number ?? -1n) + 1n;
    const hash = keccak256(toHex(`block ${number} ${this.#salt++}`));
    let supply = before?.supply ?? 0n;
    const logs = amounts.flatMap((amount, i) => {
      supply += amount;
      const deposited = log('Deposited', { from: HOLDER, to: HOLDER, amount, supply });
      const zero: Hex = `0x${'0'.repeat(40)}`;
      const moved = log('Transfer', { from: zero, to: HOLDER, value: amount });
      return [moved, deposited].map((each, j): RawLog => ({ ...each, address: TOKEN, block: number, index: 2 * i + j, tx: hash }));
    });
    this.blocks.push({ number, hash, parentHash: before?.hash ?? (`0x${'0'.repeat(64)}` as Hex), logs, supply });
  }

  /** The last `depth` blocks are gone. */
  drop(depth: number): void {
    this.blocks = this.blocks.slice(0, Math.max(1, this.blocks.length - depth));
  }

  logs(to: bigint): readonly RawLog[] {
    return this.blocks.filter(({ number }) => number <= to).flatMap((block) => block.logs);
  }

  readonly rpc: Rpc = async (method, params) => {
    this.asked.push(method);
    this.onAsk(method);
    if (method === 'eth_chainId') return '0x7a69';
    if (method === 'eth_blockNumber') return toHex(this.head.number);
    if (method === 'eth_getBlockByNumber') {
      const at = params[0] as string;
      const block = at === 'latest' ? this.head : at.startsWith('0x') ? this.blocks.find(({ number }) => number === BigInt(at)) : undefined;
      return block === undefined
        ? null
        : { number: toHex(block.number), hash: block.hash, parentHash: block.parentHash, baseFeePerGas: '0x7' };
    }
    if (method === 'eth_getLogs') return this.#logs(params[0] as Record<string, string>);
    throw nodeErrorOf(method, { code: -32601, message: 'method not found' });
  };

  #logs(filter: Record<string, string>): unknown {
    const { blockHash } = filter;
    const [from, to] = [BigInt(filter['fromBlock'] ?? 0), BigInt(filter['toBlock'] ?? 0)];
    if (blockHash !== undefined) {
      const block = this.blocks.find(({ hash }) => hash === blockHash);
      if (block === undefined) throw nodeErrorOf('eth_getLogs', { code: -32000, message: 'unknown block' });
      return block.logs.map((each) => wire(each, block));
    }
    if (to - from + 1n > this.rangeMax)
      throw nodeErrorOf('eth_getLogs', { code: -32602, message: 'eth_getLogs is limited to a 10 block range' });
    return this.blocks
      .filter(({ number }) => number >= from && number <= to)
      .flatMap((block) => block.logs.map((each) => wire(each, block)));
  }
}

function wire(log: RawLog, block: FakeBlock): unknown {
  const { address, topics, data, index } = log;
  return {
    address,
    topics,
    data,
    blockNumber: toHex(block.number),
    blockHash: block.hash,
    logIndex: toHex(index),
    transactionHash: log.tx,
  };
}

function log(name: 'Deposited' | 'Transfer', args: Record<string, unknown>): Pick<RawLog, 'topics' | 'data'> {
  const abi: Abi = artifacts.CreditToken.abi;
  const item = getAbiItem({ abi, name }) as { inputs: readonly { name: string; type: string; indexed?: boolean }[] };
  const plain = item.inputs.filter(({ indexed }) => indexed !== true);
  return {
    topics: encodeEventTopics({ abi, eventName: name, args }) as Hex[],
    data: encodeAbiParameters(
      plain,
      plain.map(({ name: each }) => args[each]),
    ),
  };
}
