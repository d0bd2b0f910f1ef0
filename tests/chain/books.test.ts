import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { artifacts } from '../../contracts/artifacts/index.ts';
import { booksContext, CHAIN_CONTRACTS, CHAIN_HANDLERS, type ChainBooks, copyChainBooks, type Hex } from '../../packages/core/src/index.ts';
import type { Contracts } from '../../packages/server/src/settle/chain/contracts.ts';
import { deployedContracts } from '../../packages/server/src/settle/chain/deployed.ts';
import { followChain } from '../../packages/server/src/settle/chain/follow.ts';
import type { Anchor } from '../../packages/server/src/settle/chain/gather.ts';
import type { Nodes } from '../../packages/server/src/settle/chain/nodes.ts';
import { openFileStore } from '../../packages/server/src/settle/chain/store.ts';
import { verifyBooks } from '../../packages/server/src/settle/chain/verify.ts';
import { WATCHER_DEFAULTS, Watcher } from '../../packages/server/src/settle/chain/watcher.ts';
import { deployLocal } from '../../packages/server/src/settle/deploy/local.ts';
import type { DeploymentRecord } from '../../packages/server/src/settle/deploy/record.ts';
import { ChainLife } from '../support/chain-life.ts';
import { ANVIL, type ChainNode, startChain } from '../support/chain-node.ts';
import { between, seeded } from '../support/random.ts';
import { listeningLog, nodesFor } from '../support/sending.ts';

/** Events that say nothing of the books. */
const NOT_OF_THE_BOOKS = ['Approval', 'AuthorityUpdated', 'EIP712DomainChanged', 'MigrationManifest.Tallied'];

describe('the books know the contracts', () => {
  it.each(CHAIN_CONTRACTS.map((name) => [name]))('%s: each event has its handler, and each handler its event', (name) => {
    const events = artifacts[name].abi.filter((item) => item.type === 'event').map((item) => item.name as string);
    const handled = Object.keys(CHAIN_HANDLERS[name]);
    const expected = events.filter((event) => !NOT_OF_THE_BOOKS.includes(event) && !NOT_OF_THE_BOOKS.includes(`${name}.${event}`));
    expect(handled.sort()).toEqual(expected.sort());
  });
});

const SEED = Number(process.env['TALLY_TEST_SEED'] ?? 7);
const ACTS = process.env['TALLY_TEST_LONG'] === '1' ? 3000 : 350;

describe.skipIf(ANVIL === undefined)('books rebuilt from events (needs anvil)', () => {
  let chain: ChainNode;
  let folder: string;
  let record: DeploymentRecord;
  let contracts: Contracts;
  let nodes: Nodes;
  const { log, told } = listeningLog();

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tally-chain-books-'));
    chain = await startChain('--timestamp', '1790000000');
    record = (await deployLocal(chain.url, join(folder, 'deployment.json'), true)).record;
    contracts = deployedContracts(record);
    nodes = nodesFor([chain.node], log);
  });
  afterAll(async () => {
    await chain.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const options = async (name: string) => ({
    ...WATCHER_DEFAULTS,
    nodes,
    contracts,
    context: booksContext(contracts.get('CreditVault')?.address as Hex),
    fromBlock: BigInt(record.from_block),
    store: await openFileStore(join(folder, name), name),
    finality: { depthBlocks: 4, tag: null },
    rangeBlocksMax: 50,
  });

  it('are the contracts’ own views, unit for unit, whenever the watcher was killed and whatever was orphaned', async () => {
    const random = seeded(SEED);
    const below = (limit: number) => between(random, 0, limit - 1);
    const life = new ChainLife(chain, record, below);
    await life.begin();
    let setting = await options('one');
    let watcher = await Watcher.open(setting);
    const toHead = async () => {
      while (!(await watcher.step()).isAtHead);
    };
    let checks = 0;
    for (let act = 0; act < ACTS; act += 1) {
      await life.live();
      const dice = below(20);
      if (dice < 10) await watcher.step();
      if (dice === 10) {
        await setting.store.close();
        setting = await options('one');
        watcher = await Watcher.open(setting);
      }
      if (dice === 11) await watcher.snapshot();
      if (dice === 12) {
        await toHead();
        await chain.ask('anvil_reorg', 1 + below(3), []);
      }
      if (act % 100 !== 99) continue;
      await toHead();
      const verdict = await verifyBooks(nodes, contracts, watcher.head, watcher.headBlock);
      expect(verdict.differences).toEqual([]);
      checks = verdict.checked;
    }
    await chain.mine(5);
    await toHead();
    expect(watcher.head.mismatches).toEqual([]);
    expect(watcher.final.mismatches).toEqual([]);
    expect(checks).toBeGreaterThan(100);
    expect(life.done).toBeGreaterThan(ACTS / 3);
    await expectAllTold(watcher.head, watcher.headBlock);
    await setting.store.close();

    const fresh = await Watcher.open(await options('two'));
    while (!(await fresh.step()).isAtHead);
    expect(fresh.final).toEqual(watcher.final);
    expect(fresh.head).toEqual(watcher.head);
  }, 300_000);

  /** A verification that finds nothing in spoilt books would be worth nothing. */
  async function expectAllTold(books: ChainBooks, at: Anchor): Promise<void> {
    const spoilt = copyChainBooks(books);
    spoilt.credits.supply += 1n;
    const [account] = spoilt.vault.accounts.values();
    if (account !== undefined) account.deposited += 1n;
    const [stake] = spoilt.stakes.stakes.values();
    if (stake !== undefined) stake.amount -= 1n;
    const [lane] = spoilt.lanes.values();
    if (lane !== undefined) lane.nextSeq += 1n;
    const [channel] = spoilt.channels.values();
    if (channel !== undefined) channel.everDeposited += 1n;
    const { differences } = await verifyBooks(nodes, contracts, spoilt, at);
    expect(differences.map(({ what }) => what).sort()).toEqual(['StakeManager stake', 'account', 'channel', 'lane', 'supply']);
  }

  it('are followed as the daemon does it', async () => {
    const { listener: _none, ...setting } = await options('three');
    const followed = await followChain({ ...setting, log, pollMs: 20, retryMs: 20 });
    await followed.caughtUp;
    expect((await verifyBooks(nodes, contracts, followed.books(), await headOf())).differenceCount).toBe(0);
    expect(followed.status()).toMatchObject({ trouble: null, mismatches: 0n });
    await followed.stop();
    expect(told.filter(({ message }) => message.includes('add up'))).toEqual([]);
  });

  async function headOf(): Promise<Anchor> {
    return { number: BigInt((await chain.ask('eth_blockNumber')) as string), hash: null };
  }
});
