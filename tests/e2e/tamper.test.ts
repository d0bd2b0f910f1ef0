import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addKey, addSource, call, eventually, settledSource, sourceView, wrongs } from '../support/calling.ts';
import { copyOfFolder, startDaemon, type TestDaemon } from '../support/daemon.ts';
import { offline } from '../support/offline.ts';
import { type OwnSandbox, ownSandbox } from '../support/sandbox.ts';

const ENV = { TALLY_SANDBOX: '0', TALLY_LOG_LEVEL: 'silent' };
const FIXED = { model: 'sandbox-fixed-5' };
const CAP = 1_000;
/** What a caller of a source that was tampered with is told: never that it may go on. */
const REFUSALS = ['TAMPERED', 'NO_AVAILABLE_KEYS'];

let sandbox: OwnSandbox;
let daemon: TestDaemon;
/** What the daemon works on, or did. */
let dir: string;

beforeAll(async () => {
  sandbox = await ownSandbox();
});
afterAll(async () => sandbox?.close());

const start = async () => {
  daemon = await startDaemon({ env: ENV });
  ({ dir } = daemon);
};

type Victim = { readonly id: string; readonly key: string; readonly apiKey: string };

/** A source whose limit was lowered to 100, and of which 10 tokens are spent. */
async function victim(name: string): Promise<Victim> {
  const apiKey = `sk-${name}-${daemon.pid}-${Math.trunc(performance.now())}`;
  const id = await addSource(daemon, { base_url: `${sandbox.url}/v1`, api_key: apiKey, cap: CAP });
  const { key } = await addKey(daemon, { sources: [id] });
  await daemon.admin(`/sources/${id}/limit`, { limit: 100 });
  for (let n = 0; n < 2; n += 1) expect((await call(daemon.url, key, FIXED)).status).toBe(200);
  const { spent } = await settledSource(daemon, id);
  expect(spent).toBe('10');
  const { body } = await daemon.admin<{ sources: { id: string }[] }>('/sources');
  expect(body.sources.some((source) => source.id === id)).toBe(true);
  return { id, key, apiKey };
}

const data = (...path: string[]) => join(dir, 'data', ...path);

/** Whoever holds the file, but not the keys: plain SQL, with the guards taken off first where they are in the way. */
function edit(work: (db: DatabaseSync) => void): void {
  const db = new DatabaseSync(data('ledger.db'), { timeout: 5_000 });
  try {
    work(db);
  } finally {
    db.close();
  }
}

function flip(path: string, at = 0.5): void {
  const bytes = readFileSync(path);
  const index = Math.floor(bytes.length * at);
  bytes[index] = (bytes[index] as number) ^ 1;
  writeFileSync(path, bytes);
}

const restart = async () => {
  daemon = await startDaemon({ dir, env: ENV });
};

const requests = async ({ apiKey }: Victim) => (await sandbox.usage(apiKey)).requests;

/** Deletes the last posting of an account and puts its row back to the one before: a forgery that is consistent in itself. */
function rewind(db: DatabaseSync, id: string): void {
  db.exec('DROP TRIGGER postings_no_delete');
  db.prepare('DELETE FROM postings WHERE account_id = ?1 AND seq = (SELECT max(seq) FROM postings WHERE account_id = ?1)').run(id);
  db.prepare(
    `UPDATE accounts SET (seq, spent, head, receipts, receipted) =
       (SELECT seq, spent, head, receipts, receipted FROM postings WHERE account_id = ?1 ORDER BY seq DESC LIMIT 1)
     WHERE account_id = ?1`,
  ).run(id);
}

const set = (column: string) => (db: DatabaseSync, id: string) =>
  void db.prepare(`UPDATE accounts SET ${column} WHERE account_id = ?`).run(id);

const EDITS: readonly [string, (db: DatabaseSync, id: string) => void][] = [
  ['a raised limit', set('spend_limit = 1000')],
  ['a raised ceiling', set('ceiling = 1000000, spend_limit = 1000000')],
  ['a lowered spent', set('spent = 0')],
  ['a raised held', set('held = 50')],
  ['another state', set("state = 'paused'")],
  ['an expiry', set('expires_at = 4000000000000')],
  ['another number of receipts', set('receipts = 1, receipted = 5')],
  ['another tenant', set("tenant_id = 'me'")],
  ['its last posting gone, and the row put back to fit', rewind],
  [
    'a posting that was changed',
    (db, id) => {
      db.exec('DROP TRIGGER IF EXISTS postings_no_update');
      db.prepare('UPDATE postings SET spent = 0 WHERE account_id = ?1 AND seq = (SELECT max(seq) FROM postings WHERE account_id = ?1)').run(
        id,
      );
    },
  ],
];

