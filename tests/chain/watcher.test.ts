import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { booksContext, type ChainBooks, emptyChainBooks, enterChainEvents, TallyError } from '../../packages/core/src/index.ts';
import { systemClock } from '../../packages/server/src/ground/clock.ts';
import type { Log } from '../../packages/server/src/ground/log.ts';
import { followChain } from '../../packages/server/src/settle/chain/follow.ts';
import { NodeError, nodeErrorOf } from '../../packages/server/src/settle/chain/node-error.ts';
import { NODES_DEFAULTS, Nodes } from '../../packages/server/src/settle/chain/nodes.ts';
import { type ChainStore, type FinalBatch, openFileStore, type Snapshot } from '../../packages/server/src/settle/chain/store.ts';
import { WATCHER_DEFAULTS, Watcher, type WatcherOptions } from '../../packages/server/src/settle/chain/watcher.ts';
import { FAKE_CONTRACTS, FakeChain, VAULT } from '../support/fake-chain.ts';

const CONTEXT = booksContext(VAULT);
const quiet: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const DEPTH = 4;

/** A store in memory that dies at will, before or after its append. */
class MemoryStore implements ChainStore {
  batches: FinalBatch[] = [];
  kept: Snapshot | null = null;
  die: 'before' | 'after' | null = null;
  async load<Books>(version: number, unpack: (packed: unknown) => Books, onBatch: (batch: FinalBatch) => void) {
    const kept = this.kept?.version === version ? this.kept : null;
    for (const batch of this.batches) if (kept === null || batch.from > kept.to) onBatch(batch);
    return kept === null ? null : { ...kept, books: unpack(structuredClone(kept.books)) };
  }
  async append(batch: FinalBatch): Promise<void> {
    const { die } = this;
    this.die = null;
    if (die === 'before') throw new Error('killed');
    this.batches.push(batch);
    if (die === 'after') throw new Error('killed');
  }
  async snapshot(snapshot: Snapshot): Promise<void> {
    this.kept = structuredClone(snapshot);
  }
  async close(): Promise<void> {}
}

function nodesOf(chain: FakeChain): Nodes {
  const node = { name: 'rpc 1', rpc: chain.rpc };
  return new Nodes({ ...NODES_DEFAULTS, nodes: [node], chainId: 31_337, checkMs: 0, restMs: 0, clock: systemClock, log: quiet });
}

function optionsOf(chain: FakeChain, store: ChainStore, more: Partial<WatcherOptions> = {}): WatcherOptions {
  return {
    ...WATCHER_DEFAULTS,
    nodes: nodesOf(chain),
    contracts: FAKE_CONTRACTS,
    context: CONTEXT,
    fromBlock: 0n,
    store,
    finality: { depthBlocks: DEPTH, tag: null },
    rangeBlocksMax: 16,
    stepBlocksMax: 2,
    quietBlocksMax: 3,
    snapshotBatches: 3,
    ...more,
  };
}

/** The books as they must be: all logs of the chain up to a block, entered at once. */
function expected(chain: FakeChain, to: bigint): ChainBooks {
  const books = emptyChainBooks(CONTEXT);
  enterChainEvents(
    books,
    chain.logs(to).flatMap((log) => FAKE_CONTRACTS.decode(log) ?? []),
  );
  return books;
}

async function toHead(watcher: Watcher): Promise<void> {
  for (let i = 0; i < 500; i += 1) if ((await watcher.step()).isAtHead) return;
  throw new Error('the watcher does not reach the head');
}

