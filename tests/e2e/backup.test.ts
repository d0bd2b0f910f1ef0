import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { restore } from '../../packages/server/src/app/backup.ts';
import { loadConfig } from '../../packages/server/src/ground/config.ts';
import { addKey, addSource, call, receiptOf, type SourceView, settledSource, sourceView, wrongs } from '../support/calling.ts';
import { type DaemonOptions, startDaemon as launch, type TestDaemon, temporaryFolder } from '../support/daemon.ts';
import { offline } from '../support/offline.ts';
import { type OwnSandbox, ownSandbox } from '../support/sandbox.ts';

const SECRET = 'sk-backup-canary-0123456789';
const FIXED = { model: 'sandbox-fixed-5' };
const BASE = { TALLY_SANDBOX: '0', TALLY_LOG_LEVEL: 'silent' };
const RECOVERABLE = { TALLY_SHRED_MODE: 'recoverable' };

/** Every daemon of this file, so that a test that fails leaves none behind. */
const daemons: TestDaemon[] = [];

async function startDaemon(options: DaemonOptions = {}): Promise<TestDaemon> {
  const daemon = await launch(options);
  daemons.push(daemon);
  return daemon;
}

let sandbox: OwnSandbox;
const folders: string[] = [];

beforeAll(async () => {
  sandbox = await ownSandbox();
});

