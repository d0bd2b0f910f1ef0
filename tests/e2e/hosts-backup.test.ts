import { readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { addKey, addSource, call, receiptOf, settledSource, sourceView, wrongs } from '../support/calling.ts';
import { startDaemon, type TestDaemon, temporaryFolder } from '../support/daemon.ts';
import { type Hosts, startHosts } from '../support/hosts.ts';
import { offline } from '../support/offline.ts';
import { describePostgres, type FreshDatabase, freshDatabase } from '../support/postgres.ts';
import { type OwnSandbox, ownSandbox } from '../support/sandbox.ts';

/** Bills five tokens, whatever is asked. */
const FIXED = { model: 'sandbox-fixed-5' };
const OWN = { TALLY_SANDBOX: '0', TALLY_LOG_LEVEL: 'error' };

describePostgres('a backup', () => {
  let sandbox: OwnSandbox;
  let database: FreshDatabase;
  const folders: string[] = [];
  const daemons: TestDaemon[] = [];

  beforeAll(async () => {
    [database, sandbox] = await Promise.all([freshDatabase(), ownSandbox()]);
  });
  afterAll(async () => {
    await Promise.all(daemons.map((daemon) => daemon.dispose()));
    await sandbox?.close();
    await database?.drop();
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });

  async function start(dir: string, env: Readonly<Record<string, string>> = {}): Promise<TestDaemon> {
    const daemon = await startDaemon({ dir, env: { ...OWN, ...env } });
    daemons.push(daemon);
    return daemon;
  }

  function folder(): string {
    const made = temporaryFolder();
    folders.push(made);
    return made;
  }

  /** With five tokens spent. */
  async function used(daemon: TestDaemon) {
    const source = await addSource(daemon, { base_url: `${sandbox.url}/v1`, api_key: 'sk-that-moves', cap: 1_000 });
    const { key } = await addKey(daemon, { sources: [source] });
    const { receipt } = await call(daemon.url, key, FIXED);
    await settledSource(daemon, source);
    return { source, key, receipt };
  }

  /** As the guide has it: what counts is moved away, slots stay. */
  function empty(daemon: TestDaemon): void {
    const data = join(daemon.dir, 'data');
    const aside = folder();
    for (const name of readdirSync(data).filter((file) => /^(ledger\.db|vault$)/.test(file)))
      renameSync(join(data, name), join(aside, name));
  }

  async function goesOn(daemon: TestDaemon, { source, key, receipt }: Awaited<ReturnType<typeof used>>, spent: number): Promise<void> {
    expect(await sourceView(daemon, source)).toMatchObject({ state: 'frozen', state_reason: 'reconcile', secret: 'sealed' });
    expect((await receiptOf(daemon.url, receipt)).receipt.charged).toBe(5n);
    expect((await daemon.admin(`/sources/${source}/resume`, { reconciled_total: spent })).status).toBe(200);
    expect((await call(daemon.url, key, FIXED)).status).toBe(200);
    expect(await settledSource(daemon, source)).toMatchObject({ spent: String(spent + 5), state: 'active' });
    expect(await wrongs(daemon)).toEqual([]);
  }

  it('takes books from a file into PostgreSQL, and back into a file', async () => {
    const first = await start(folder());
    const made = await used(first);
    const env = { DATABASE_URL: database.url };
    await first.stop();
    const to = join(folder(), 'backup');
    expect((await offline(first.dir, ['backup', to])).exit).toBe(0);
    // A database beside books in a file would be two books.
    const both = await offline(first.dir, ['serve'], { ...OWN, ...env });
    expect([both.exit, both.error.message]).toEqual([78, expect.stringContaining('books of its own')]);
    empty(first);
    expect(await offline(first.dir, ['restore', to], env)).toMatchObject({ exit: 0, out: { sources_frozen: 1, secrets_missing: 0 } });
    const second = await start(first.dir, env);
    await goesOn(second, made, 5);
    expect((await offline(folder(), ['restore', to], { ...env, ...masterOf(first) })).error.code).toBe('BACKUP_INVALID');

    const back = join(folder(), 'backup');
    expect((await second.admin('/backup', { folder: back })).status).toBe(201);
    expect((await call(second.url, made.key, FIXED)).status).toBe(200);
    await settledSource(second, made.source);
    await second.stop();
    expect((await offline(first.dir, ['serve'], OWN)).error).toMatchObject({ code: 'CONFIG_INVALID' });
    empty(first);
    expect(await offline(first.dir, ['restore', back])).toMatchObject({ exit: 0, out: { sources_frozen: 1 } });
    await goesOn(await start(first.dir), made, 15);
  });

  it('of two hosts under load is of one moment, and opens as a file', async () => {
    const own = await freshDatabase();
    const hosts: Hosts = await startHosts(own.url, 2);
    const [one, two] = hosts.all as [TestDaemon, TestDaemon];
    const { source, key } = await used(one);
    await two.admin(`/sources/${source}/attach`, { api_key: 'sk-that-moves' });
    let running = true;
    const load = [one, two, one, two].map(async ({ url }) => {
      while (running) await call(url, key, { ...FIXED, stream: true });
    });
    const to = join(folder(), 'backup');
    expect((await two.admin('/backup', { folder: to })).status).toBe(201);
    running = false;
    await Promise.all(load);
    const host = folder();
    expect((await offline(host, ['restore', to], masterOf(one))).exit).toBe(0);
    const { out } = await offline(host, ['audit-verify'], masterOf(one));
    const wrong = (out as { findings: { ok: boolean; detail: string }[] }).findings.filter(({ ok }) => !ok);
    // The slots are in no backup, and the anchor is made by the next start. Nothing else is wrong.
    expect(wrong.filter(({ detail }) => !/is missing$|^there is no anchor/.test(detail))).toEqual([]);
    for (const daemon of hosts.all) expect(await wrongs(daemon)).toEqual([]);
    await hosts.dispose();
    await own.drop();
  });
});

function masterOf({ dir }: TestDaemon): Readonly<Record<string, string>> {
  return { TALLY_MASTER_KEY_FILE: join(dir, 'data', 'master.key') };
}
