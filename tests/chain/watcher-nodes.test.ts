/** What nodes do wrong, and what becomes of the books then: nothing, while another node is right. */
import { describe, expect, it } from 'vitest';
import { booksContext, type ChainBooks, emptyChainBooks } from '../../packages/core/src/index.ts';
import { manualClock } from '../../packages/server/src/ground/clock.ts';
import type { Log } from '../../packages/server/src/ground/log.ts';
import { type FollowOptions, followChain } from '../../packages/server/src/settle/chain/follow.ts';
import type { Node, Rpc } from '../../packages/server/src/settle/chain/node.ts';
import { NodeError, nodeErrorOf } from '../../packages/server/src/settle/chain/node-error.ts';
import { NODES_DEFAULTS, Nodes } from '../../packages/server/src/settle/chain/nodes.ts';
import type { ChainStore, FinalBatch, Snapshot } from '../../packages/server/src/settle/chain/store.ts';
import { WATCHER_DEFAULTS, Watcher, type WatcherOptions } from '../../packages/server/src/settle/chain/watcher.ts';
import { FAKE_CONTRACTS, FakeChain, PLACED_CONTRACTS, VAULT } from '../support/fake-chain.ts';
import { listeningLog } from '../support/sending.ts';

const quiet: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const DEPTH = 4;

/** Keeps what it is given, and begins empty. */
class Written implements ChainStore {
  readonly batches: FinalBatch[] = [];
  readonly snapshots: Snapshot[] = [];
  full = false;
  async load(): Promise<null> {
    return null;
  }
  async append(batch: FinalBatch): Promise<void> {
    if (this.full) throw new Error('no space left');
    this.batches.push(batch);
  }
  async snapshot(snapshot: Snapshot): Promise<void> {
    this.snapshots.push(snapshot);
  }
  async close(): Promise<void> {}
}

type Setting = Partial<Omit<WatcherOptions, 'listener' | 'nodes'>>;

function optionsOf(rpcs: readonly Rpc[], more: Setting = {}): Omit<FollowOptions, 'log' | 'pollMs' | 'retryMs'> & WatcherOptions {
  const nodes = rpcs.map((rpc, i): Node => ({ name: `rpc ${i + 1}`, rpc }));
  return {
    ...WATCHER_DEFAULTS,
    nodes: new Nodes({ ...NODES_DEFAULTS, nodes, chainId: 31_337, checkMs: 0, clock: manualClock(), log: quiet }),
    contracts: FAKE_CONTRACTS,
    context: booksContext(VAULT),
    fromBlock: 0n,
    store: new Written(),
    finality: { depthBlocks: DEPTH, tag: null },
    ...more,
  };
}

function grown(blocks: number): FakeChain {
  const chain = new FakeChain();
  for (let i = 0; i < blocks; i += 1) chain.extend([1n]);
  return chain;
}

/** Another chain from its second block on. */
function fork(blocks: number): FakeChain {
  const chain = grown(1);
  chain.drop(1);
  for (let i = 0; i < blocks; i += 1) chain.extend([1n]);
  return chain;
}

/** Whatever is due without waiting is done. */
async function turns(): Promise<void> {
  for (let i = 0; i < 200; i += 1) await new Promise((resolve) => setImmediate(resolve));
}

async function toHead(watcher: Watcher): Promise<void> {
  for (let i = 0; i < 200; i += 1) if ((await watcher.step()).isAtHead) return;
  throw new Error('the watcher does not reach the head');
}

/** A node that spoils some answers of another. */
const spoilt =
  (rpc: Rpc, spoil: (method: string, params: readonly unknown[], answer: () => Promise<unknown>) => unknown): Rpc =>
  async (method, params) =>
    spoil(method, params, () => rpc(method, params));

