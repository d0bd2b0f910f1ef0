import { type Abi, encodeAbiParameters, encodeEventTopics, getAbiItem, keccak256, pad, toHex } from 'viem';
import { artifacts } from '../../contracts/artifacts/index.ts';
import type { Hex } from '../../packages/core/src/index.ts';
import { Contracts } from '../../packages/server/src/settle/chain/contracts.ts';
import type { Rpc } from '../../packages/server/src/settle/chain/node.ts';
import { nodeErrorOf } from '../../packages/server/src/settle/chain/node-error.ts';
import type { RawLog } from '../../packages/server/src/settle/chain/reads.ts';

export const TOKEN: Hex = `0x${'11'.repeat(20)}`;
export const VAULT: Hex = `0x${'22'.repeat(20)}`;
export const REGISTRY: Hex = `0x${'44'.repeat(20)}`;
const HOLDER: Hex = `0x${'33'.repeat(20)}`;

export const FAKE_CONTRACTS = new Contracts([
  { name: 'CreditToken', address: TOKEN, abi: artifacts.CreditToken.abi },
  { name: 'CreditVault', address: VAULT, abi: artifacts.CreditVault.abi },
]);

/** The same with the registry, which must tell of both: see `FakeChain.deploy`. */
export const PLACED_CONTRACTS = new Contracts([
  ...FAKE_CONTRACTS.all,
  { name: 'ChainRegistry', address: REGISTRY, abi: artifacts.ChainRegistry.abi },
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

  /** A block in which the registry tells of the contracts. */
  deploy(): void {
    this.extend([]);
    const { number, hash } = this.head;
    const logs = [TOKEN, VAULT].map((place, index): RawLog => {
      const told = log('Deployed', { name: pad(place, { size: 32 }), version: 1, place, codeHash: hash }, artifacts.ChainRegistry.abi);
      return { ...told, address: REGISTRY, block: number, index, tx: hash };
    });
    this.blocks[this.blocks.length - 1] = { ...this.head, logs };
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
    if (method === 'eth_getLogs') return this.#logs(params[0] as Filter);
    throw nodeErrorOf(method, { code: -32601, message: 'method not found' });
  };

  #logs({ address: asked, blockHash, fromBlock = '0x0', toBlock = '0x0' }: Filter): unknown {
    const told = (block: FakeBlock) => block.logs.filter(({ address }) => asked.includes(address)).map((each) => wire(each, block));
    const [from, to] = [BigInt(fromBlock), BigInt(toBlock)];
    if (blockHash !== undefined) {
      const block = this.blocks.find(({ hash }) => hash === blockHash);
      if (block === undefined) throw nodeErrorOf('eth_getLogs', { code: -32000, message: 'unknown block' });
      return told(block);
    }
    if (to - from + 1n > this.rangeMax)
      throw nodeErrorOf('eth_getLogs', { code: -32602, message: 'eth_getLogs is limited to a 10 block range' });
    return this.blocks.filter(({ number }) => number >= from && number <= to).flatMap(told);
  }
}

type Filter = { readonly address: readonly Hex[]; readonly blockHash?: Hex; readonly fromBlock?: Hex; readonly toBlock?: Hex };

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

function log(name: string, args: Record<string, unknown>, abi: Abi = artifacts.CreditToken.abi): Pick<RawLog, 'topics' | 'data'> {
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