describe('the watcher', () => {
  it('reaches the head from far behind, and its books are those of the chain', async () => {
    const chain = new FakeChain();
    for (let i = 0; i < 200; i += 1) chain.extend(i % 3 === 0 ? [BigInt(i)] : []);
    const watcher = await Watcher.open(optionsOf(chain, new MemoryStore()));
    await toHead(watcher);
    expect(watcher.head).toEqual(expected(chain, 200n));
    expect(watcher.final).toEqual(expected(chain, 196n));
    expect(watcher.finalBlock).toBe(196n);
    expect(watcher.head.mismatchCount).toBe(0n);
    expect(watcher.head.credits.supply).toBeGreaterThan(0n);
  });

  it('halves a range that the node refuses, and finds the largest that it takes', async () => {
    const chain = new FakeChain();
    for (let i = 0; i < 100; i += 1) chain.extend([1n]);
    chain.rangeMax = 5n;
    const watcher = await Watcher.open(optionsOf(chain, new MemoryStore(), { rangeBlocksMax: 64 }));
    await toHead(watcher);
    expect(watcher.head).toEqual(expected(chain, 100n));
    expect(watcher.rangeSpan).toBeLessThanOrEqual(8n);
  });

  it('takes back what an orphaned block did, and goes on with the block that stands instead', async () => {
    const chain = new FakeChain();
    for (let i = 0; i < 10; i += 1) chain.extend([10n]);
    const rollbacks: [bigint, number][] = [];
    const listener = { onRollback: (block: bigint, orphaned: number) => rollbacks.push([block, orphaned]) };
    const watcher = await Watcher.open(optionsOf(chain, new MemoryStore(), { listener }));
    await toHead(watcher);
    expect(watcher.head.credits.supply).toBe(100n);
    chain.drop(3);
    chain.extend([1n]);
    await toHead(watcher);
    expect(rollbacks).toEqual([[7n, 3]]);
    expect(watcher.head.credits.supply).toBe(71n);
    expect(watcher.head).toEqual(expected(chain, 8n));
  });

  it('stops, and says so, where a final block is another one', async () => {
    const chain = new FakeChain();
    for (let i = 0; i < 20; i += 1) chain.extend([10n]);
    const watcher = await Watcher.open(optionsOf(chain, new MemoryStore()));
    await toHead(watcher);
    const before = watcher.final;
    chain.drop(DEPTH + 2);
    for (let i = 0; i < 10; i += 1) chain.extend([1n]);
    await expect(watcher.step()).rejects.toMatchObject({ code: 'CHAIN_REORG_TOO_DEEP' });
    expect(watcher.final).toEqual(before);
  });

  it('waits for a node that is behind what is final, and does not take its word for a reorganisation', async () => {
    const chain = new FakeChain();
    for (let i = 0; i < 20; i += 1) chain.extend([10n]);
    const watcher = await Watcher.open(optionsOf(chain, new MemoryStore()));
    await toHead(watcher);
    const whole = chain.blocks;
    chain.blocks = whole.slice(0, 19);
    expect(await watcher.step()).toMatchObject({ head: 20n });
    chain.blocks = whole.slice(0, 5);
    await expect(watcher.step()).rejects.toMatchObject({ code: 'CHAIN_UNREACHABLE' });
    chain.blocks = whole;
    await toHead(watcher);
    expect(watcher.head).toEqual(expected(chain, 20n));
  });

  it('tells of an event that does not follow from those before it', async () => {
    const chain = new FakeChain();
    chain.extend([5n]);
    chain.extend([7n]);
    // The node keeps one block's logs to itself.
    chain.blocks[1] = { ...(chain.blocks[1] as (typeof chain.blocks)[0]), logs: [] };
    for (let i = 0; i < DEPTH; i += 1) chain.extend([]);
    const told: unknown[] = [];
    const watcher = await Watcher.open(
      optionsOf(chain, new MemoryStore(), { listener: { onMismatch: (mismatch) => told.push(mismatch) } }),
    );
    await toHead(watcher);
    expect(told).toEqual([{ contract: 'CreditToken', name: 'Deposited', block: 2n, index: 1, what: 'supply', expected: '7', found: '12' }]);
  });

  it('killed anywhere, forked anywhere, refused anywhere: neither misses nor doubles an event', async () => {
    const op = fc.oneof(
      { weight: 5, arbitrary: fc.record({ do: fc.constant('extend' as const), amounts: fc.array(fc.bigInt(1n, 9n), { maxLength: 3 }) }) },
      {
        weight: 2,
        arbitrary: fc.record({ do: fc.constant('fork' as const), depth: fc.integer({ min: 1, max: DEPTH - 1 }), back: fc.boolean() }),
      },
      {
        weight: 6,
        arbitrary: fc.record({
          do: fc.constant('step' as const),
          failAt: fc.option(fc.integer({ min: 0, max: 8 })),
          forkAt: fc.option(fc.integer({ min: 1, max: 10 })),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({ do: fc.constant('kill' as const), when: fc.constantFrom('before' as const, 'after' as const, null) }),
      },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(op, { minLength: 5, maxLength: 60 }), async (ops) => {
        const chain = new FakeChain();
        const store = new MemoryStore();
        let deepest = 0n;
        let watcher = await Watcher.open(optionsOf(chain, store));
        // Final is what `DEPTH` blocks stood on: no fork goes below that, as no chain with this finality does.
        const fork = (depth: number, back: boolean) => {
          const room = Number(chain.head.number - (deepest - BigInt(DEPTH)));
          chain.drop(Math.min(depth, Math.max(0, room - 1)));
          if (back) chain.extend([3n]);
        };
        const grown = () => {
          if (chain.head.number > deepest) deepest = chain.head.number;
        };
        for (const each of ops) {
          if (each.do === 'extend') chain.extend(each.amounts);
          if (each.do === 'fork') fork(each.depth, each.back);
          grown();
          if (each.do === 'kill') {
            store.die = each.when;
            await watcher.step().catch(() => {});
            store.die = null;
            watcher = await Watcher.open(optionsOf(chain, store));
          }
          if (each.do === 'step') {
            let asks = 0;
            chain.onAsk = () => {
              asks += 1;
              if (asks === each.failAt) throw new NodeError('line', 'planted');
              if (asks === each.forkAt) {
                fork(DEPTH - 1, true);
                for (const amount of [4n, 5n, 6n]) chain.extend([amount]);
                grown();
              }
            };
            await watcher.step().catch((error: unknown) => {
              if (!(error instanceof TallyError)) throw error;
            });
            chain.onAsk = () => {};
          }
        }
        while (chain.head.number < deepest) chain.extend([2n]);
        for (let i = 0; i <= DEPTH; i += 1) chain.extend([1n]);
        await toHead(watcher);
        const final = chain.head.number - BigInt(DEPTH);
        expect(watcher.head).toEqual(expected(chain, chain.head.number));
        expect(watcher.final).toEqual(expected(chain, final));
        expect(watcher.head.mismatchCount).toBe(0n);
        const reopened = await Watcher.open(optionsOf(chain, store));
        expect(reopened.final).toEqual(expected(chain, reopened.finalBlock));
      }),
      { numRuns: 300 },
    );
  });
});

describe('the store on disk', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tally-chain-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  async function filled(blocks: number): Promise<FakeChain> {
    const chain = new FakeChain();
    for (let i = 0; i < blocks; i += 1) chain.extend([1n]);
    const store = await openFileStore(folder, 'one');
    const watcher = await Watcher.open(optionsOf(chain, store, { snapshotBatches: 1000 }));
    await toHead(watcher);
    await watcher.snapshot();
    await store.close();
    return chain;
  }

  async function reopened(chain: FakeChain, deployment = 'one'): Promise<Watcher> {
    const store = await openFileStore(folder, deployment);
    try {
      return await Watcher.open(optionsOf(chain, store));
    } finally {
      await store.close();
    }
  }

  it('gives back the same books, with the snapshot and without it', async () => {
    const chain = await filled(50);
    expect((await reopened(chain)).final).toEqual(expected(chain, 46n));
    rmSync(join(folder, 'books.json'));
    expect((await reopened(chain)).final).toEqual(expected(chain, 46n));
  });

  it('takes a snapshot of another form for none', async () => {
    const chain = await filled(20);
    const path = join(folder, 'books.json');
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), version: 0 }));
    expect((await reopened(chain)).final).toEqual(expected(chain, 16n));
  });

  it.each([
    ['empty', ''],
    ['cut', '{"version":1,"depl'],
    ['nothing', 'null'],
    ['without its books', JSON.stringify({ version: 1, deployment: 'one', bytes: 20, to: '3', hash: `0x${'00'.repeat(32)}` })],
    ['of wrong types', JSON.stringify({ version: 1, deployment: 'one', bytes: 20, to: {}, hash: 7, books: { events: { $n: 'many' } } })],
  ])('with a snapshot that is %s, makes the books from the journal', async (_what, text) => {
    const chain = await filled(20);
    writeFileSync(join(folder, 'books.json'), text);
    expect((await reopened(chain)).final).toEqual(expected(chain, 16n));
  });

  it('cut at any byte of its end, it still is the beginning of the books', async () => {
    const chain = await filled(40);
    rmSync(join(folder, 'books.json'));
    const path = join(folder, 'events.jsonl');
    const whole = readFileSync(path);
    for (const cut of [1, 7, 100, 333, 1000, whole.length >> 1]) {
      writeFileSync(path, whole);
      truncateSync(path, whole.length - cut);
      const watcher = await reopened(chain);
      expect(watcher.final).toEqual(expected(chain, watcher.finalBlock));
      const store = await openFileStore(folder, 'one');
      const again = await Watcher.open(optionsOf(chain, store));
      await toHead(again);
      expect(again.final).toEqual(expected(chain, 36n));
      await store.close();
    }
  });

  it('refuses the folder of another deployment, a gap, and a journal that lost its end', async () => {
    const chain = await filled(40);
    await expect(reopened(chain, 'two')).rejects.toMatchObject({ code: 'CHAIN_BOOKS_WRONG' });
    const path = join(folder, 'events.jsonl');
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(3);
    writeFileSync(path, `${lines.slice(0, -1).join('\n')}\n`);
    await expect(reopened(chain)).rejects.toMatchObject({ code: 'CHAIN_BOOKS_WRONG' });
    rmSync(join(folder, 'books.json'));
    writeFileSync(path, `${[...lines.slice(0, 2), ...lines.slice(3)].join('\n')}\n`);
    await expect(reopened(chain)).rejects.toMatchObject({ code: 'CHAIN_BOOKS_WRONG' });
  });
});

describe('followChain', () => {
  it('follows until it is stopped, and says what is in its way', async () => {
    const chain = new FakeChain();
    for (let i = 0; i < 30; i += 1) chain.extend([1n]);
    const { listener: _none, ...rest } = optionsOf(chain, new MemoryStore());
    const followed = await followChain({ ...rest, log: quiet, pollMs: 5, retryMs: 5 });
    await followed.caughtUp;
    expect(followed.status()).toMatchObject({ headBlock: 30n, finalBlock: 26n, isAtHead: true, trouble: null });
    chain.onAsk = (method) => {
      throw nodeErrorOf(method, { code: -32603, message: 'secret https://user:pass@node' });
    };
    await expect.poll(() => followed.status().trouble).toBe('CHAIN_UNREACHABLE');
    chain.onAsk = () => {};
    chain.extend([1n]);
    await expect.poll(() => followed.status().headBlock).toBe(31n);
    expect(followed.status().trouble).toBe(null);
    expect(followed.books().credits.supply).toBe(31n);
    await followed.stop();
    const asked = chain.asked.length;
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(chain.asked.length).toBe(asked);
  });
});
