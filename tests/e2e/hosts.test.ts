import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openPostgresLedger } from '../../packages/server/src/ledger/postgres/open.ts';
import { addKey, addSource, call, callUntilFinal, eventually, receiptOf, settledSource, sourceView, wrongs } from '../support/calling.ts';
import type { TestDaemon } from '../support/daemon.ts';
import { folderWithMaster, type Hosts, invitation, joinedFolder, startHosts } from '../support/hosts.ts';
import { offline } from '../support/offline.ts';
import { describePostgres, type FreshDatabase, freshDatabase } from '../support/postgres.ts';
import { type OwnSandbox, ownSandbox } from '../support/sandbox.ts';

/** Bills five tokens, whatever is asked. */
const FIXED = { model: 'sandbox-fixed-5' };
const KEY = 'sk-of-both-hosts';
/** How soon another host follows: within a second, where the machine has one to spare. */
const SOON_MS = 5_000;

describePostgres('two hosts, one database', () => {
  let database: FreshDatabase;
  let sandbox: OwnSandbox;
  let hosts: Hosts;
  const first = () => hosts.all[0] as TestDaemon;
  const second = () => hosts.all[1] as TestDaemon;

  beforeAll(async () => {
    [database, sandbox] = await Promise.all([freshDatabase(), ownSandbox()]);
    hosts = await startHosts(database.url, 2);
  });
  afterAll(async () => {
    await hosts?.dispose();
    await sandbox?.close();
    await database?.drop();
  });

  const newSource = (cap: number, api_key = KEY) => addSource(first(), { base_url: `${sandbox.url}/v1`, api_key, cap });
  const attach = (host: TestDaemon, id: string, api_key = KEY) => host.admin<{ secret: string }>(`/sources/${id}/attach`, { api_key });
  /** On both hosts, with a key of its own. */
  async function shared(cap: number, api_key = KEY) {
    const id = await newSource(cap, api_key);
    expect((await attach(second(), id, api_key)).body).toMatchObject({ secret: 'sealed' });
    return { id, key: (await addKey(first(), { sources: [id] })).key };
  }

  it('serve exactly what fits, when 64 callers race over both', async () => {
    const { id, key } = await shared(300, 'sk-raced');
    const callers = Array.from({ length: 64 }, async (_, n) => {
      const { url } = n % 2 === 0 ? first() : second();
      const seen: number[] = [];
      do seen.push((await callUntilFinal(url, key, FIXED)).status);
      while (seen.at(-1) === 200);
      return seen;
    });
    const all = (await Promise.all(callers)).flat();
    expect(all.filter((status) => status === 200)).toHaveLength(60);
    expect(new Set(all)).toEqual(new Set([200, 402]));
    for (const host of hosts.all) expect(await settledSource(host, id)).toMatchObject({ spent: '300', overrun: '0', left: '0' });
    expect(await sandbox.usage('sk-raced')).toMatchObject({ requests: 60, total_tokens: 300 });
    expect(await wrongs(second())).toEqual([]);
  });

  it('know of each other’s keys at once, of their revocation with the next hold', async () => {
    const { id } = await shared(1_000);
    const made = await addKey(second(), { sources: [id] });
    expect((await call(first().url, made.key, FIXED)).status).toBe(200);
    await second().admin(`/keys/${made.id}/revoke`, {});
    expect(await call(first().url, made.key, FIXED)).toMatchObject({ status: 401, code: 'KEY_REVOKED' });
    expect(await call(first().url, `tk_${'x'.repeat(43)}`, FIXED)).toMatchObject({ status: 401, code: 'AUTH_INVALID' });
  });

  it('serve a source where its key was given, and show where that is', async () => {
    const id = await newSource(100);
    const { key } = await addKey(first(), { sources: [id] });
    expect(await sourceView(first(), id)).toMatchObject({ secret: 'sealed' });
    expect(await sourceView(second(), id)).toMatchObject({ secret: 'elsewhere', state: 'active', limit: '100' });
    expect((await call(first().url, key, FIXED)).status).toBe(200);
    expect((await call(second().url, key, FIXED)).code).toBe('MODEL_UNKNOWN');
    expect((await attach(second(), id)).status).toBe(200);
    const { status, receipt } = await call(second().url, key, FIXED);
    expect(status).toBe(200);
    // A receipt is handed out by whoever is asked for it.
    for (const host of hosts.all) expect((await receiptOf(host.url, receipt)).receipt.charged).toBe(5n);
    expect((await attach(second(), id)).body).toMatchObject({ error: { code: 'STATE_INVALID' } });
    expect((await attach(second(), 'nothing')).body).toMatchObject({ error: { code: 'NOT_FOUND' } });
    expect((await attach(second(), id, 'two words')).body).toMatchObject({ error: { code: 'INPUT_INVALID' } });
  });

  it('lower a limit for both, to the lowest that either was told', async () => {
    const { id, key } = await shared(1_000);
    await Promise.all([700, 20, 300].map((limit, n) => hosts.all[n % 2]?.admin(`/sources/${id}/limit`, { limit })));
    for (const host of hosts.all) expect(await sourceView(host, id)).toMatchObject({ limit: '20', ceiling: '1000' });
    for (let n = 0; n < 4; n += 1) expect((await call(second().url, key, FIXED)).status).toBe(200);
    expect(await callUntilFinal(second().url, key, FIXED)).toMatchObject({ status: 402 });
    // On a host that does not have the secret too.
    const other = await newSource(500);
    expect((await second().admin(`/sources/${other}/limit`, { limit: 400 })).body).toMatchObject({ limit: '400', secret: 'elsewhere' });
    expect((await second().admin(`/sources/${other}/limit`, { limit: 400 })).body).toMatchObject({ error: { code: 'LIMIT_INVALID' } });
    expect((await attach(second(), other)).body).toMatchObject({ limit: '400' });
    // Each seal follows: also where the books said more, neither host would go beyond it.
    for (const host of hosts.all) {
      await eventually('the seal follows', async () => (await auditLog(host)).includes(`limit.changed ${other} 400`), SOON_MS);
    }
  });

  it('destroy a secret everywhere, also on a host that was down', async () => {
    const [running, down] = [await shared(100), await shared(100)];
    expect((await second().admin(`/sources/${running.id}/destroy`, { reason: 'enough' })).body).toMatchObject({ state: 'destroyed' });
    expect(await call(first().url, running.key, FIXED)).not.toMatchObject({ status: 200 });
    const gone = async () => (await sourceView(first(), running.id)).secret === 'destroyed';
    await eventually('the first host shreds its copy', gone, SOON_MS);
    expect(await auditLog(first())).toContain(`secret.destroying ${running.id} enough`);
    await second().stop();
    await first().admin(`/sources/${down.id}/destroy`, { reason: 'while it was down' });
    await hosts.restart(second());
    expect(await sourceView(second(), down.id)).toMatchObject({ state: 'destroyed', secret: 'destroyed' });
    expect(await auditLog(second())).toContain(`secret.destroying ${down.id} while it was down`);
    expect(await wrongs(second())).toEqual([]);
  });

  it('kill -9 of one under load: the other goes on, and ends what it had open', async () => {
    const { id, key } = await shared(100_000, 'sk-killed');
    let running = true;
    const ask = { model: 'sandbox-slow', max: 20, stream: true };
    const load = Array.from({ length: 16 }, async (_, n) => {
      while (running) {
        const { status } = await call((n % 2 === 0 ? first() : second()).url, key, ask);
        if (status === 0) return;
      }
    });
    await eventually('calls are open', async () => Number((await sourceView(first(), id)).held) > 0);
    await second().stop('SIGKILL');
    expect((await call(first().url, key, FIXED)).status).toBe(200);
    running = false;
    await Promise.all(load);
    // Whoever comes back ends its own at once; else the others do, when it was silent for long enough.
    await hosts.restart(second());
    const { spent } = await settledSource(first(), id);
    expect((await sandbox.usage('sk-killed')).total_tokens).toBeLessThanOrEqual(Number(spent));
    for (const host of hosts.all) expect(await wrongs(host)).toEqual([]);
  });

  const env = () => ({ DATABASE_URL: database.url, TALLY_SANDBOX: '0' });

  it('refuse a host that was not invited, before it makes anything', async () => {
    const dir = folderWithMaster(first());
    const { exit, error } = await offline(dir, ['serve'], env());
    expect(exit).toBe(78);
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('tally host join') });
    const file = await invitation(first(), dir);
    expect(await offline(dir, ['host-join', file], env())).toMatchObject({ exit: 0, out: { joined: true } });
    expect((await offline(dir, ['host-join', file], env())).error.code).toBe('INVITATION_INVALID');
    // It is of a database now: without one it makes no second books.
    const alone = await offline(dir, ['serve'], { TALLY_SANDBOX: '0' });
    expect([alone.exit, alone.error.code]).toEqual([78, 'CONFIG_INVALID']);
    rmSync(dir, { recursive: true });
  });

  it('do not start on the books of another gateway', async () => {
    const other = await freshDatabase();
    const keys = { ticketKey: Buffer.alloc(32, 1), chainKey: Buffer.alloc(32, 2) };
    const strange = await openPostgresLedger({
      url: other.url,
      bookId: 'local-0',
      hostId: 'strange',
      laneIds: [`0x${'a'.repeat(64)}`],
      ...keys,
    });
    const dir = await joinedFolder(first(), env());
    const { exit, error } = await offline(dir, ['serve'], { ...env(), DATABASE_URL: other.url });
    expect(exit).toBe(78);
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('another gateway') });
    await strange.ledger.close();
    await other.drop();
    rmSync(dir, { recursive: true });
  });

  it('are joined under their own master key only, and by no other file', async () => {
    const dir = folderWithMaster(first());
    const file = await invitation(first(), dir);
    const wrong = { ...env(), TALLY_MASTER_KEY_FILE: join(dir, 'none'), TALLY_MASTER_KEY: 'ab'.repeat(32) };
    expect(await offline(dir, ['host-join', file], wrong)).toMatchObject({ exit: 78, error: { code: 'MASTER_KEY_INVALID' } });
    expect((await offline(dir, ['host-join', join(dir, 'nothing')], env())).error.code).toBe('INVITATION_INVALID');
    expect((await offline(dir, ['host-join', join(dir, 'data', 'master.key')], env())).error.code).toBe('INVITATION_INVALID');
    expect((await offline(dir, ['host-join', file], env())).exit).toBe(0);
    rmSync(dir, { recursive: true });
  });

  it('an older copy of the database starts every source frozen', async () => {
    const [one, idle] = [await shared(1_000), await shared(1_000)];
    for (const host of hosts.all) await host.stop();
    const copy = `${databaseName(database.url)}_copy`;
    await administer(database.url, [`CREATE DATABASE ${copy} TEMPLATE ${databaseName(database.url)}`]);
    await hosts.restart(first());
    await hosts.restart(second());
    for (let n = 0; n < 3; n += 1) expect((await call(second().url, one.key, FIXED)).status).toBe(200);
    await settledSource(first(), one.id);
    await putBack(database.url, copy);
    await hosts.restart(first(), 'SIGKILL');
    for (const { id } of [one, idle]) expect(await sourceView(first(), id)).toMatchObject({ state: 'frozen', state_reason: 'reconcile' });
    await hosts.restart(second(), 'SIGKILL');
    expect(await call(second().url, one.key, FIXED)).toMatchObject({ status: 503, code: 'NO_AVAILABLE_KEYS' });
    const resumed = await second().admin(`/sources/${one.id}/resume`, { reconciled_total: 15 });
    expect(resumed.body).toMatchObject({ state: 'active', spent: '15' });
    for (const host of hosts.all) expect((await call(host.url, one.key, FIXED)).status).toBe(200);
  });

  /** Kind, subject, and what is said of it, a line each. */
  async function auditLog(host: TestDaemon): Promise<string> {
    const lines = readFileSync(join(host.dir, 'data', 'vault', 'audit.log'), 'utf8')
      .trim()
      .split('\n');
    const entries = lines.map((line) => JSON.parse(line) as { kind: string; subject: string; data: { reason?: string; limit?: string } });
    return entries.map(({ kind, subject, data }) => `${kind} ${subject} ${data.reason ?? data.limit ?? ''}`).join('\n');
  }
});

function databaseName(url: string): string {
  return new URL(url).pathname.slice(1);
}

async function administer(url: string, statements: readonly string[]): Promise<void> {
  const client = new Client({ connectionString: url.replace(/[^/]+$/, 'postgres') });
  await client.connect();
  try {
    for (const sql of statements) await client.query(sql);
  } finally {
    await client.end();
  }
}

/** As an operator would who restores an older copy under hosts that go on running. */
function putBack(url: string, copy: string): Promise<void> {
  const name = databaseName(url);
  return administer(url, [
    `ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS false`,
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`,
    `ALTER DATABASE ${name} RENAME TO ${name}_gone`,
    `ALTER DATABASE ${copy} RENAME TO ${name}`,
    `DROP DATABASE ${name}_gone WITH (FORCE)`,
  ]);
}