afterAll(async () => {
  await Promise.all(daemons.map((daemon) => daemon.dispose()));
  await sandbox?.close();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function folder(): string {
  const made = temporaryFolder();
  folders.push(made);
  return made;
}

type Made = { readonly daemon: TestDaemon; readonly source: string; readonly key: string; readonly receipt: string | null };

/** A daemon with one source of which 5 tokens are spent. */
async function made(env: Record<string, string> = {}): Promise<Made> {
  const daemon = await startDaemon({ dir: folder(), env: { ...BASE, ...env } });
  const source = await addSource(daemon, { base_url: `${sandbox.url}/v1`, api_key: SECRET, cap: 1_000 });
  const { key } = await addKey(daemon, { sources: [source] });
  const { receipt } = await call(daemon.url, key, FIXED);
  expect((await settledSource(daemon, source)).spent).toBe('5');
  return { daemon, source, key, receipt };
}

async function backupOf(daemon: TestDaemon): Promise<string> {
  const to = join(folder(), 'backup');
  const { status, body } = await daemon.admin('/backup', { folder: to });
  expect([status, body]).toMatchObject([201, { format: 'tallystick-backup/1', folder: to }]);
  return to;
}

/** A new host: an empty folder, and the master key brought by hand. */
function newHost(from: TestDaemon): { dir: string; env: Record<string, string> } {
  const dir = folder();
  const file = join(dir, 'brought.key');
  copyFileSync(join(from.dir, 'data', 'master.key'), file);
  return { dir, env: { TALLY_MASTER_KEY_FILE: file } };
}

const errorOf = async (answer: Promise<{ status: number; body: unknown }>) => {
  const { status, body } = await answer;
  return [status, (body as { error?: { code?: string } }).error?.code];
};

describe('a backup', () => {
  let daemon: TestDaemon;
  let key: string;

  beforeAll(async () => {
    ({ daemon, key } = await made());
  });

  afterAll(() => daemon.dispose());

  it('holds the books, the sealed records and the audit log; no master key, no token, no slot, no secret', async () => {
    const to = await backupOf(daemon);
    const files = readdirSync(to, { recursive: true, encoding: 'utf8' });
    expect(files).toEqual(expect.arrayContaining(['ledger.db', 'manifest.json', join('vault', 'vault.json'), join('vault', 'audit.log')]));
    expect(files.filter((name) => /master|admin|slot|anchor|heads/.test(name))).toEqual([]);
    const master = readFileSync(join(daemon.dir, 'data', 'master.key'), 'utf8').trim();
    for (const name of files.filter((file) => /\.\w+$/.test(file))) {
      const bytes = readFileSync(join(to, name));
      for (const secret of [SECRET, master, Buffer.from(master, 'hex')]) expect(bytes.includes(secret)).toBe(false);
    }
  });

  it('is refused into a folder that has something in it, into the data folder, and by those who are not the operator', async () => {
    const full = folder();
    writeFileSync(join(full, 'x'), 'x');
    expect(await errorOf(daemon.admin('/backup', { folder: full }))).toEqual([400, 'BACKUP_INVALID']);
    expect(await errorOf(daemon.admin('/backup', { folder: join(daemon.dir, 'data', 'backup') }))).toEqual([400, 'BACKUP_INVALID']);
    expect(await errorOf(daemon.admin('/backup', { folder: join(full, 'x', 'under-a-file') }))).toEqual([400, 'BACKUP_INVALID']);
    const { status } = await fetch(`${daemon.url}/api/admin/backup`, { method: 'POST', body: JSON.stringify({ folder: join(full, 'y') }) });
    expect([401, 403]).toContain(status);
  });

  it('made under load is of one moment: restored, it agrees with itself', async () => {
    let running = true;
    const load = Array.from({ length: 6 }, async () => {
      while (running) await call(daemon.url, key, { ...FIXED, stream: true });
    });
    const to = await backupOf(daemon);
    running = false;
    await Promise.all(load);
    const host = newHost(daemon);
    expect(await offline(host.dir, ['restore', to], host.env)).toMatchObject({ exit: 0 });
    const { out } = await offline(host.dir, ['audit-verify'], host.env);
    // The missing slot is what a shreddable backup is about; the anchor is made by the next start. Nothing else is wrong.
    const wrong = (out as { findings: { check: string; ok: boolean; detail: string }[] }).findings.filter(({ ok }) => !ok);
    expect(wrong.filter(({ detail }) => !/is missing$|^there is no anchor/.test(detail))).toEqual([]);
  });

  it('can be made offline, but not beside a running daemon', async () => {
    const to = join(folder(), 'offline');
    expect(await offline(daemon.dir, ['backup', to])).toMatchObject({ exit: 1, error: { code: 'DATA_LOCKED' } });
    expect(await daemon.stop()).toBe(0);
    expect(await offline(daemon.dir, ['backup', to])).toMatchObject({ exit: 0, out: { format: 'tallystick-backup/1', folder: to } });
    const host = newHost(daemon);
    expect(await offline(host.dir, ['restore', to], host.env)).toMatchObject({ exit: 0, out: { restored: true, sources_frozen: 1 } });
  });
});

describe('a restore on a new host', () => {
  it('shreddable: everything is there but the secrets, and it says so', async () => {
    const { daemon, source, key, receipt } = await made();
    const to = await backupOf(daemon);
    const host = newHost(daemon);
    const restored = await offline(host.dir, ['restore', to], host.env);
    const missing = [{ id: source, name: 'test' }];
    expect(restored).toMatchObject({ exit: 0, out: { restored: true, sources_frozen: 1, secrets_missing: 1, missing } });
    const second = await startDaemon({ dir: host.dir, env: { ...BASE, ...host.env } });
    expect(await sourceView(second, source)).toMatchObject({ state: 'frozen', state_reason: 'reconcile', spent: '5' });
    expect((await wrongs(second)).join()).toContain(`the record of ${source} is missing`);
    expect((await receiptOf(second.url, receipt)).receipt.charged).toBe(5n);
    expect(await sourceView(second, source)).toMatchObject({ secret: 'missing' });
    // Without its secret it cannot be of use again.
    expect(await errorOf(second.admin(`/sources/${source}/resume`, { reconciled_total: 5 }))).toEqual([409, 'STATE_INVALID']);
    expect(await call(second.url, key, FIXED)).toMatchObject({ status: 503, code: 'NO_AVAILABLE_KEYS' });
    expect(await settledSource(second, source)).toMatchObject({ spent: '5', held: '0' });
    await second.dispose();
    await daemon.dispose();
  });

  it('recoverable: works again, once the provider’s own count is given', async () => {
    const { daemon, source, key } = await made(RECOVERABLE);
    const to = await backupOf(daemon);
    // Spent after the backup: the restored books do not know it, the provider does.
    for (let n = 0; n < 3; n += 1) await call(daemon.url, key, FIXED);
    await settledSource(daemon, source);
    await daemon.stop();
    const host = newHost(daemon);
    const env = { ...RECOVERABLE, ...host.env };
    const restored = await offline(host.dir, ['restore', to], env);
    expect(restored).toMatchObject({ exit: 0, out: { sources_frozen: 1, secrets_missing: 0 } });
    const second = await startDaemon({ dir: host.dir, env: { ...BASE, ...env } });
    expect(await call(second.url, key, FIXED)).toMatchObject({ status: 503, code: 'NO_AVAILABLE_KEYS' });
    expect(await errorOf(second.admin(`/sources/${source}/resume`, {}))).toEqual([409, 'STATE_INVALID']);
    const resumed = await second.admin<SourceView>(`/sources/${source}/resume`, { reconciled_total: '20' });
    expect(resumed.body).toMatchObject({ state: 'active', spent: '20', left: '980' });
    expect((await call(second.url, key, FIXED)).status).toBe(200);
    expect((await settledSource(second, source)).spent).toBe('25');
    expect(await second.stop()).toBe(0);
    const third = await startDaemon({ dir: host.dir, env: { ...BASE, ...env } });
    expect(await sourceView(third, source)).toMatchObject({ state: 'active', spent: '25' });
    expect(await wrongs(third, 'doctor')).toEqual([]);
    await third.dispose();
    await daemon.dispose();
  });
});

describe('a restore on the same host', () => {
  it('uses the slots that are still there; what was destroyed since stays destroyed', async () => {
    const { daemon, source, key } = await made();
    const gone = await addSource(daemon, { base_url: `${sandbox.url}/v1`, api_key: 'sk-destroyed-later', cap: 1_000 });
    const goneKey = await addKey(daemon, { sources: [gone] });
    const to = await backupOf(daemon);
    expect((await daemon.admin(`/sources/${gone}/destroy`, {})).body).toMatchObject({ state: 'destroyed', secret: 'destroyed' });
    const later = await addSource(daemon, { base_url: `${sandbox.url}/v1`, api_key: 'sk-added-later', cap: 1_000 });
    await call(daemon.url, key, FIXED);
    await settledSource(daemon, source);
    await daemon.stop();
    const data = join(daemon.dir, 'data');
    const lost = join(daemon.dir, 'lost');
    mkdirSync(lost);
    for (const name of readdirSync(data).filter((file) => /^(ledger\.db|vault)/.test(file))) renameSync(join(data, name), join(lost, name));
    expect(await offline(daemon.dir, ['restore', to])).toMatchObject({ exit: 0, out: { sources_frozen: 2, secrets_missing: 1 } });
    // The slot of a secret that only the lost books know is set aside, not shredded: they may yet be found.
    const kept = readdirSync(join(data, 'slots'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith(`${later}.slot`));
    expect(kept).toHaveLength(1);
    const second = await startDaemon({ dir: daemon.dir, env: BASE });
    for (const id of [source, gone]) {
      expect(await sourceView(second, id)).toMatchObject({ state: 'frozen', state_reason: 'reconcile' });
      expect((await second.admin(`/sources/${id}/resume`, { reconciled_total: 10 })).status).toBe(id === source ? 200 : 409);
    }
    expect((await call(second.url, key, FIXED)).status).toBe(200);
    expect((await settledSource(second, source)).spent).toBe('15');
    expect(await call(second.url, goneKey.key, FIXED)).toMatchObject({ status: 503, code: 'NO_AVAILABLE_KEYS' });
    expect((await sandbox.usage('sk-destroyed-later')).requests).toBe(0);
    await second.dispose();
  });
});

describe('a restore is refused', () => {
  let one: Made;
  let backup: string;

  beforeAll(async () => {
    one = await made();
    backup = await backupOf(one.daemon);
    await one.daemon.stop();
  });

  afterAll(() => one.daemon.dispose());

  const changes: [string, (copy: string) => void][] = [
    ['a flipped byte', (copy) => flip(join(copy, 'ledger.db'), 5_000)],
    ['a changed audit log', (copy) => writeFileSync(join(copy, 'vault', 'audit.log'), 'x', { flag: 'a' })],
    ['a missing file', (copy) => rmSync(join(copy, 'vault', 'vault.json'))],
    ['a file too many', (copy) => writeFileSync(join(copy, 'extra'), '')],
    ['no manifest', (copy) => rmSync(join(copy, 'manifest.json'))],
    ['a manifest that is none', (copy) => writeFileSync(join(copy, 'manifest.json'), 'null')],
    ['a manifest of another format', (copy) => writeFileSync(join(copy, 'manifest.json'), '{"format":"x","files":{}}')],
  ];
  it.each(changes)('of a backup with %s', async (_, change) => {
    const copy = join(folder(), 'copy');
    cpSync(backup, copy, { recursive: true });
    change(copy);
    const host = newHost(one.daemon);
    const config = loadConfig({ TALLY_DATA_DIR: join(host.dir, 'data'), ...host.env }, host.dir);
    await expect(restore(config, copy, host.env, null)).rejects.toMatchObject({ code: 'BACKUP_INVALID' });
    expect(existsSync(join(host.dir, 'data', 'ledger.db'))).toBe(false);
  });

  it('over books that are there, also where only their write-ahead log is', async () => {
    expect(await offline(one.daemon.dir, ['restore', backup])).toMatchObject({ exit: 1, error: { code: 'BACKUP_INVALID' } });
    const host = newHost(one.daemon);
    mkdirSync(join(host.dir, 'data'));
    writeFileSync(join(host.dir, 'data', 'ledger.db-wal'), 'x');
    expect(await offline(host.dir, ['restore', backup], host.env)).toMatchObject({ exit: 1, error: { code: 'BACKUP_INVALID' } });
  });

  it('without the master key or with another one, and works with the right one after it', async () => {
    const host = newHost(one.daemon);
    expect(await offline(host.dir, ['restore', backup])).toMatchObject({ exit: 78, error: { code: 'MASTER_KEY_INVALID' } });
    const wrong = { TALLY_MASTER_KEY: 'ab'.repeat(32) };
    expect(await offline(host.dir, ['restore', backup], wrong)).toMatchObject({ exit: 78, error: { code: 'MASTER_KEY_INVALID' } });
    expect(existsSync(join(host.dir, 'data', 'ledger.db'))).toBe(false);
    expect(await offline(host.dir, ['restore', backup], host.env)).toMatchObject({ exit: 0 });
  });
});

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at % bytes.length] = (bytes[at % bytes.length] as number) ^ 1;
  writeFileSync(path, bytes);
}

describe('an older copy of the database that is put back', () => {
  it('starts every source frozen, until the provider’s own count is given', async () => {
    const { daemon, source, key } = await made();
    const other = await addSource(daemon, { base_url: `${sandbox.url}/v1`, api_key: 'sk-other', cap: 50 });
    await daemon.stop();
    const file = join(daemon.dir, 'data', 'ledger.db');
    const old = join(folder(), 'old.db');
    copyFileSync(file, old);
    const second = await startDaemon({ dir: daemon.dir, env: BASE });
    for (let n = 0; n < 4; n += 1) await call(second.url, key, FIXED);
    await settledSource(second, source);
    await second.stop();
    for (const end of ['-wal', '-shm']) rmSync(file + end, { force: true });
    copyFileSync(old, file);
    const third = await startDaemon({ dir: daemon.dir, env: BASE });
    for (const id of [source, other]) expect(await sourceView(third, id)).toMatchObject({ state: 'frozen', state_reason: 'reconcile' });
    expect(await call(third.url, key, FIXED)).toMatchObject({ status: 503, code: 'NO_AVAILABLE_KEYS' });
    expect((await wrongs(third, 'doctor')).join('\n')).toMatch(
      /anchor: the books are of generation \d+, their anchor says \d+: all sources are frozen/,
    );
    expect((await third.admin(`/sources/${source}/resume`, { reconciled_total: 25 })).body).toMatchObject({ state: 'active', spent: '25' });
    expect((await call(third.url, key, FIXED)).status).toBe(200);
    expect((await settledSource(third, source)).spent).toBe('30');
    await third.dispose();
  });
});
