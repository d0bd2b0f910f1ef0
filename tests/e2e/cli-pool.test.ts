import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startDaemon, type TestDaemon } from '../support/daemon.ts';
import { sandboxKey } from '../support/donating.ts';
import type { PoolStatus } from '../support/pool-status.ts';
import { tally } from '../support/tally.ts';

/** From a gift to its end, on the command line alone: each test goes on where the one before it ended. */
let daemon: TestDaemon;
let donor = '';
let gift = '';
const wallet = ['--wallet-key-file', 'wallet'] as const;
const key = sandboxKey();

beforeAll(async () => {
  daemon = await startDaemon();
  writeFileSync(join(daemon.dir, 'wallet'), randomBytes(32).toString('hex'), { mode: 0o600 });
});
afterAll(() => daemon.dispose());

const run = (args: readonly string[], stdin?: string) => tally(daemon.dir, args, stdin === undefined ? {} : { stdin });
/** What a command prints with --json. */
async function json<T>(args: readonly string[], stdin?: string): Promise<T> {
  const ran = await run([...args, '--json'], stdin);
  expect([ran.code, ran.err]).toEqual([0, '']);
  return JSON.parse(ran.out) as T;
}

it('a key is given by a wallet and by an account, each with a receipt that verifies offline', async () => {
  const given = await run(['pool', 'donate', '--provider', 'sandbox', '--tokens', '50_000', '--receipt', 'gift.json', ...wallet], key);
  expect([given.code, given.err]).toEqual([0, '']);
  expect(given.out).toContain('all 5 checks of the receipt hold');
  const { signer } = await json<{ signer: string }>(['pool', 'donation', 'verify', 'gift.json']);
  const offline = { env: { TALLY_URL: 'http://127.0.0.1:1' } };
  expect((await tally(daemon.dir, ['pool', 'donation', 'verify', 'gift.json', '--signer', signer], offline)).code).toBe(0);
  const { token } = await json<{ token: string }>(['donor', 'add', 'ann']);
  donor = token;
  const other = ['pool', 'donate', '--provider', 'sandbox', '--tokens', '60000', '--label', 'XAI7'];
  const { code, out } = await tally(daemon.dir, other, { stdin: sandboxKey(), env: { TALLY_DONOR_TOKEN: donor } });
  expect([code, out]).toEqual([0, expect.stringContaining('all 5 checks of the receipt hold')]);
  const twice = await tally(daemon.dir, other, { stdin: sandboxKey(), env: { TALLY_DONOR_TOKEN: donor } });
  expect([twice.code, twice.err]).toEqual([4, expect.stringContaining('error DONATION_TOO_SOON: ')]);
});

it('each donor sees its own, and a wallet lowers, pauses and resumes it', async () => {
  const { donations } = await json<{ donations: { key_id: string }[] }>(['pool', 'donation', 'list', ...wallet]);
  expect(donations).toHaveLength(1);
  gift = donations[0]?.key_id ?? '';
  expect((await json<{ limit: number }>(['pool', 'donation', 'lower', gift, '45_000', ...wallet])).limit).toBe(45_000);
  expect((await json<{ state: string }>(['pool', 'donation', 'pause', gift, ...wallet])).state).toBe('paused');
  expect((await json<{ state: string }>(['pool', 'donation', 'resume', gift, ...wallet])).state).toBe('active');
  const strange = await tally(daemon.dir, ['pool', 'donation', 'show', gift], { env: { TALLY_DONOR_TOKEN: donor } });
  expect([strange.code, strange.err]).toEqual([4, expect.stringContaining('error NOT_FOUND: ')]);
});

it('the pool tells what was given, and that it is locked; a task waits, with the reason', async () => {
  const status = await json<PoolStatus>(['pool', 'status']);
  expect(status).toMatchObject({ total_keys_donated: 2, total_tokens_donated: 110_000, lockout: { locked: true } });
  const refused = await run(['pool', 'run', 'Say hello.', '--provider', 'sandbox', '--budget', '10_000']);
  expect([refused.code, refused.out]).toEqual([4, '']);
  expect(refused.err).toContain('error GOVERNANCE_LOCKED: ');
  const { tasks } = await json<{ tasks: { task_id: string; state: string }[] }>(['pool', 'task', 'list']);
  expect(tasks).toMatchObject([{ state: 'waiting' }]);
  const [{ task_id: id } = { task_id: '' }] = tasks;
  expect(refused.err).toContain(id);
  expect((await json<{ state: string }>(['pool', 'task', 'cancel', id])).state).toBe('cancelled');
});

