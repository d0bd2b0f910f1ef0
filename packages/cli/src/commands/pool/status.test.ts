import { addressOfSecretKey, type Breach, breachDigest, fromHex, signDigest } from '@tallystick/core';
import { afterEach, expect, test } from 'vitest';
import { LOG_SIGNER, sampleAudit } from '../../testing/audit-bundle.ts';
import { type FakeDaemon, fakeDaemon, HERE, NOW, TOKEN, tally, workFolder } from '../../testing/harness.ts';

const GATEWAY = fromHex(`0x${'42'.repeat(32)}`);
const STATUS = {
  ...{ total_keys_donated: 2, utilization_percent: 0.1, switches: 1, breaches: 0, pending: { keys: 1, tokens: 9 } },
  tokens: { donated: 110, used: 10, held: 0, remaining: 60, lapsed: 40, available: 60 },
  by_provider: {
    groq: {
      ...{ total_keys: 2, active_keys: 1, donated_tokens: 110, used_tokens: 10, held_tokens: 0, remaining_tokens: 60, lapsed_tokens: 40 },
      simulated: true,
    },
  },
  lockout: { locked: true, launched_at: NOW, unlocks_at: NOW + 90 * 86_400_000, override: false },
  stops: { all: true, pool: { stopped: false, reason: null }, providers: { groq: { stopped: true, reason: 'odd\u{1b}[2J' } } },
  tasks: { done: 4, failed: 1 },
};
const EVIDENCE: Breach = {
  ...{ format: 'tallystick-breach/1', source_id: 's1', provider: 'groq', hold_id: 'h1', receipt_id: 'ab'.repeat(16) },
  ...{ bound: '100', actual: '130', excess: '30', limit: '500', spent: '100', overrun: '30', head: 'cd'.repeat(32), at: NOW },
};
const BREACH = {
  ...{ evidence: EVIDENCE, signature: signDigest(breachDigest(EVIDENCE), GATEWAY), signer: addressOfSecretKey(GATEWAY) },
  ...{ stopped: true, filed: true },
};

let daemon: FakeDaemon | undefined;
let folder: ReturnType<typeof workFolder> | undefined;
afterEach(async () => {
  await daemon?.close();
  folder?.remove();
});

async function on(routes: Parameters<typeof fakeDaemon>[0], args: readonly string[]) {
  daemon = await fakeDaemon(routes);
  folder = workFolder(daemon.url);
  return tally(args, { cwd: folder.cwd, env: HERE });
}

test('what the pool tells everyone is asked for without a token', async () => {
  const ran = await on({ 'GET /api/ai-pool/status': [200, STATUS] }, ['pool', 'status']);
  expect(ran).toMatchObject({ code: 0, err: '' });
  expect(ran.out).toMatch(
    /^pool\tlocked until 2026-04-01T00:00:00\.000Z\nstopped\tevery call of this gateway\nstopped\tgroq \(odd\ufffd\[2J\)\n/,
  );
  expect(ran.out).toContain('tasks\t4 done, 1 failed\n');
  expect(ran.out).toMatch(/\ngroq \(SANDBOX\)\t2\t1\t110\t10\t0\t60\t40\n$/);
  const setting = { cwd: folder?.cwd ?? '', env: HERE };
  expect((await tally(['pool', 'lockout'], setting)).out).toContain('opens\t2026-04-01T00:00:00.000Z\n');
  expect(JSON.parse((await tally(['pool', 'lockout', '--json'], setting)).out)).toEqual(STATUS.lockout);
  expect(daemon?.seen.map(({ authorization }) => authorization)).toEqual([undefined, undefined, undefined]);
});

test('an override is not shown as an open pool', async () => {
  const lockout = { ...STATUS.lockout, locked: false, override: true };
  expect((await on({ 'GET /api/ai-pool/status': [200, { ...STATUS, lockout }] }, ['pool', 'lockout'])).out).toContain('pool\tOVERRIDDEN');
});

test('leaders and switches are asked for by pages', async () => {
  const leader = { rank: 3, donor: 'anonymous', labels: ['a', 'b'], keys: 1, given_tokens: 9, used_tokens: 1, tasks_helped: 0 };
  const change = { id: 't/1', task_id: 't', turn: 2, from: 'k1', to: 'k2', reason: 'limit', tokens_left: 17, at: NOW };
  const routes = {
    'GET /api/ai-pool/leaderboard?from=3&limit=1': [200, { donors: 9, leaders: [leader] }] as const,
    'GET /api/ai-pool/switches?after=t%2F0': [200, { switches: [change] }] as const,
  };
  const ran = await on(routes, ['pool', 'leaderboard', '--from', '3', '--limit', '1']);
  expect(ran.out.split('\n')[1]).toBe('3\tanonymous\ta, b\t1\t9\t1\t0');
  const switches = await tally(['pool', 'switches', '--after', 't/0'], { cwd: folder?.cwd ?? '', env: HERE });
  expect(switches.out.split('\n')[1]).toBe('2026-01-01T00:00:00.000Z\tt\t2\tk1\tk2\tlimit\t17');
});

test('evidence of breaches is verified before it is shown', async () => {
  const forged = { ...BREACH, evidence: { ...EVIDENCE, actual: '140', excess: '40' } };
  const page = [200, { breaches: [BREACH] }] as const;
  const ran = await on({ 'GET /api/ai-pool/breaches': [page, [200, { breaches: [BREACH, forged] }]] }, ['pool', 'breaches']);
  expect([ran.code, ran.out.split('\n')[1]]).toEqual([0, `2026-01-01T00:00:00.000Z\th1\ts1\t30\t${'ab'.repeat(16)}\tstopped\tverifies`]);
  const bad = await tally(['pool', 'breaches'], { cwd: folder?.cwd ?? '', env: HERE });
  expect([bad.code, bad.out.split('\n')[2]]).toEqual([5, expect.stringContaining('\t40\t')]);
  expect(bad.out).toContain('does NOT verify');
});

test('what the audit log says is verified before it is shown; --json is the bundle, which verifies', async () => {
  const bundle = sampleAudit(2);
  const routes = {
    'GET /api/ai-pool/audit?subject=s&from=1&since=1': [200, bundle] as const,
    'GET /api/ai-pool/audit/checkpoint?since=1': [200, { ...bundle, signer: '11'.repeat(32) }] as const,
  };
  const ran = await on(routes, ['audit', 'show', 's', '--from', '1', '--since', '1']);
  expect([ran.code, ran.out]).toEqual([0, expect.stringContaining('What it says stands in the log.')]);
  const setting = { cwd: folder?.cwd ?? '', env: HERE };
  const kept = await tally(['audit', 'show', 's', '--from', '1', '--since', '1', '--json'], setting);
  expect(JSON.parse(kept.out)).toEqual(bundle);
  expect((await tally(['audit', 'verify', '-', '--signer', LOG_SIGNER], { ...setting, stdin: kept.out })).code).toBe(0);
  expect((await tally(['audit', 'checkpoint', '--since', '1'], setting)).code).toBe(5);
  expect(daemon?.seen.map(({ authorization }) => authorization)).toEqual([`Bearer ${TOKEN}`, `Bearer ${TOKEN}`, undefined]);
});
