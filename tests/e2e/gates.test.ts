import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, expect, it } from 'vitest';
import { type Ask, addKey, addSource, call, eventually, sourceView } from '../support/calling.ts';
import { startDaemon, type TestDaemon, temporaryFolder } from '../support/daemon.ts';
import { type Gift, give, inBooks, launchOf, openGates, PART, poolKey } from '../support/gifts.ts';
import { type OwnSandbox, ownSandbox } from '../support/sandbox.ts';

const SECRET = 'sk-given-0123456789';
const OWN = 'sk-own-0123456789';
const DAY_MS = 86_400_000;
const FIXED: Ask = { model: 'sandbox-fixed-5' };
const ENV = { TALLY_SANDBOX: '0', TALLY_LOG_LEVEL: 'silent' };

let daemon: TestDaemon;
let launch: Readonly<Record<string, string>>;
let sandbox: OwnSandbox;
let gift: string;
let pool: { id: string; key: string };
let validation: { id: string; key: string };

afterEach(async () => {
  await daemon.dispose();
  await sandbox.close();
});

type Given = Partial<Gift> & { readonly opensAt?: number; readonly env?: Readonly<Record<string, string>> };

/** A daemon with one donated key behind the gates of the pool, and the pool's two keys. */
async function start({ opensAt, env, ...more }: Given = {}): Promise<void> {
  sandbox = await ownSandbox();
  launch = launchOf(opensAt);
  const dir = temporaryFolder();
  await inBooks(dir, async (books) => {
    await openGates(books, opensAt);
    gift = await give(books, { baseUrl: `${sandbox.url}/v1`, secret: SECRET, ...more });
    pool = await poolKey(books, 'pool');
    validation = await poolKey(books, 'validation');
  });
  daemon = await startDaemon({ dir, env: { ...ENV, ...launch, ...env } });
}

async function whileStopped(change: Parameters<typeof inBooks<void>>[1]): Promise<void> {
  await daemon.stop();
  await inBooks(daemon.dir, change);
  daemon = await startDaemon({ dir: daemon.dir, env: { ...ENV, ...launch } });
}

const models = async (key: string) => {
  const response = await fetch(`${daemon.url}/v1/models`, { headers: { authorization: `Bearer ${key}` } });
  return ((await response.json()) as { data: { id: string }[] }).data.map(({ id }) => id);
};

const asked = async (key: string) => (await sandbox.usage(key)).requests;

/** The same call in each dialect: where to, and what as. */
const DIALECTS: readonly (readonly [name: string, path: string, body: object])[] = [
  ['OpenAI chat', '/v1/chat/completions', { model: 'sandbox-fixed-5', messages: [{ role: 'user', content: 'Hello' }] }],
  ['OpenAI responses', '/v1/responses', { model: 'sandbox-fixed-5', input: 'Hello' }],
  ['Anthropic', '/v1/messages', { model: 'sandbox-fixed-5', max_tokens: 8, messages: [{ role: 'user', content: 'Hello' }] }],
  ['Google', '/v1beta/models/sandbox-fixed-5:generateContent', { contents: [{ parts: [{ text: 'Hello' }] }] }],
];

type ErrorBody = {
  readonly error: Readonly<Record<string, unknown>> & { readonly details?: readonly Readonly<Record<string, unknown>>[] };
};