/** What has nothing to do with each other is edited in one stop, each of a source of its own: starting a daemon is what takes time here. */
describe('with the daemon stopped', () => {
  // An account that goes back says that calls may be missing from all of the books, not only from its own.
  const ALONE = EDITS.filter(([, change]) => change !== rewind);
  const SEALS = ['seal', 'seal-head', 'slot', 'slot-gone', 'swapped'] as const;
  const victims = new Map<string, Victim>();
  const the = (name: string) => victims.get(name) as Victim;
  let receipt: string | null;

  beforeAll(async () => {
    await start();
    const names = ['untouched', 'paused', 'destroyed', 'receipt', 'resumed', ...SEALS, ...ALONE.map(([name]) => name)];
    await Promise.all(names.map(async (name) => victims.set(name, await victim(name.replaceAll(/\W/g, '-')))));
    await daemon.admin(`/sources/${the('paused').id}/pause`, {});
    await daemon.admin(`/sources/${the('destroyed').id}/destroy`, {});
    ({ receipt } = await call(daemon.url, the('receipt').key, FIXED));
    await eventually('signed', async () => (await fetch(`${daemon.url}/api/receipts/${receipt}`)).status === 200);
    await daemon.stop();
    edit((db) => {
      for (const [name, change] of ALONE) change(db, the(name).id);
      for (const name of ['paused', 'destroyed']) set("state = 'active', state_reason = NULL")(db, the(name).id);
      set('spend_limit = 1000')(db, the('resumed').id);
      db.exec('DROP TRIGGER receipts_no_update');
      const edited = "UPDATE receipts SET charged = 1, response_hash = '0x' || substr(hex(zeroblob(32)), 1)";
      db.prepare(`${edited} WHERE hold_no = (SELECT hold_no FROM holds WHERE receipt_id = ?)`).run(receipt);
    });
    const [seal, head, slot, gone, swapped] = SEALS.map((name) => the(name).id);
    flip(data('vault', 'sealed', `${seal}.seal`), 0.9);
    flip(data('vault', 'sealed', `${head}.seal`), 0.1);
    flip(data('slots', 'slots', `${slot}.slot`));
    rmSync(data('slots', 'slots', `${gone}.slot`));
    // A whole, sound record of another source: it carries another name inside.
    copyFileSync(data('vault', 'sealed', `${slot}.seal`), data('vault', 'sealed', `${swapped}.seal`));
    await restart();
  });
  afterAll(async () => daemon?.dispose());

  it.each(ALONE.map(([name]) => name))('an account is frozen at the next start that has %s', async (name) => {
    const one = the(name);
    const view = await sourceView(daemon, one.id);
    expect(view.state).toBe('frozen');
    const seen = await call(daemon.url, one.key, FIXED);
    expect(seen.status).toBe(503);
    expect(REFUSALS).toContain(seen.code);
    expect(await requests(one)).toBe(2);
    expect((await wrongs(daemon, 'doctor')).join('\n')).toContain(one.id);
    expect(Number(view.limit)).toBeLessThanOrEqual(name === 'a raised ceiling' ? CAP : 100);
  });

  it('its neighbour works on', async () => {
    const one = the('untouched');
    expect((await call(daemon.url, one.key, FIXED)).status).toBe(200);
    expect((await sourceView(daemon, one.id)).state).toBe('active');
    expect((await wrongs(daemon, 'doctor')).join('\n')).not.toContain(one.id);
  });

  it('a state that is turned back to active does not bring a paused, frozen or destroyed source back', async () => {
    const [paused, destroyed] = [the('paused'), the('destroyed')];
    for (const one of [paused, destroyed]) {
      expect((await call(daemon.url, one.key, FIXED)).status).toBeGreaterThanOrEqual(400);
      expect(await requests(one)).toBe(2);
      expect((await wrongs(daemon, 'doctor')).join('\n')).toContain(one.id);
    }
    expect(await sourceView(daemon, destroyed.id)).toMatchObject({ state: 'destroyed', secret: 'destroyed' });
  });

  it('a receipt that was edited is no longer given out, and is named', async () => {
    const answer = await fetch(`${daemon.url}/api/receipts/${receipt}`);
    expect([answer.status, ((await answer.json()) as { error: { code: string } }).error.code]).toEqual([503, 'TAMPERED']);
    const found = (await wrongs(daemon)).join('\n');
    expect(found).toContain(`receipt ${receipt}`);
    expect(found).toContain('the guard receipts_no_update is gone');
  });

  it('a raised limit stays raised for nobody, also after the operator resumes the source', async () => {
    const { id } = the('resumed');
    expect((await daemon.admin(`/sources/${id}/resume`, { reconciled_total: 10 })).status).toBe(200);
    expect(await sourceView(daemon, id)).toMatchObject({ state: 'active', limit: '100', left: '90' });
  });

  it('a changed sealed record, slot, or one that is gone: nothing is sent', async () => {
    const found = (await wrongs(daemon)).join('\n');
    for (const name of SEALS) {
      const one = the(name);
      const seen = await call(daemon.url, one.key, FIXED);
      expect([name, seen.status]).toEqual([name, 503]);
      expect([...REFUSALS, 'SECRET_UNAVAILABLE']).toContain(seen.code);
      expect([name, await requests(one)]).toEqual([name, 2]);
      expect(await settledSource(daemon, one.id)).toMatchObject({ spent: '10', held: '0' });
      // A slot is random bytes: a changed one shows only when it is used.
      if (name !== 'slot') expect(found).toContain(one.id);
    }
  });
});

