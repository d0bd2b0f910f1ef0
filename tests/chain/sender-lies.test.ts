import { parseTransaction } from 'viem';
import { afterEach, describe, expect, it } from 'vitest';
import type { Hex } from '../../packages/core/src/index.ts';
import type { Node } from '../../packages/server/src/settle/chain/node.ts';
import { nodeErrorOf } from '../../packages/server/src/settle/chain/node-error.ts';
import type { Sender } from '../../packages/server/src/settle/chain/sender.ts';
import { CHAIN_ID, DEV_KEYS } from '../support/chain-node.ts';
import { freshPayee, listeningLog, MemoryJournal, nodesFor, openSender, payment, type SenderSetting, soon } from '../support/sending.ts';

const hash = (n: number): Hex => `0x${n.toString(16).padStart(64, '0')}`;
const hex = (n: bigint | number): Hex => `0x${n.toString(16)}`;
const MWEI = 1_000_000;

/** A node that takes every transaction into its pool, mines none, and may say of them what is not so. */
class Pool implements Node {
  readonly name = 'rpc';
  readonly raws: Hex[] = [];
  chainId = CHAIN_ID;
  count = 0;
  pending: number | null = null;
  tip = MWEI;
  refusal: string | null = null;
  readonly rpc = async (method: string, params: readonly unknown[]): Promise<unknown> => {
    if (method === 'eth_chainId') return hex(this.chainId);
    if (method === 'eth_blockNumber') return hex(100);
    if (method === 'eth_getBlockByNumber') {
      const number = params[0] === 'latest' ? 100 : Number(params[0]);
      return { number: hex(number), hash: hash(number), parentHash: hash(number - 1), baseFeePerGas: hex(MWEI) };
    }
    if (method === 'eth_getTransactionCount') return hex(params[1] === 'pending' ? (this.pending ?? this.count) : this.count);
    if (method === 'eth_estimateGas') return hex(21_000);
    if (method === 'eth_maxPriorityFeePerGas') return hex(this.tip);
    if (method === 'eth_getBalance') return hex(10n ** 20n);
    if (method === 'eth_getTransactionByHash' || method === 'eth_getTransactionReceipt') return null;
    if (method !== 'eth_sendRawTransaction') throw nodeErrorOf(method, { code: -32601, message: 'method not found' });
    this.raws.push(params[0] as Hex);
    if (this.refusal !== null) throw nodeErrorOf(method, { code: -32000, message: this.refusal });
    return hash(1);
  };
  get sent() {
    return this.raws.map((raw) => parseTransaction(raw));
  }
}

const senders: Sender[] = [];
afterEach(() => Promise.all(senders.splice(0).map((sender) => sender.close())));

async function open(pool: Pool, journal = new MemoryJournal(), setting: SenderSetting = {}): Promise<Sender> {
  const sender = await openSender(pool, journal, setting);
  senders.push(sender);
  return sender;
}

/** Sends without waiting for the end: here nothing ever ends. */
async function begin(sender: Sender, id: string): Promise<void> {
  void sender.send(payment(id, freshPayee())).catch(() => {});
  await soon(() => expect(sender.open.some((intent) => intent.id === id && intent.hash !== null)).toBe(true));
}

describe('a journal of intents', () => {
  it.each([
    ['account', { key: DEV_KEYS[2] as Hex }, CHAIN_ID],
    ['chain', { chainId: 8453 }, 8453],
  ] as const)('is not gone on with for another %s: the payment would be made twice', async (_what, change, chainId) => {
    const pool = new Pool();
    const journal = new MemoryJournal();
    const first = await open(pool, journal);
    await begin(first, 'a');
    await first.close();
    const before = structuredClone(journal.records);
    pool.chainId = chainId;
    const { raws } = pool;
    const nodes = nodesFor([pool], listeningLog().log, chainId);
    await expect(open(pool, journal, { ...change, nodes, bumpMs: 0 })).rejects.toMatchObject({ code: 'CHAIN_BOOKS_WRONG' });
    expect(journal.records).toEqual(before);
    expect(new Set(raws).size).toBe(1);
  });
});

describe('a node that is wrong once', () => {
  it('of what is pending is not believed', async () => {
    const pool = new Pool();
    pool.pending = 1000;
    const sender = await open(pool);
    await begin(sender, 'a');
    pool.pending = null;
    await begin(sender, 'b');
    expect(sender.open.map(({ nonce }) => nonce)).toEqual([0n, 1n]);
  });

  it('of what is used does not stop the account, and what it stopped says so', async () => {
    const pool = new Pool();
    pool.count = 1000;
    const { log, told } = listeningLog();
    const sender = await open(pool, new MemoryJournal(), { bumpMs: 1, inFlightMax: 2, log });
    await begin(sender, 'a');
    await begin(sender, 'b');
    pool.count = 0;
    await soon(() => expect(sender.open.map(({ trouble }) => trouble)).toEqual(['CHAIN_STUCK', 'CHAIN_STUCK']));
    // There is room all the same, and it is filled from below.
    await begin(sender, 'c');
    await begin(sender, 'd');
    expect(sender.open.map(({ id, nonce }) => [id, nonce])).toEqual([
      ['c', 0n],
      ['d', 1n],
      ['a', 1000n],
      ['b', 1001n],
    ]);
    const { length } = pool.raws;
    await sender.tick();
    await sender.tick();
    expect(told.filter(({ facts }) => facts['intent'] === 'b' && facts['trouble'] === 'CHAIN_STUCK').length).toBe(1);
    expect(pool.sent.slice(length).every(({ nonce }) => (nonce ?? 0) < 1000)).toBe(true);
    // Once all before it is used, it gets on.
    pool.count = 1000;
    await soon(() => expect(sender.open.find(({ id }) => id === 'b')?.trouble).toBe(null));
  });

  it('of the chain is not asked for a nonce', async () => {
    const pool = new Pool();
    const sender = await open(pool);
    await begin(sender, 'a');
    pool.chainId = 8453;
    pool.count = 1000;
    await expect(sender.send(payment('b', freshPayee()))).rejects.toMatchObject({ code: 'CHAIN_UNREACHABLE' });
    expect(sender.open.map(({ id }) => id)).toEqual(['a']);
  });

  it.each(['replacement transaction underpriced', 'transaction underpriced'])('of fees (%s) gets one rise a look', async (refusal) => {
    const pool = new Pool();
    pool.refusal = refusal;
    const sender = await open(pool, new MemoryJournal(), { pollMs: 1_000_000 });
    await begin(sender, 'a');
    await soon(() => expect(pool.raws.length).toBe(1));
    for (let looks = 1; looks <= 3; looks += 1) {
      const before = pool.raws.length;
      await sender.tick();
      expect(pool.raws.length).toBeLessThanOrEqual(before + 1);
    }
    expect(pool.sent.at(-1)?.maxPriorityFeePerGas).toBeLessThan(2n * BigInt(MWEI));
  });

  it('of the tip never gets more than the cap on tips', async () => {
    const pool = new Pool();
    pool.tip = 10 ** 15;
    pool.refusal = 'transaction underpriced';
    const tipCap = 3_000_000_000n;
    const sender = await open(pool, new MemoryJournal(), { pollMs: 1, bumpMs: 0, tipCap });
    await begin(sender, 'a');
    await soon(() => expect(sender.open[0]?.trouble).toBe('CHAIN_STUCK'));
    const tips = pool.sent.map(({ maxPriorityFeePerGas }) => maxPriorityFeePerGas ?? 0n);
    expect(tips[0]).toBe(tipCap / 2n);
    expect(tips.every((tip) => tip <= tipCap)).toBe(true);
  });
});