describe('of two nodes the first is wrong', () => {
  it('it is on another fork: the other is asked, and the books go on', async () => {
    const [good, bad] = [grown(30), fork(30)];
    let isForked = false;
    const first: Rpc = (method, params) => (isForked ? bad : good).rpc(method, params);
    const watcher = await Watcher.open(optionsOf([first, good.rpc]));
    await toHead(watcher);
    isForked = true;
    good.extend([1n]);
    bad.extend([1n]);
    await toHead(watcher);
    expect(watcher.headBlock).toMatchObject({ number: 31n, hash: good.head.hash });
    expect(watcher.head.credits.supply).toBe(31n);
  });

  it('both are on another fork: that is told', async () => {
    const [good, bad] = [grown(30), fork(40)];
    let isForked = false;
    const forked: Rpc = (method, params) => (isForked ? bad : good).rpc(method, params);
    const watcher = await Watcher.open(optionsOf([forked, forked]));
    await toHead(watcher);
    isForked = true;
    for (let i = 0; i < 3; i += 1) await expect(watcher.step()).rejects.toMatchObject({ code: 'CHAIN_REORG_TOO_DEEP' });
  });

  it('it tells of a log that no contract can have written', async () => {
    const chain = grown(30);
    const bad = spoilt(chain.rpc, async (method, _params, answer) => {
      if (method !== 'eth_getLogs') return answer();
      return ((await answer()) as { data: string }[]).map((log) => ({ ...log, data: '0x' }));
    });
    const watcher = await Watcher.open(optionsOf([bad, chain.rpc]));
    await toHead(watcher);
    expect(watcher.head.credits.supply).toBe(30n);
    const alone = await Watcher.open(optionsOf([bad, bad]));
    await expect(alone.step()).rejects.toMatchObject({ code: 'CHAIN_BOOKS_WRONG' });
    expect(alone.final).toEqual(emptyChainBooks(booksContext(VAULT)));
  });

  it.each([
    ['has no eth_getLogs', { code: -32601, message: 'the method eth_getLogs does not exist/is not available' }],
    ['wants a key', { code: -32000, message: 'Unauthorized' }],
    ['takes no range at all', { code: -32602, message: 'block range is too large for your plan' }],
  ])('it %s', async (_what, error) => {
    const chain = grown(30);
    const bad = spoilt(chain.rpc, async (method, _params, answer) => {
      if (method === 'eth_getLogs') throw nodeErrorOf(method, error);
      return answer();
    });
    const watcher = await Watcher.open(optionsOf([bad, chain.rpc]));
    await toHead(watcher);
    expect(watcher.head.credits.supply).toBe(30n);
  });

  it('its parents never fit: it is left after some tries', async () => {
    const chain = grown(30);
    const bad = spoilt(chain.rpc, async (method, params, answer) => {
      const block = await answer();
      if (method !== 'eth_getBlockByNumber' || params[0] === 'latest') return block;
      return { ...(block as object), parentHash: `0x${'ee'.repeat(32)}` };
    });
    const watcher = await Watcher.open(optionsOf([bad, chain.rpc]));
    await toHead(watcher);
    expect(watcher.head.credits.supply).toBe(30n);
  });

  it('it tells of no safe block any more: it is left after some tries, and what is final goes on', async () => {
    const chain = grown(30);
    const safe = spoilt(chain.rpc, async (_method, params, answer) => {
      return params[0] === 'safe' ? chain.rpc('eth_getBlockByNumber', [`0x${(chain.head.number - 6n).toString(16)}`, false]) : answer();
    });
    let isSilent = false;
    const silent = spoilt(safe, async (_method, params, answer) => (isSilent && params[0] === 'safe' ? null : answer()));
    const watcher = await Watcher.open(optionsOf([silent, safe], { finality: { depthBlocks: DEPTH, tag: 'safe' } }));
    await toHead(watcher);
    expect(watcher.finalBlock).toBe(24n);
    isSilent = true;
    for (let i = 0; i < 40; i += 1) {
      chain.extend([1n]);
      await watcher.step();
    }
    expect(watcher.finalBlock).toBe(64n);
    expect(watcher.head.credits.supply).toBe(70n);
  });

  it('it hangs on logs: that costs two of its timeouts, not one for each size of a range', async () => {
    const chain = grown(3000);
    let hung = 0;
    const bad = spoilt(chain.rpc, async (method, _params, answer) => {
      if (method !== 'eth_getLogs') return answer();
      hung += 1;
      throw new NodeError('line', method, { isTimeout: true });
    });
    const watcher = await Watcher.open(optionsOf([bad, chain.rpc]));
    await watcher.step();
    expect(hung).toBe(2);
    expect(watcher.finalBlock).toBeGreaterThan(400n);
  });
});

