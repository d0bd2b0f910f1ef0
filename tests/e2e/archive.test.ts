import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { addKey, addSource, call, eventually, receiptOf, settledSource, wrongs } from '../support/calling.ts';
import { cleanEnv, startDaemon, type TestDaemon, temporaryFolder } from '../support/daemon.ts';
import { offline } from '../support/offline.ts';
import { type OwnSandbox, ownSandbox } from '../support/sandbox.ts';

const TALLY = fileURLToPath(new URL('../../packages/cli/bin/tally.js', import.meta.url));
const ENV = { TALLY_SANDBOX: '0', TALLY_LOG_LEVEL: 'silent' };
const FIXED = { model: 'sandbox-fixed-5' };
const CALLS = 12;

const dir = temporaryFolder();
const data = join(dir, 'data');
const folders = [dir];
const daemons: TestDaemon[] = [];
let sandbox: OwnSandbox;

beforeAll(async () => {
  sandbox = await ownSandbox();
});

afterAll(async () => {
  for (const daemon of daemons) await daemon.stop('SIGKILL');
  await sandbox?.close();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

async function start(at: string = dir): Promise<TestDaemon> {
  const daemon = await startDaemon({ dir: at, env: ENV });
  daemons.push(daemon);
  return daemon;
}

/** The ledger's time is in its books and never goes back: where it is later than the clock, it is what counts. */
function passMonths(count: number): void {
  const db = new DatabaseSync(join(data, 'ledger.db'));
  db.exec(`UPDATE lanes SET wall_high = wall_high + ${count * 31 * 86_400_000}`);
  db.close();
}

type Ran = { readonly code: number; readonly out: string; readonly err: string };

function tally(...args: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const env = cleanEnv({ TALLY_DATA_DIR: data });
    execFile(process.execPath, [TALLY, ...args], { cwd: dir, env }, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    );
  });
}

async function receiptError(daemon: TestDaemon, id: string | null): Promise<unknown> {
  const response = await fetch(`${daemon.url}/api/receipts/${id}`);
  const { error } = (await response.json()) as { error: { code: string; facts: unknown } };
  return [response.status, error.code, error.facts];
}

it('a month is archived while calls run, answers its receipts from its file, and is backed up and restored with it', async () => {
  const first = await start();
  const source = await addSource(first, { base_url: `${sandbox.url}/v1`, api_key: 'sk-archive', cap: 100_000 });
  const { key } = await addKey(first, { sources: [source] });
  const old = (await Promise.all(Array.from({ length: CALLS }, () => call(first.url, key, FIXED)))).map(({ receipt }) => receipt);
  const bundles = await Promise.all(old.map((id) => receiptOf(first.url, id)));
  await settledSource(first, source);
  const month = new Date().toISOString().slice(0, 7);
  await first.stop();
  passMonths(5);

  const daemon = await start();
  expect(await tally('archive', '--dry-run', '--before', month)).toMatchObject({
    code: 0,
    out: expect.stringContaining('no month before'),
  });
  const dry = await tally('archive', '--before', '2999-01', '--dry-run', '--json');
  expect(JSON.parse(dry.out)).toMatchObject({ archived: [], next: month, why: 'it would be archived now' });
  const [archiving, ...calls] = await Promise.all([
    tally('archive', '--before', '2999-01', '--json'),
    ...Array.from({ length: CALLS }, () => call(daemon.url, key, FIXED)),
  ]);
  expect(calls.map(({ status }) => status)).toEqual(calls.map(() => 200));
  const done = JSON.parse(archiving.out) as { archived: { month: string; file: string; sha256: string; receipts: number }[]; why: string };
  expect([done.archived, archiving.code]).toMatchObject([[{ month, receipts: CALLS }], 0]);
  const { file, sha256 } = done.archived[0] as (typeof done.archived)[0];
  expect(done.why).toContain('the last 3 whole months stay in the books');
  expect((await tally('archive', 'list')).out).toContain(sha256);
  expect(statSync(file).mode & 0o077).toBe(0);

  // The same bundles as before, which verify by themselves.
  expect(await Promise.all(old.map((id) => receiptOf(daemon.url, id)))).toEqual(bundles);
  await Promise.all(calls.map(({ receipt }) => receiptOf(daemon.url, receipt)));
  expect((await settledSource(daemon, source)).spent).toBe(String(2 * CALLS * 5));
  expect(await wrongs(daemon, 'doctor')).toEqual([]);
  expect(await tally('archive', 'verify', file)).toMatchObject({ code: 0, out: expect.stringContaining('ok\tarchive\t') });
  const log = readdirSync(join(data, 'vault'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.includes('audit') && statSync(join(data, 'vault', name)).isFile())
    .map((name) => readFileSync(join(data, 'vault', name), 'utf8'))
    .join('');
  const at = ['archive.writing', 'archive.sealed', 'archive.removed'].map((kind) => log.indexOf(kind));
  expect([at.every((place) => place >= 0), at.toSorted((a, b) => a - b)]).toEqual([true, at]);
  expect(log.slice(at[1], at[2])).toContain(sha256);

  // Without its file, and with another one in its place.
  renameSync(file, `${file}.away`);
  expect(await receiptError(daemon, old[0] ?? null)).toEqual([503, 'ARCHIVE_MISSING', { month, sha256 }]);
  expect(await wrongs(daemon, 'doctor')).toEqual([expect.stringContaining(`${month} is not here`)]);
  const bytes = readFileSync(`${file}.away`);
  writeFileSync(file, bytes.fill(0, bytes.length - 4_096));
  expect(await tally('archive', 'verify', file)).toMatchObject({ code: 5, out: expect.stringContaining('FAIL\tarchive\t') });
  renameSync(`${file}.away`, file);
  await receiptOf(daemon.url, old[0] ?? null);

  const backup = join(temporaryFolder(), 'backup');
  folders.push(backup);
  const made = await daemon.admin('/backup', { folder: backup });
  const name = `archive/local-0-${month.replace('-', '')}.db`;
  expect(made).toMatchObject({ status: 201, body: { files: { [name]: sha256 }, archives: { [month]: sha256 } } });
  await daemon.stop('SIGKILL');
  // As a kill leaves it that came before the last row was gone: the next start goes on.
  const db = new DatabaseSync(join(data, 'ledger.db'));
  db.exec("UPDATE archives SET state = 'sealed'");
  db.close();
  const again = await start();
  const stateOf = async () => (await again.admin<{ archives: { state: string }[] }>('/archives')).body.archives[0]?.state === 'done';
  await eventually('the archive is finished', stateOf);
  await again.stop();
  // Verified without a daemon too.
  const alone = await offline(dir, ['archive-verify', '--', file], ENV);
  expect([alone.exit, alone.out]).toMatchObject([0, { ok: true }]);

  const other = temporaryFolder();
  folders.push(other);
  const KEYED = { ...ENV, TALLY_MASTER_KEY_FILE: join(data, 'master.key'), TALLY_SLOT_DIR: join(data, 'slots') };
  const restored = await offline(other, ['restore', '--', backup], KEYED);
  expect([restored.exit, restored.out]).toMatchObject([0, { restored: true, archives_missing: [] }]);
  const checked = await offline(other, ['audit-verify'], KEYED);
  expect((checked.out as { findings: unknown[] }).findings).toContainEqual(expect.objectContaining({ check: 'books', ok: true }));
  rmSync(join(backup, name));
  const third = temporaryFolder();
  folders.push(third);
  expect((await offline(third, ['restore', '--', backup], KEYED)).error).toMatchObject({
    code: 'BACKUP_INVALID',
    message: expect.stringContaining(name),
  });
});