describe('with the daemon stopped, and one account put back', () => {
  afterAll(async () => daemon?.dispose());

  it('to fit, its last posting gone: every source is frozen', async () => {
    await start();
    const [one, other] = [await victim('rewound'), await victim('beside')];
    await daemon.stop();
    edit((db) => rewind(db, one.id));
    await restart();
    expect((await wrongs(daemon, 'doctor')).join('\n')).toContain(`account ${one.id} went back from posting`);
    for (const { id, key } of [one, other]) {
      expect(await sourceView(daemon, id)).toMatchObject({ state: 'frozen', state_reason: 'reconcile' });
      expect(await call(daemon.url, key, FIXED)).toMatchObject({ status: 503, code: 'NO_AVAILABLE_KEYS' });
    }
    expect((await daemon.admin(`/sources/${one.id}/resume`, { reconciled_total: 10 })).body).toMatchObject({
      state: 'active',
      spent: '10',
    });
  });
});

describe('with the daemon running', () => {
  beforeAll(start);
  afterAll(async () => daemon?.dispose());

  // What has no part in the balance is not looked at in each call; `audit verify` finds it.
  const LATER = ['a posting that was changed', 'another tenant'];

  it('an edited account is refused at its next call and frozen; nothing is sent', async () => {
    for (const [name, change] of EDITS) {
      const one = await victim(name.replaceAll(/\W/g, '-'));
      edit((db) => change(db, one.id));
      if (LATER.includes(name)) {
        expect((await wrongs(daemon)).join('\n')).toContain(one.id);
        continue;
      }
      const seen = await call(daemon.url, one.key, FIXED);
      expect([name, seen.status]).toEqual([name, 503]);
      expect(REFUSALS).toContain(seen.code);
      expect([name, await requests(one)]).toEqual([name, 2]);
      expect([name, (await sourceView(daemon, one.id)).state]).toEqual([name, 'frozen']);
      expect((await wrongs(daemon, 'doctor')).join('\n')).toContain(one.id);
      if (change === rewind)
        edit((db) => void db.exec("CREATE TRIGGER postings_no_delete BEFORE DELETE ON postings BEGIN SELECT raise(ABORT, 'x'); END"));
    }
  });

  it('a pause that is undone by hand stays a pause', async () => {
    const one = await victim('paused-live');
    await daemon.admin(`/sources/${one.id}/pause`, {});
    edit((db) => void db.prepare("UPDATE accounts SET state = 'active', state_reason = NULL WHERE account_id = ?").run(one.id));
    expect((await call(daemon.url, one.key, FIXED)).status).toBe(503);
    expect(await requests(one)).toBe(2);
    expect((await wrongs(daemon)).join('\n')).toContain(one.id);
  });

  it('a changed record is not used, though the sound one was in memory', async () => {
    const one = await victim('seal-live');
    flip(data('vault', 'sealed', `${one.id}.seal`), 0.9);
    expect(await call(daemon.url, one.key, FIXED)).toMatchObject({ status: 503, code: 'TAMPERED' });
    expect(await requests(one)).toBe(2);
    flip(data('vault', 'sealed', `${one.id}.seal`), 0.9);
    expect((await call(daemon.url, one.key, FIXED)).status).toBe(200);
  });
});