describe('the one node', () => {
  it.each([
    { code: -39001, message: 'safe block not found' },
    { code: -32000, message: 'safe block not found' },
    { code: -32602, message: 'invalid argument 0: hex string without 0x prefix' },
  ])('knows of no safe block and says %j: it is followed, and nothing is final', async (error) => {
    const chain = grown(30);
    const geth = spoilt(chain.rpc, async (method, params, answer) => {
      if (params[0] === 'safe') throw nodeErrorOf(method, error);
      return answer();
    });
    const watcher = await Watcher.open(optionsOf([geth], { finality: { depthBlocks: DEPTH, tag: 'safe' } }));
    await toHead(watcher);
    expect(watcher.head.credits.supply).toBe(30n);
    expect(watcher.finalBlock).toBe(-1n);
  });

  it('is the chain itself, and lost blocks that were final: that is told, where elsewhere it would be a node that lags', async () => {
    for (const [canLoseEnd, code] of [
      [true, 'CHAIN_REORG_TOO_DEEP'],
      [false, 'CHAIN_UNREACHABLE'],
    ] as const) {
      const chain = grown(30);
      const watcher = await Watcher.open(optionsOf([chain.rpc], { finality: { depthBlocks: DEPTH, tag: null, canLoseEnd } }));
      while (watcher.finalBlock < 26n) await watcher.step();
      chain.drop(20);
      await expect(watcher.step()).rejects.toMatchObject({ code });
    }
  });

  it('is several machines that disagree: it is asked again after the pause, as one that has nothing new', async () => {
    const chain = grown(30);
    let looks = 0;
    // One machine tells of the newest block; the one that answers by number does not have the one before it.
    const balanced = spoilt(chain.rpc, async (method, params, answer) => {
      if (params[0] === 'latest') looks += 1;
      return method === 'eth_getBlockByNumber' && params[0] === '0x1d' ? null : answer();
    });
    const followed = await followChain({ ...optionsOf([balanced]), log: quiet, pollMs: 3_600_000, retryMs: 3_600_000 });
    await expect.poll(() => followed.status().headBlock).toBe(28n);
    await turns();
    // The final ones, the two after them, and the look that finds nothing more.
    expect(looks).toBe(3);
    expect(followed.status()).toMatchObject({ headBlock: 28n, isAtHead: false, trouble: null });
    await followed.stop();
  });

  it('never answers: the end does not wait for it, and asks nothing more', async () => {
    const chain = grown(30);
    const hanging = Promise.withResolvers<never>();
    let asked = 0;
    const slow = spoilt(chain.rpc, (method, _params, answer) => {
      asked += 1;
      return method === 'eth_getLogs' ? hanging.promise : answer();
    });
    const store = new Written();
    const followed = await followChain({ ...optionsOf([slow], { store }), log: quiet, pollMs: 5, retryMs: 5 });
    await expect.poll(() => asked).toBeGreaterThan(3);
    const before = asked;
    await followed.stop();
    hanging.reject(new NodeError('line', 'eth_getLogs', { isTimeout: true }));
    await turns();
    expect(asked).toBe(before);
    expect(store.batches).toEqual([]);
  });
});

