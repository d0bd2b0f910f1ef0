import { copyFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addKey, addSource, call, type SourceView, settledSource, sourceView, wrongs } from '../support/calling.ts';
import { type DaemonOptions, startDaemon as launch, type TestDaemon, temporaryFolder } from '../support/daemon.ts';
import { offline } from '../support/offline.ts';
import { RESET, Reconciling } from '../support/reconciling.ts';
import { type OwnSandbox, ownSandbox } from '../support/sandbox.ts';

const FIXED = { model: 'sandbox-fixed-5' };
const BASE = { TALLY_SANDBOX: '0', TALLY_LOG_LEVEL: 'silent', TALLY_SHRED_MODE: 'recoverable' };

const daemons: TestDaemon[] = [];
const folders: string[] = [];
let sandbox: OwnSandbox;

beforeAll(async () => {
  sandbox = await ownSandbox();
});
afterAll(async () => {
  await Promise.all(daemons.map((daemon) => daemon.dispose()));
  await sandbox?.close();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

async function startDaemon(options: DaemonOptions = {}): Promise<TestDaemon> {
  const daemon = await launch({ ...options, env: { ...BASE, ...options.env } });
  daemons.push(daemon);
  return daemon;
}

function folder(): string {
  const made = temporaryFolder();
  folders.push(made);
  return made;
}

async function backupOf(daemon: TestDaemon): Promise<string> {
  const to = join(folder(), 'backup');
  expect((await daemon.admin('/backup', { folder: to })).status).toBe(201);
  return to;
}

const wait = () => expect.poll(() => Date.now() % 1000, { interval: 5 }).toBeLessThan(200);

describe('backup, spend more, restore, reconcile', () => {
  it('each source goes on with what its provider says, and doctor tells how it stands at each step', async () => {
    const first = await startDaemon();
    const one = await Reconciling.on(sandbox, first);
    await one.burn();
    const before = await one.interval();
    await one.reconcile(before);
    const other = await addSource(first, { base_url: `${sandbox.url}/v1`, api_key: 'sk-other', cap: 1_000 });
    const to = await backupOf(first);
    // What comes now is in no backup: metered calls, and one that is burned.
    for (let n = 0; n < 4; n += 1) await call(first.url, one.key, FIXED);
    await call(first.url, one.key, RESET);
    await settledSource(first, one.id);
    await first.stop();
    const dir = folder();
    copyFileSync(join(first.dir, 'data', 'master.key'), join(dir, 'brought.key'));
    const env = { ...BASE, TALLY_MASTER_KEY_FILE: join(dir, 'brought.key') };
    const restored = await offline(dir, ['restore', to], env);
    expect(restored).toMatchObject({ exit: 0, out: { sources_frozen: 2, secrets_missing: 0, missing: [] } });
    expect(JSON.stringify((await offline(dir, ['doctor'], env)).out)).toContain('all sources are frozen until reconciled');
    const second = await startDaemon({ dir, env });
    // The exports that earlier give-backs rest on came along.
    expect(readdirSync(join(dir, 'data', 'reconciled'))).toHaveLength(1);
    one.daemon = second;
    const { to: now } = await one.interval();
    expect(await call(second.url, one.key, FIXED)).toMatchObject({ status: 503, code: 'NO_AVAILABLE_KEYS' });
    expect((await wrongs(second, 'doctor')).join('\n')).toMatch(/anchor: .*frozen sources: /s);
    // A part of what was lost is not enough, nor is one that begins after it.
    expect(await one.reconcile({ from: now - 1000, to: now }, { resume: true })).toMatchObject({ status: 409, code: 'STATE_INVALID' });
    const lost = { from: before.to, to: now };
    const done = await one.reconcile(lost, { resume: true });
    expect([done.status, done.body]).toMatchObject([200, { resumed: true, ours: '0', returned: '0' }]);
    expect(await sourceView(second, one.id)).toMatchObject({ state: 'active', spent: String(await one.billed()) });
    expect((await call(second.url, one.key, FIXED)).status).toBe(200);
    expect((await wrongs(second, 'doctor')).join('\n')).toContain(other);
    const resumed = await second.admin<SourceView>(`/sources/${other}/resume`, { reconciled_total: '0' });
    expect(resumed.body).toMatchObject({ state: 'active', spent: '0' });
    // Without a restart: everything that was found has been seen to.
    expect(await wrongs(second, 'doctor')).toEqual([]);
    expect(await (await fetch(`${second.url}/readyz`)).json()).toEqual({ status: 'ready', findings: 0 });
    const log = (await second.admin<{ reconciliations: object[] }>(`/sources/${other}/reconciliations`)).body;
    expect(log.reconciliations).toMatchObject([{ kind: 'total', provider_total: '0', export: null }]);
  });

  it('a call that the backup holds open is burned there, and its truth comes back', async () => {
    const first = await startDaemon();
    await wait();
    const one = await Reconciling.on(sandbox, first);
    const slow = call(first.url, one.key, { model: 'sandbox-slow', max: 200, stream: true });
    await expect.poll(async () => (await sourceView(first, one.id)).held).not.toBe('0');
    const to = await backupOf(first);
    await slow;
    await settledSource(first, one.id);
    await first.stop();
    const dir = folder();
    copyFileSync(join(first.dir, 'data', 'master.key'), join(dir, 'brought.key'));
    const env = { ...BASE, TALLY_MASTER_KEY_FILE: join(dir, 'brought.key') };
    await offline(dir, ['restore', to], env);
    one.daemon = await startDaemon({ dir, env });
    const held = await one.spent();
    const billed = await one.billed();
    expect(held).toBeGreaterThan(billed);
    const done = await one.reconcile(await one.interval(), { resume: true });
    expect(done.body).toMatchObject({ ambiguous: String(held), returned: String(held - billed), resumed: true });
    expect(await sourceView(one.daemon, one.id)).toMatchObject({ state: 'active', spent: String(billed) });
    expect(await wrongs(one.daemon, 'doctor')).toEqual([]);
  });
});

describe('books that are put back by hand', () => {
  it('of the same generation: an account that went back freezes every source, also one that did not', async () => {
    const daemon = await startDaemon();
    const one = await Reconciling.on(sandbox, daemon);
    const quiet = await addSource(daemon, { base_url: `${sandbox.url}/v1`, api_key: 'sk-quiet', cap: 50 });
    const { key } = await addKey(daemon, { sources: [quiet] });
    await one.burn();
    const old = await backupOf(daemon);
    await call(daemon.url, one.key, FIXED);
    await settledSource(daemon, one.id);
    await daemon.stop();
    const file = join(daemon.dir, 'data', 'ledger.db');
    for (const end of ['-wal', '-shm']) rmSync(file + end, { force: true });
    copyFileSync(join(old, 'ledger.db'), file);
    one.daemon = await startDaemon({ dir: daemon.dir });
    expect((await wrongs(one.daemon, 'doctor')).join('\n')).toContain(`account ${one.id} went back from posting`);
    for (const id of [one.id, quiet])
      expect(await sourceView(one.daemon, id)).toMatchObject({ state: 'frozen', state_reason: 'reconcile' });
    expect(await call(one.daemon.url, key, FIXED)).toMatchObject({ status: 503, code: 'NO_AVAILABLE_KEYS' });
    // Found once; a second start forgets nothing of it.
    await one.daemon.stop();
    one.daemon = await startDaemon({ dir: daemon.dir });
    expect(await sourceView(one.daemon, one.id)).toMatchObject({ state: 'frozen', state_reason: 'reconcile' });
    expect((await one.reconcile(await one.interval(), { resume: true })).body).toMatchObject({ resumed: true });
    expect(await one.spent()).toBe(await one.billed());
    expect((await one.daemon.admin(`/sources/${quiet}/resume`, { reconciled_total: 0 })).status).toBe(200);
    expect(await wrongs(one.daemon, 'doctor')).toEqual([]);
  });
});
