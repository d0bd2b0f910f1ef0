/** The embedded chain: it comes with the daemon, goes with it however it goes, and keeps its state. The gateway serves whatever becomes of it. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { rpc } from '../../packages/server/src/app/chain/anvil.ts';
import { deployLocal } from '../../packages/server/src/settle/deploy/index.ts';
import { call, eventually } from '../support/calling.ts';
import { type DaemonOptions, startDaemon, type TestDaemon, temporaryFolder } from '../support/daemon.ts';
import { anvilPath, devChain, takePort } from '../support/dev-chain.ts';
import { offline } from '../support/offline.ts';
import { childrenOf, isRunning } from '../support/processes.ts';
import { between, seeded } from '../support/random.ts';

type View = {
  readonly mode: string;
  readonly state: string;
  readonly chain_id: number | null;
  readonly rpc: string | null;
  readonly reason: string | null;
  readonly deployment: { readonly contracts: Readonly<Record<string, { readonly address: string }>>; readonly from_block: number } | null;
};
type Books = {
  readonly head_block: number;
  readonly at_head: boolean;
  readonly trouble: string | null;
  readonly events: number;
  readonly mismatches: number;
  readonly credits: unknown;
  readonly oracle_set: number;
};
type Report = { readonly ok: boolean; readonly findings: readonly { readonly ok: boolean }[] };
type Processes = { readonly keeper: number; readonly anvil: number };

const RECEIVER = '0x00000000000000000000000000000000000a11ce';
let daemons: TestDaemon[] = [];
// Each test starts several daemons with all that belongs to them.
vi.setConfig({ testTimeout: 120_000 });

afterEach(async () => {
  for (const daemon of daemons) await daemon.dispose();
  daemons = [];
});

async function start(options: DaemonOptions = {}): Promise<TestDaemon> {
  const daemon = await startDaemon({ ...options, env: { TALLY_CHAIN: '', ...options.env } });
  daemons.push(daemon);
  return daemon;
}

const viewOf = async (daemon: TestDaemon) => (await daemon.admin<View>('/chain')).body;

async function ready(daemon: TestDaemon): Promise<View> {
  await eventually('the contracts are there', async () => (await viewOf(daemon)).state === 'ready');
  return viewOf(daemon);
}

function commandOf(pid: number): string {
  return spawnSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }).stdout;
}

function processesOf(daemon: TestDaemon): Processes {
  const keeper = childrenOf(daemon.pid).find((pid) => commandOf(pid).includes('chain/keeper.ts')) ?? 0;
  return { keeper, anvil: childrenOf(keeper)[0] ?? 0 };
}

const allGone = ({ keeper, anvil }: Processes) => eventually('no process is left', async () => !isRunning(keeper) && !isRunning(anvil));

const urlOf = (daemon: TestDaemon) => daemon.chain?.rpc ?? '';
const balanceAt = async (url: string) => BigInt(await rpc<string>(url, 'eth_getBalance', [RECEIVER, 'latest']));
const blockAt = async (url: string) => Number(await rpc<string>(url, 'eth_blockNumber'));

/** One wei, mined. */
async function pay(url: string): Promise<void> {
  const [from] = await rpc<string[]>(url, 'eth_accounts');
  const hash = await rpc<string>(url, 'eth_sendTransaction', [{ from, to: RECEIVER, value: '0x1' }]);
  await eventually(
    'it is mined',
    async () => (await rpc<{ status?: string } | null>(url, 'eth_getTransactionReceipt', [hash]))?.status === '0x1',
  );
}

/** The keeper writes within a moment of each block. */
const written = (daemon: TestDaemon, block: number) =>
  eventually('the state is written', async () => {
    const state = JSON.parse(readFileSync(join(daemon.dir, 'data/chain/state.json'), 'utf8')) as { best_block_number: number | string };
    return Number(state.best_block_number) >= block;
  });