describe('books that lack their beginning', () => {
  const placed = (blocks: number): FakeChain => {
    const chain = new FakeChain();
    chain.extend([]);
    chain.deploy();
    for (let i = 0; i < blocks; i += 1) chain.extend([1n]);
    return chain;
  };
  /** Ranges of final blocks have no logs, as of a node that pruned them. */
  const withoutRanges = (chain: FakeChain): Rpc =>
    spoilt(chain.rpc, async (method, params, answer) => {
      return method === 'eth_getLogs' && 'fromBlock' in (params[0] as object) ? [] : answer();
    });
  const supply = ({ credits }: ChainBooks) => credits.supply;

  it('because the record’s first block is too late are told, and nothing of them is stored', async () => {
    const chain = placed(30);
    const store = new Written();
    const watcher = await Watcher.open(optionsOf([chain.rpc], { contracts: PLACED_CONTRACTS, fromBlock: 10n, store }));
    for (let i = 0; i < 3; i += 1) {
      await expect(toHead(watcher)).rejects.toMatchObject({
        code: 'CHAIN_BOOKS_WRONG',
        facts: { contract: 'CreditToken', from_block: 10 },
      });
    }
    await watcher.snapshot();
    expect([store.batches, store.snapshots]).toEqual([[], []]);
    expect(watcher.finalBlock).toBe(9n);
  });

  it('are told once while nobody mends them, and the trouble stands', async () => {
    const chain = placed(30);
    const { log, told } = listeningLog();
    const options = optionsOf([chain.rpc], { contracts: PLACED_CONTRACTS, fromBlock: 10n, rangeBlocksMax: 4 });
    const followed = await followChain({ ...options, log, pollMs: 5, retryMs: 1 });
    await expect.poll(() => followed.status().trouble).toBe('CHAIN_BOOKS_WRONG');
    const troubles = new Set<string | null>();
    const begun = chain.asked.length;
    await expect
      .poll(() => {
        troubles.add(followed.status().trouble);
        return chain.asked.length - begun;
      })
      .toBeGreaterThan(100);
    await followed.stop();
    expect([...troubles]).toEqual(['CHAIN_BOOKS_WRONG']);
    expect(told.map(({ message }) => message)).toEqual(['the chain cannot be followed']);
  });

  it('because a node answers ranges with nothing are told, and begun again with the next node', async () => {
    const chain = placed(30);
    const store = new Written();
    const setting = { contracts: PLACED_CONTRACTS, rangeBlocksMax: 8, quietBlocksMax: 3, store };
    const watcher = await Watcher.open(optionsOf([withoutRanges(chain), chain.rpc], setting));
    await expect(toHead(watcher)).rejects.toMatchObject({ code: 'CHAIN_BOOKS_WRONG' });
    expect(store.batches).toEqual([]);
    await toHead(watcher);
    expect(supply(watcher.head)).toBe(30n);
    expect(watcher.final.mismatchCount).toBe(0n);
    expect(store.batches[0]).toMatchObject({ from: 0n });
    expect(store.batches.flatMap(({ logs }) => logs)).toEqual(chain.logs(watcher.finalBlock));
  });

  it('are final only when the registry told of every contract, and all that came before counts then', async () => {
    const chain = new FakeChain();
    for (let i = 0; i < 5; i += 1) chain.extend([1n]);
    chain.deploy();
    const store = new Written();
    const finals: bigint[] = [];
    const listener = { onFinal: (events: readonly { readonly block: bigint }[]) => finals.push(...events.map(({ block }) => block)) };
    const watcher = await Watcher.open({ ...optionsOf([chain.rpc], { contracts: PLACED_CONTRACTS, store }), listener });
    await toHead(watcher);
    expect([supply(watcher.head), supply(watcher.final), watcher.finalBlock, store.batches]).toEqual([5n, 0n, -1n, []]);
    for (let i = 0; i < DEPTH; i += 1) chain.extend([]);
    store.full = true;
    await expect(toHead(watcher)).rejects.toThrow('no space left');
    expect([supply(watcher.final), watcher.finalBlock]).toEqual([0n, -1n]);
    store.full = false;
    await toHead(watcher);
    expect([supply(watcher.final), watcher.finalBlock]).toEqual([5n, 6n]);
    expect(store.batches).toMatchObject([{ from: 0n, to: 6n, logs: chain.logs(6n) }]);
    expect(finals).toEqual([1n, 1n, 2n, 2n, 3n, 3n, 4n, 4n, 5n, 5n, 6n, 6n]);
  });
});