describe('what the vault rests on', () => {
  const FILES: readonly [string, ...string[]][] = [
    ['vault', 'vault.json'],
    ['vault', 'audit.log'],
    ['vault', 'audit.checkpoints'],
    ['slots', 'anchor.json'],
    ['slots', 'heads.json'],
  ];

  let one: Victim;
  /** Of a daemon that has ended: each test has a copy. */
  let ended: string;

  beforeAll(async () => {
    await start();
    one = await victim('vault');
    await daemon.stop();
    ended = dir;
  });
  beforeEach(() => {
    dir = copyOfFolder(ended);
  });
  afterEach(async () => {
    await daemon.stop('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  });
  afterAll(() => rmSync(ended, { recursive: true, force: true }));

  it('a changed byte stops the start with a clear message, and undoing it mends all', async () => {
    for (const path of FILES) {
      flip(data(...path));
      const refused = await offline(dir, ['--json'], ENV);
      expect([path, refused.exit, refused.error.code]).toEqual([
        path,
        expect.any(Number),
        expect.stringMatching(/^(TAMPERED|MASTER_KEY_INVALID)$/),
      ]);
      expect(refused.error.message.length).toBeGreaterThan(20);
      expect(refused.out).toBeNull();
      flip(data(...path));
    }
    await restart();
    expect((await call(daemon.url, one.key, FIXED)).status).toBe(200);
    expect(await wrongs(daemon)).toEqual([]);
  });

  it('a changed audit log is found by `audit verify`, and the shutdown still settles and closes', async () => {
    await restart();
    expect((await call(daemon.url, one.key, FIXED)).status).toBe(200);
    flip(data('vault', 'audit.log'));
    expect((await wrongs(daemon)).join('\n')).toMatch(/audit log: /);
    expect(await daemon.stop()).toBe(0);
    flip(data('vault', 'audit.log'));
    await restart();
    expect(await wrongs(daemon)).toEqual([]);
  });

  it('`audit-verify` says what is wrong while the daemon cannot start', async () => {
    flip(data('vault', 'audit.log'));
    const { exit, out } = await offline(dir, ['audit-verify'], ENV);
    expect(out).toMatchObject({ ok: false });
    expect(JSON.stringify(out)).toMatch(/audit log/);
    expect(exit).not.toBeNull();
  });

  it('an anchor that was removed freezes every source: nothing then says that the books are the latest', async () => {
    for (const name of ['anchor.json', 'heads.json']) rmSync(data('slots', name));
    await restart();
    expect(await sourceView(daemon, one.id)).toMatchObject({ state: 'frozen', state_reason: 'reconcile' });
    expect(await call(daemon.url, one.key, FIXED)).toMatchObject({ status: 503, code: 'NO_AVAILABLE_KEYS' });
    expect((await wrongs(daemon, 'doctor')).join('\n')).toContain('all sources are frozen until reconciled');
  });

  it('an older anchor is one that does not fit, too', async () => {
    const keep = (end: string) => ['anchor.json', 'heads.json'].map((name) => [data('slots', name), data(`${name}${end}`)] as const);
    for (const [from, to] of keep('.old')) copyFileSync(from, to);
    await restart();
    expect((await call(daemon.url, one.key, FIXED)).status).toBe(200);
    await settledSource(daemon, one.id);
    await daemon.stop();
    for (const [to, from] of keep('.old')) copyFileSync(from, to);
    await restart();
    expect((await sourceView(daemon, one.id)).state).toBe('frozen');
  });

  it('another master key is refused with 78, and changes nothing', async () => {
    const right = readFileSync(data('master.key'));
    writeFileSync(data('master.key'), `${'ab'.repeat(32)}\n`);
    expect(await offline(dir, ['--json'], ENV)).toMatchObject({ exit: 78, out: null, error: { code: 'MASTER_KEY_INVALID' } });
    rmSync(data('master.key'));
    expect(await offline(dir, ['--json'], ENV)).toMatchObject({ exit: 78, out: null, error: { code: 'MASTER_KEY_INVALID' } });
    expect(existsSync(data('master.key'))).toBe(false);
    writeFileSync(data('master.key'), right, { mode: 0o644 });
    expect(await offline(dir, ['--json'], ENV)).toMatchObject({ exit: 78, error: { code: 'MASTER_KEY_INVALID' } });
    rmSync(data('master.key'));
    writeFileSync(data('master.key'), right, { mode: 0o600 });
    await restart();
    expect((await call(daemon.url, one.key, FIXED)).status).toBe(200);
  });
});