const urlOfServer = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const serves = async (daemon: TestDaemon, key: string) =>
  expect((await call(daemon.url, key, { model: 'sandbox-small', max: 20 })).status).toBe(200);

describe.skipIf(anvilPath === undefined)('the embedded chain (needs anvil)', () => {
  it('comes with the daemon, has the contracts, and is for this machine alone', async () => {
    const daemon = await start();
    const view = await ready(daemon);
    expect(view).toMatchObject({ mode: 'embedded', chain_id: 31_337, rpc: urlOf(daemon), reason: null });
    expect(await rpc(urlOf(daemon), 'eth_chainId')).toBe('0x7a69');
    const contracts = Object.values(view.deployment?.contracts ?? {});
    expect(contracts.length).toBeGreaterThan(15);
    for (const { address } of contracts)
      expect((await rpc<string>(urlOf(daemon), 'eth_getCode', [address, 'latest'])).length).toBeGreaterThan(100);
    expect(JSON.parse(readFileSync(join(daemon.dir, 'data/chain/deployment.json'), 'utf8'))).toEqual(view.deployment);
    const asked = { method: 'OPTIONS', headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' } };
    expect((await fetch(urlOf(daemon), asked)).headers.get('access-control-allow-origin')).toBeNull();
    const outward = Object.values(networkInterfaces())
      .flat()
      .find((each) => each?.internal === false && each.family === 'IPv4');
    if (outward !== undefined) await expect(fetch(urlOf(daemon).replace('127.0.0.1', outward.address))).rejects.toThrow();
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('keeps its state over %s and a start, with the same contracts', async (signal) => {
    const first = await start();
    const before = await ready(first);
    await pay(urlOf(first));
    const blocks = await blockAt(urlOf(first));
    const processes = processesOf(first);
    expect(isRunning(processes.anvil)).toBe(true);
    expect(await first.stop(signal)).toBe(0);
    await allGone(processes);
    const second = await start({ dir: first.dir });
    expect(await ready(second)).toMatchObject({ deployment: before.deployment });
    expect([await balanceAt(urlOf(second)), await blockAt(urlOf(second))]).toEqual([1n, blocks]);
    const log = { address: before.deployment?.contracts['CreditToken']?.address, fromBlock: '0x0', toBlock: 'latest' };
    expect((await rpc<unknown[]>(urlOf(second), 'eth_getLogs', [log])).length).toBeGreaterThan(0);
  });

  it('has books, rebuilt from its events, that go on after a kill and are made anew where the chain is another', async () => {
    const first = await start();
    await ready(first);
    // So many that the contracts' deployment is final.
    await rpc(urlOf(first), 'anvil_mine', ['0x20']);
    const height = await blockAt(urlOf(first));
    const followed = async (daemon: TestDaemon) => {
      await eventually('the books are at the head', async () => {
        const { body } = await daemon.admin<Books>('/chain/books');
        return body.at_head && body.head_block === height;
      });
      const { body } = await daemon.admin<Report>('/chain/verify', {});
      expect(body.findings.filter(({ ok }) => !ok)).toEqual([]);
      expect(body.ok).toBe(true);
      return (await daemon.admin<Books>('/chain/books')).body;
    };
    const before = await followed(first);
    expect(before).toMatchObject({ trouble: null, mismatches: 0, credits: { supply: '0', in_channels: '0', owed: '0' }, oracle_set: 0 });
    expect(before.events).toBeGreaterThan(30);
    await written(first, height);
    await first.stop('SIGKILL');
    const second = await start({ dir: first.dir });
    await ready(second);
    expect((await followed(second)).events).toBe(before.events);
    expect(await second.stop()).toBe(0);
    // As a chain that lost blocks which its books hold to be final.
    const journal = join(first.dir, 'data/chain/books-31337/events.jsonl');
    writeFileSync(journal, readFileSync(journal, 'utf8').replaceAll(/"hash":"0x[0-9a-f]{2}/g, '"hash":"0xee'));
    rmSync(join(first.dir, 'data/chain/books-31337/books.json'), { force: true });
    const third = await start({ dir: first.dir });
    await ready(third);
    expect((await followed(third)).events).toBe(before.events);
    expect(third.stderr() + third.stdout()).toContain('they are made anew from its events');
  });

  it('ends with a daemon that is killed, and loses nothing', async () => {
    const first = await start();
    await ready(first);
    const processes = processesOf(first);
    await pay(urlOf(first));
    await first.stop('SIGKILL');
    await allGone(processes);
    const second = await start({ dir: first.dir });
    await ready(second);
    expect(await balanceAt(urlOf(second))).toBe(1n);
  });

  it('is given up by a daemon whose keeper or chain is killed, and the next start has its state', async () => {
    let daemon = await start();
    const key = daemon.virtual_key ?? '';
    let paid = 0n;
    for (const victim of ['keeper', 'anvil'] as const) {
      await ready(daemon);
      await pay(urlOf(daemon));
      paid += 1n;
      await written(daemon, await blockAt(urlOf(daemon)));
      const processes = processesOf(daemon);
      process.kill(processes[victim], 'SIGKILL');
      await allGone(processes);
      await eventually('it is seen', async () => (await viewOf(daemon)).state === 'failed');
      await serves(daemon, key);
      expect(await daemon.stop()).toBe(0);
      daemon = await start({ dir: daemon.dir });
      await ready(daemon);
      expect(await balanceAt(urlOf(daemon)), victim).toBe(paid);
    }
  });

  it('can always be started again, whatever is killed at whatever moment of its first minutes', async () => {
    const random = seeded(31);
    const dir = temporaryFolder();
    let paid = 0n;
    for (let kill = 0; kill < 3; kill += 1) {
      const daemon = await start({ dir });
      const processes = processesOf(daemon);
      const until = performance.now() + between(random, 20, 900);
      while (performance.now() < until) await pay(urlOf(daemon)).catch(() => {});
      paid = await balanceAt(urlOf(daemon)).catch(() => paid);
      for (const pid of [processes.anvil, processes.keeper, daemon.pid]) if (pid !== 0) process.kill(pid, 'SIGKILL');
      await daemon.stop('SIGKILL');
      await allGone(processes);
    }
    const daemon = await start({ dir });
    const view = await ready(daemon);
    expect(await balanceAt(urlOf(daemon))).toBeLessThanOrEqual(paid);
    expect(view.deployment).not.toBeNull();
  });

  it('takes another port where the usual one is taken, and fails aloud where the one that was named is', async () => {
    const usual = await takePort(8_545).catch(() => null);
    const daemon = await start();
    // Where another program of this machine has it just now, it may be free again by then.
    if (usual !== null) expect(new URL(urlOf(daemon)).port).not.toBe('8545');
    await usual?.free();
    const taken = await takePort();
    const other = await start({ env: { TALLY_CHAIN_PORT: String(taken.port) } });
    const view = await viewOf(other);
    expect(view).toMatchObject({ mode: 'embedded', state: 'failed', rpc: null, reason: expect.stringContaining('port may be taken') });
    await serves(other, other.virtual_key ?? '');
    await taken.free();
    const port = taken.port;
    await other.stop();
    const again = await start({ dir: other.dir, env: { TALLY_CHAIN_PORT: String(port) } });
    expect(new URL(urlOf(again)).port).toBe(String(port));
  });

  it('is one for each data folder: a second daemon is refused, and the first one’s chain goes on', async () => {
    const daemon = await start();
    await ready(daemon);
    const second = await offline(daemon.dir, ['serve'], { TALLY_CHAIN: 'embedded' });
    expect(second).toMatchObject({ exit: 1, error: { code: 'DATA_LOCKED' } });
    await pay(urlOf(daemon));
    expect(childrenOf(daemon.pid)).toHaveLength(2);
  });

  it('whose state cannot be written says so once, goes on, and says when it is written again', async () => {
    const daemon = await start();
    await ready(daemon);
    const state = join(daemon.dir, 'data/chain/state.json');
    await written(daemon, await blockAt(urlOf(daemon)));
    const log = () => `${daemon.stdout()}${daemon.stderr()}`;
    rmSync(state);
    mkdirSync(state);
    await pay(urlOf(daemon));
    await eventually('it is said', async () => (await viewOf(daemon)).reason === 'its state cannot be written: EISDIR');
    expect(await viewOf(daemon)).toMatchObject({ state: 'ready' });
    rmdirSync(state);
    await eventually('it is written again', async () => (await viewOf(daemon)).reason === null);
    await written(daemon, await blockAt(urlOf(daemon)));
    expect(log().match(/EISDIR/g)).toHaveLength(1);
    expect(log()).toContain('the state of the embedded chain is written again');
  });

  it('says why where its state cannot be read, and the gateway serves', async () => {
    const first = await start();
    await ready(first);
    await first.stop();
    writeFileSync(join(first.dir, 'data/chain/state.json'), '{"half');
    const second = await start({ dir: first.dir });
    expect(await viewOf(second)).toMatchObject({ state: 'failed', reason: expect.stringContaining('its state unreadable') });
    expect((await fetch(`${second.url}/readyz`)).status).toBe(200);
  });
});

describe('without an embedded chain', () => {
  /** Hides the package, as on a platform that has none; PATH has no anvil either. */
  const hidden = (dir: string) => {
    const path = join(dir, 'hide-anvil.cjs');
    writeFileSync(
      path,
      `const M = require('node:module'); const real = M._resolveFilename;
       M._resolveFilename = (name, ...rest) => { if (name.includes('@foundry-rs/anvil')) throw new Error('none'); return real(name, ...rest); };`,
    );
    return { NODE_OPTIONS: `--require=${path}`, PATH: dir };
  };

  it('where there is no anvil, says so and serves', async () => {
    const dir = temporaryFolder();
    const daemon = await start({ dir, env: hidden(dir) });
    expect(daemon.chain).toBeNull();
    expect(await viewOf(daemon)).toMatchObject({ mode: 'none', state: 'off', reason: expect.stringContaining('no anvil') });
    expect(daemon.stderr()).toContain('there is no anvil on this machine');
    await serves(daemon, daemon.virtual_key ?? '');
    expect(existsSync(join(daemon.dir, 'data/chain'))).toBe(false);
  });

  it.each([
    ['--no-chain', { args: ['--no-chain'] }],
    ['TALLY_CHAIN=off', { env: { TALLY_CHAIN: 'off' } }],
    ['production', { env: { TALLY_MODE: 'production' } }],
  ])('%s starts none', async (_name, options) => {
    const daemon = await start(options);
    expect(daemon.chain).toBeNull();
    expect(await viewOf(daemon)).toMatchObject({ mode: 'off', state: 'off' });
    expect(childrenOf(daemon.pid)).toHaveLength(1);
  });

  it.each([
    [{ TALLY_CHAIN: 'embedded', TALLY_MODE: 'production' }, 'for development only'],
    [{ TALLY_CHAIN: 'embedded', CHAIN_RPC_URL: 'http://127.0.0.1:1' }, 'CHAIN_RPC_URL names a chain'],
    [{ TALLY_CHAIN: '', CHAIN_RPC_URL: 'ftp://somewhere' }, 'CHAIN_RPC_URL: must be'],
    [{ TALLY_CHAIN: 'yes' }, 'TALLY_CHAIN: must be embedded or off'],
    [{ TALLY_CHAIN_PORT: '0' }, 'TALLY_CHAIN_PORT'],
  ])('%o is refused', async (env, why) => {
    const refused = await offline(temporaryFolder(), ['serve'], env);
    expect(refused).toMatchObject({ exit: 78, error: { code: 'CONFIG_INVALID', message: expect.stringContaining(why) } });
  });
});

describe.skipIf(anvilPath === undefined)('a chain of one’s own (needs anvil)', () => {
  it('is used as it is: nothing is deployed, and its keys are shown to nobody', async () => {
    const chain = await devChain(31_338);
    try {
      const secret = 'key-in-a-path-0123456789';
      const urls = `http://127.0.0.1:1/${secret}, ${chain.url.replace('127', `user:${secret}@127`)}/?key=${secret}`;
      const daemon = await start({ env: { CHAIN_RPC_URL: urls } });
      const view = await viewOf(daemon);
      expect(view).toMatchObject({ mode: 'rpc', state: 'ready', chain_id: 31_338, rpc: chain.url, deployment: null });
      expect(view.reason).toContain('tally chain deploy');
      expect(await blockAt(chain.url)).toBe(0);
      expect(`${daemon.stdout()}${daemon.stderr()}${JSON.stringify(view)}`).not.toContain(secret);
      for (const child of childrenOf(daemon.pid)) expect(commandOf(child)).not.toContain(secret);
      await serves(daemon, daemon.virtual_key ?? '');
    } finally {
      await chain.end();
    }
  });

  it('has its books followed where contracts of ours are on it, past a node that is gone, and its keys are shown to nobody', async () => {
    const chain = await devChain(31_338);
    const dir = temporaryFolder();
    try {
      mkdirSync(join(dir, 'data/chain'), { recursive: true, mode: 0o700 });
      chmodSync(join(dir, 'data'), 0o700);
      await deployLocal(chain.url, join(dir, 'data/chain/deployment-31338.json'), true);
      const secret = 'key-in-a-path-0123456789';
      const urls = `http://127.0.0.1:1/${secret}, ${chain.url.replace('127', `user:${secret}@127`)}/?key=${secret}`;
      const daemon = await start({ dir, env: { CHAIN_RPC_URL: urls } });
      await eventually('the books are at the head', async () => (await daemon.admin<Books>('/chain/books')).body.at_head === true);
      const { body } = await daemon.admin<Report>('/chain/verify', {});
      expect(body.findings.filter(({ ok }) => !ok)).toEqual([]);
      expect(body.ok).toBe(true);
      expect(`${daemon.stdout()}${daemon.stderr()}${JSON.stringify(body)}`).not.toContain(secret);
      expect(await daemon.stop()).toBe(0);
    } finally {
      await chain.end();
    }
  });

  it('is believed at its own address alone, and in a short answer', async () => {
    const json = { 'content-type': 'application/json' };
    const chainId = '{"jsonrpc":"2.0","id":1,"result":"0x7a6a"}';
    const other = createServer((_, response) => response.writeHead(200, json).end(chainId));
    const long = createServer((_, response) => response.writeHead(200, json).end(chainId + ' '.repeat(4 * 1024 * 1024)));
    const leading = createServer((_, response) => response.writeHead(307, { location: urlOfServer(other) }).end());
    const servers = [other, long, leading];
    try {
      for (const server of servers) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const daemon = await start({ env: { CHAIN_RPC_URL: `${urlOfServer(leading)},${urlOfServer(long)}` } });
      expect(await viewOf(daemon)).toMatchObject({
        mode: 'rpc',
        state: 'failed',
        chain_id: null,
        reason: expect.stringContaining('no node'),
      });
      const believed = await start({ env: { CHAIN_RPC_URL: `${urlOfServer(leading)},${urlOfServer(other)}` } });
      await eventually('a node is believed', async () => (await viewOf(believed)).state === 'ready');
      expect(await viewOf(believed)).toMatchObject({ chain_id: 31_338, rpc: urlOfServer(other) });
    } finally {
      for (const server of servers) server.close();
    }
  });

  it('that does not answer keeps nobody waiting', async () => {
    const daemon = await start({ env: { CHAIN_RPC_URL: 'http://127.0.0.1:1' } });
    expect(await viewOf(daemon)).toMatchObject({ mode: 'rpc', state: 'failed', reason: expect.stringContaining('no node') });
    await serves(daemon, daemon.virtual_key ?? '');
  });
});