async function post(path: string, key: string, body: object): Promise<{ response: Response; error: ErrorBody['error'] }> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const response = await fetch(`${daemon.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  return { response, error: ((await response.json()) as ErrorBody).error };
}

it('a locked pool refuses in every dialect with the time it opens at, and sends nothing; a validation passes', async () => {
  const opensAt = Date.now() + 90 * DAY_MS;
  await start({ opensAt });
  for (const [name, path, body] of DIALECTS) {
    const { response, error } = await post(path, pool.key, body);
    expect([name, response.status]).toEqual([name, 403]);
    expect(response.headers.get('x-should-retry')).toBe('false');
    expect(error['message']).toContain(new Date(opensAt).toISOString());
    const info = error.details?.[0] ?? {};
    expect(name === 'Google' ? info['reason'] : error['code']).toBe('GOVERNANCE_LOCKED');
    expect(name === 'Google' ? info['metadata'] : error).toMatchObject({ unlocks_at: name === 'Google' ? String(opensAt) : opensAt });
  }
  expect(await asked(SECRET)).toBe(0);
  expect((await call(daemon.url, validation.key, FIXED)).status).toBe(200);
  expect(await asked(SECRET)).toBe(1);
});

it('a pool whose time has come is open, and one that is stopped says why', async () => {
  await start({ opensAt: Date.now() - 1_000 });
  expect((await call(daemon.url, pool.key, FIXED)).status).toBe(200);
  await whileStopped(({ ledger }) => ledger.setState(PART, 'paused', 'a breach was seen'));
  const stopped = await call(daemon.url, pool.key, FIXED);
  expect([stopped.status, stopped.code]).toEqual([503, 'POOL_STOPPED']);
  expect(stopped.text).toContain('a breach was seen');
  expect((await call(daemon.url, validation.key, FIXED)).status).toBe(200);
  expect(await asked(SECRET)).toBe(2);
});

it('keys of callers and of the pool do not reach each other’s sources', async () => {
  await start();
  const own = await addSource(daemon, { base_url: `${sandbox.url}/v1`, api_key: OWN, cap: 10_000 });
  const { key } = await addKey(daemon);
  for (const caller of [key, pool.key, validation.key]) expect((await call(daemon.url, caller, FIXED)).status).toBe(200);
  expect([await asked(OWN), await asked(SECRET)]).toEqual([1, 2]);
  await daemon.admin(`/sources/${gift}/destroy`, {});
  expect(await models(key)).toContain('sandbox-fixed-5');
  expect(await models(pool.key)).toEqual([]);
  expect((await call(daemon.url, pool.key, FIXED)).code).toBe('MODEL_UNKNOWN');
  await daemon.admin(`/sources/${own}/destroy`, {});
  expect(await models(key)).toEqual([]);
  const sources = await daemon.admin<{ sources: { id: string; pool: boolean }[] }>('/sources');
  expect(sources.body.sources.map(({ id, pool: isOfPool }) => [id, isOfPool])).toEqual([
    [gift, true],
    [own, false],
  ]);
  expect((await daemon.admin<{ error: { code: string } }>('/keys', { name: 'sly', sources: [gift] })).body.error.code).toBe(
    'INPUT_INVALID',
  );
});

it('a pool key may ask for one source, and nobody else may', async () => {
  await start();
  const second = 'sk-given-second-0123456789';
  let other = '';
  await whileStopped(async (books) => {
    other = await give(books, { baseUrl: `${sandbox.url}/v1`, secret: second });
  });
  const one = (id: string, key = pool.key) => call(daemon.url, key, { ...FIXED, headers: { 'x-tally-source': id } });
  for (const id of [other, other, gift]) expect((await one(id)).status).toBe(200);
  expect([await asked(SECRET), await asked(second)]).toEqual([1, 2]);
  expect((await one('no-such-source')).code).toBe('MODEL_UNKNOWN');
  const { key } = await addKey(daemon);
  expect((await one(gift, key)).code).toBe('INPUT_INVALID');
  expect([await asked(SECRET), await asked(second)]).toEqual([1, 2]);
});

it('minutes cut a slow stream where they end, and are then used up', async () => {
  await start({ ms: 1_500n });
  // It sends half of its answer, and then nothing for as long as anybody waits.
  const slow: Ask = { model: 'sandbox-stall', stream: true, max: 100 };
  const from = performance.now();
  const seen = await call(daemon.url, pool.key, slow);
  const tookMs = performance.now() - from;
  expect(seen.code).toBe('UPSTREAM_TIMEOUT');
  expect(seen.text).toContain('time that was given');
  expect(tookMs).toBeGreaterThan(1_400);
  const spent = await eventually('the settlement', async () => {
    const { held, spent: used } = await sourceView(daemon, gift);
    return held === '0' ? BigInt(used) : null;
  });
  expect(spent).toBe(BigInt(seen.headers.get('x-tally-held') ?? 0));
  const after = await call(daemon.url, pool.key, FIXED);
  expect([after.status, after.code]).toEqual([402, 'CAP_EXCEEDED']);
  expect(after.text).toContain('minutes');
  expect(await asked(SECRET)).toBe(1);
  await whileStopped(async ({ ledger }) => {
    const [minutes] = await ledger.accounts('minutes');
    expect(minutes).toMatchObject({ held: 0n, overrun: 0n, state: 'active' });
    // Counted from the first byte, which a busy machine sends some time after the hold; what is left is too little for a call.
    expect(minutes?.spent).toBeGreaterThan(500n);
    expect(minutes?.spent).toBeLessThanOrEqual(1_500n);
    expect(await ledger.verify()).toEqual([]);
  });
});

it('a call takes of the minutes what it took of time, and leaves the rest', async () => {
  await start({ ms: 60_000n });
  for (const _ of [1, 2]) expect((await call(daemon.url, pool.key, FIXED)).status).toBe(200);
  await whileStopped(async ({ ledger }) => {
    const [minutes] = await ledger.accounts('minutes');
    expect(minutes?.held).toBe(0n);
    expect(minutes?.spent).toBeGreaterThan(0n);
    expect(minutes?.spent).toBeLessThan(20_000n);
  });
});

it.each([
  ['pool', "pool = 0, group_ids = '[]'"],
  ['gates', "group_ids = '[]'"],
  ['minutes', 'minutes_account_id = NULL'],
])('an edit of the books that takes a donated key out of its %s is found at the start', async (_, edit) => {
  await start({ opensAt: Date.now() + DAY_MS, ms: 60_000n });
  const { key } = await addKey(daemon);
  await daemon.stop();
  const db = new DatabaseSync(join(daemon.dir, 'data', 'ledger.db'));
  db.exec(`UPDATE sources SET ${edit} WHERE source_id = '${gift}'`);
  db.close();
  daemon = await startDaemon({ dir: daemon.dir, env: { ...ENV, ...launch } });
  expect(await sourceView(daemon, gift)).toMatchObject({ state: 'frozen', state_reason: 'it is not as it was sealed' });
  for (const caller of [key, pool.key, validation.key]) expect((await call(daemon.url, caller, FIXED)).status).not.toBe(200);
  expect(await asked(SECRET)).toBe(0);
});

it('an edit of the books that makes a caller’s key one of the pool’s makes it none at all', async () => {
  await start();
  const { id, key } = await addKey(daemon);
  await daemon.stop();
  const db = new DatabaseSync(join(daemon.dir, 'data', 'ledger.db'));
  db.exec(`UPDATE keys SET used_for = 'validation' WHERE key_id = '${id}'`);
  db.close();
  daemon = await startDaemon({ dir: daemon.dir, env: { ...ENV, ...launch } });
  expect((await call(daemon.url, key, FIXED)).code).toBe('AUTH_INVALID');
  expect(await asked(SECRET)).toBe(0);
});

it('counts wait for the gates too', async () => {
  await start({ opensAt: Date.now() + DAY_MS, cap: 5_000n, countConsent: true });
  const messages = [{ role: 'user', content: 'Hello' }];
  const { error } = await post('/v1/messages', pool.key, { model: 'sandbox-undercount', max_tokens: 8, messages });
  expect(error['code']).toBe('GOVERNANCE_LOCKED');
  expect(await asked(SECRET)).toBe(0);
});