it('a guardian stops the pool, and only the operator starts it', async () => {
  const { token } = await json<{ token: string }>(['guardian', 'add', 'night watch']);
  writeFileSync(join(daemon.dir, 'guardian'), token, { mode: 0o600 });
  expect(await json(['pool', 'stop', '--reason', 'odd', '--guardian-token-file', 'guardian'])).toMatchObject({ stopped: true });
  expect((await json<PoolStatus>(['pool', 'status'])).stops.pool).toEqual({ stopped: true, reason: 'odd' });
  expect(await json(['pool', 'start'])).toMatchObject({ stopped: false });
});

it('a donor’s task is listed for its donor alone', async () => {
  const proposal = ['pool', 'propose', 'Say more.', '--provider', 'sandbox', '--tokens', '5000', ...wallet];
  const { task_id: id } = await json<{ task_id: string }>(proposal);
  const listed = async (env: Readonly<Record<string, string>>, args: readonly string[]) =>
    JSON.parse((await tally(daemon.dir, ['pool', 'task', 'list', '--json', ...args], { env })).out).tasks as { task_id: string }[];
  expect((await listed({}, wallet)).map(({ task_id }) => task_id)).toEqual([id]);
  expect(await listed({ TALLY_DONOR_TOKEN: donor }, [])).toEqual([]);
  expect(await listed({}, ['--state', 'proposed', '--limit', '1'])).toMatchObject([{ task_id: id }]);
  const wrong = await run(['pool', 'task', 'list', '--state', 'lost']);
  expect([wrong.code, wrong.err]).toEqual([4, expect.stringContaining('error INPUT_INVALID: state: ')]);
  expect((await json<{ state: string }>(['pool', 'task', 'reject', id, '--reason', 'not this year'])).state).toBe('rejected');
  expect((await run(['audit', 'show', id, ...wallet])).out).toMatch(/\ttask\.rejected\t.*not this year/);
});

it('under the override of development it runs, streams, and says what it came to by key', async () => {
  await daemon.stop();
  daemon = await startDaemon({ dir: daemon.dir, env: { TALLY_POOL_LOCKOUT_OFF: '1' } });
  expect((await run(['pool', 'lockout'])).out).toContain('OVERRIDDEN');
  const ran = await run(['pool', 'run', 'Say hello.', '--provider', 'sandbox', '--budget', '10_000', '--stream']);
  expect([ran.code, ran.err]).toEqual([0, '']);
  expect(ran.out).toMatch(/^This is sandbox output[^\n]*\n\ntask\t/);
  const [, used = '', by = ''] = /\n\nkey_id\ttokens\n(\S+)\t(\d+)\n$/.exec(ran.out) ?? [];
  expect(Number(by)).toBeGreaterThan(0);
  const { donations } = await json<{ donations: { key_id: string; spent: number }[] }>(['pool', 'donation', 'list']);
  expect(donations.map(({ key_id }) => key_id)).toContain(used);
  const whole = await json<Record<string, unknown>>(['pool', 'run', '-', '--provider', 'sandbox', '--tokens', '9_000'], 'Say hello.\n');
  expect(whole).toMatchObject({ state: 'done', mode: 'pre_allocated', result: expect.stringContaining('sandbox output') });
  expect((await json<{ leaders: unknown[] }>(['pool', 'leaderboard'])).leaders).toHaveLength(2);
});

it('what is destroyed says so, and the log says it too, verified offline', async () => {
  expect((await run(['pool', 'donation', 'destroy', gift, ...wallet], 'y\n')).code).toBe(2);
  const ended = await run(['pool', 'donation', 'destroy', gift, '--yes', ...wallet]);
  expect([ended.code, ended.out]).toEqual([0, expect.stringContaining('state\tdestroyed (by the donor)\n')]);
  const before = await json<{ checkpoint: { size: number } }>(['audit', 'checkpoint']);
  const said = await run(['audit', 'show', gift, '--json', ...wallet]);
  writeFileSync(join(daemon.dir, 'said.json'), said.out);
  const verified = await tally(daemon.dir, ['audit', 'verify', 'said.json'], { env: { TALLY_URL: 'http://127.0.0.1:1' } });
  expect(verified.code).toBe(0);
  for (const kind of ['donation.given', 'donation.lowered', 'donation.ended']) expect(verified.out).toContain(kind);
  expect(verified.out).not.toContain(key);
  expect((await run(['audit', 'checkpoint', '--since', String(before.checkpoint.size)])).code).toBe(0);
  expect((await run(['audit', 'verify'])).code).toBe(0);
});
