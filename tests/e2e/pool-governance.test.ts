import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Hex, verifyBreach } from '@tallystick/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tally } from '../../packages/cli/src/testing/harness.ts';
import { eventually, wrongs } from '../support/calling.ts';
import { get, post, WalletDonor } from '../support/donating.ts';
import { offline } from '../support/offline.ts';
import { PoolStage } from '../support/pool.ts';
import type { PoolStatus } from '../support/pool-status.ts';

const DAY_MS = 86_400_000;
const TASK = { task_description: 'Write.', provider: 'played', max_total_tokens: 30_000 };

const statusOf = async (stage: PoolStage) => (await stage.get<PoolStatus>('/status', '')).json;
const account = async (stage: PoolStage, name: string) =>
  (await stage.daemon.admin<{ id: string; donor: string; token: string }>('/donors', { name })).body;

describe('the lockout', () => {
  let stage: PoolStage;
  beforeAll(async () => {
    stage = await PoolStage.open({ TALLY_POOL_LOCKOUT_OFF: '0' });
  });
  afterAll(() => stage.close());

  it('lets keys be given and nothing be sent, until 90 days after the launch, and ends by itself', async () => {
    const id = await stage.give('sk-locked', 100_000);
    const answer = await stage.execute({ max_total_tokens: 30_000 });
    expect(answer).toMatchObject({ success: false, error: 'GOVERNANCE_LOCKED', state: 'waiting' });
    const { lockout } = await statusOf(stage);
    expect(lockout).toMatchObject({ locked: true, override: false, unlocks_at: lockout.launched_at + 90 * DAY_MS });
    expect(String(answer['message'])).toContain(new Date(lockout.unlocks_at).toISOString());
    expect([stage.upstream.asked, (await stage.account(id)).spent]).toEqual([[], 0]);
    expect(await stage.daemon.admin('/audit/verify')).toMatchObject({ body: { ok: true } });
  });

  it('is not shortened by a launch that is said to have been earlier', async () => {
    await stage.daemon.stop();
    const refused = await offline(stage.daemon.dir, [], { TALLY_SANDBOX: '0', TALLY_POOL_LAUNCH: '2020-01-01' });
    expect([refused.exit, refused.error.code]).toEqual([78, 'CONFIG_INVALID']);
    expect(refused.error.message).toContain('donors were told');
    await stage.restart('SIGKILL');
    expect((await statusOf(stage)).lockout.locked).toBe(true);
  });

  it('may be overridden in development, aloud, and never in production', async () => {
    await stage.restart('SIGTERM', { TALLY_POOL_LOCKOUT_OFF: 'true', TALLY_LOG_LEVEL: 'warn' });
    expect(stage.daemon.stderr()).toContain('OVERRIDDEN');
    const { lockout } = await statusOf(stage);
    expect(lockout).toMatchObject({ locked: false, override: true });
    expect(lockout.unlocks_at).toBeGreaterThan(Date.now());
    const answer = await post<{ task_id: string }>(stage.daemon, '/execute', TASK, adminToken(stage));
    expect([answer.status, answer.headers.get('x-tally-lockout')]).toEqual([200, 'overridden']);
    const { json } = await stage.get<{ entries: { line: string }[] }>(`/audit?subject=${answer.body.task_id}`);
    expect(json.entries.map(({ line }) => JSON.parse(line).kind)).toContain('task.lockout_overridden');
    await stage.daemon.stop();
    const refused = await offline(stage.daemon.dir, [], {
      TALLY_SANDBOX: '0',
      TALLY_POOL_LOCKOUT_OFF: 'true',
      TALLY_MODE: 'production',
    });
    expect(refused.error.code).toBe('CONFIG_INVALID');
  });

  it('is back as it was when the override is gone', async () => {
    await stage.restart('SIGTERM');
    const before = stage.upstream.asked.length;
    const answer = await stage.execute({ max_total_tokens: 30_000 });
    expect(answer.error).toBe('GOVERNANCE_LOCKED');
    expect((await statusOf(stage)).lockout).toMatchObject({ locked: true, override: false });
    expect(stage.upstream.asked).toHaveLength(before);
  });
});

it('a lockout that ends while a task waits lets it go on by itself', async () => {
  const unlocksAt = Date.now() + 12_000;
  const stage = await PoolStage.open({ TALLY_POOL_LOCKOUT_OFF: '0', TALLY_POOL_LAUNCH: String(unlocksAt - 90 * DAY_MS) });
  try {
    await stage.give('sk-in-time', 100_000);
    const answer = await stage.execute({ max_total_tokens: 30_000 });
    expect(answer).toMatchObject({ error: 'GOVERNANCE_LOCKED' });
    expect(stage.upstream.asked).toHaveLength(0);
    await stage.until(answer.task_id, 'done');
    expect(Date.now()).toBeGreaterThanOrEqual(unlocksAt);
    expect((await statusOf(stage)).lockout.locked).toBe(false);
  } finally {
    await stage.close();
  }
});

const adminToken = (stage: PoolStage) => readFileSync(join(stage.daemon.dir, 'data', 'admin-token'), 'utf8').trim();

describe('emergency stops', () => {
  let stage: PoolStage;
  let guardian: { id: string; token: string };
  let donor: { token: string };
  beforeAll(async () => {
    stage = await PoolStage.open();
    await stage.give('sk-stops', 500_000);
    guardian = (await stage.daemon.admin<{ id: string; token: string }>('/guardians', { name: 'night watch' })).body;
    donor = await account(stage, 'a donor');
  });
  afterAll(async () => {
    expect(await wrongs(stage.daemon)).toEqual([]);
    await stage.close();
  });

  const scopes = ['pool', 'provider:played'];
  it.each(scopes)('of %s holds every call back, over a restart, until the operator ends it', async (scope) => {
    const stopped = await stage.post('/stop', { scope, reason: 'odd bills' }, guardian.token);
    expect([stopped.status, stopped.json]).toEqual([200, { success: true, scope, stopped: true, reason: 'odd bills' }]);
    const asked = stage.upstream.asked.length;
    const answer = await stage.execute({ max_total_tokens: 30_000 });
    expect(answer).toMatchObject({ error: 'POOL_STOPPED', state: 'waiting' });
    await stage.restart('SIGKILL');
    const { stops } = await statusOf(stage);
    expect(scope === 'pool' ? stops.pool : stops.providers['played']).toEqual({ stopped: true, reason: 'odd bills' });
    expect((await stage.task(answer.task_id)).state).not.toBe('done');
    expect(stage.upstream.asked).toHaveLength(asked);
    expect((await stage.post('/start', { scope }, guardian.token)).status).toBe(403);
    expect((await stage.post('/start', { scope })).json).toMatchObject({ success: true, stopped: false });
    await stage.until(answer.task_id, 'done');
  });

  it('of a key stops that key alone', async () => {
    const id = await stage.give('sk-stopped-key', 400_000);
    expect((await stage.post('/stop', { scope: `key:${id}` }, guardian.token)).status).toBe(200);
    expect((await stage.account(id)).state).toBe('paused');
    expect(await stage.execute({ max_total_tokens: 20_000 })).toMatchObject({ success: true, keys_used: 1 });
    expect((await stage.account(id)).spent).toBe(0);
    await stage.post('/start', { scope: `key:${id}` });
    expect((await stage.account(id)).state).toBe('active');
    await stage.post(`/donations/${id}/destroy`, {});
    expect((await stage.post('/stop', { scope: `key:${id}` })).status).toBe(409);
  });

  it.each<[string, () => string, unknown, number]>([
    ['nobody', () => '', { scope: 'pool' }, 403],
    ['a donor', () => donor.token, { scope: 'pool' }, 403],
    ['a scope that is none', () => guardian.token, { scope: 'everything' }, 400],
    ['a provider that nobody gave a key of', () => guardian.token, { scope: 'provider:nobody' }, 404],
    ['a key that nobody gave', () => guardian.token, { scope: 'key:019a0000-0000-7000-8000-000000000001' }, 404],
  ])('are refused: %s', async (_, token, body, status) => {
    expect((await stage.post('/stop', body, token())).status).toBe(status);
  });

  it('a guardian may do nothing else, and nothing once it is revoked', async () => {
    for (const path of ['/execute', '/tasks', '/donate']) expect((await stage.post(path, TASK, guardian.token)).status).not.toBe(200);
    const listed = await fetch(`${stage.daemon.url}/api/admin/guardians`, { headers: { authorization: `Bearer ${guardian.token}` } });
    expect(listed.status).toBe(403);
    await stage.daemon.admin(`/guardians/${guardian.id}/revoke`, {});
    expect((await stage.post('/stop', {}, guardian.token)).status).toBe(403);
    expect((await stage.daemon.admin<{ guardians: unknown[] }>('/guardians')).body.guardians).toMatchObject([{ state: 'revoked' }]);
  });
});

type Evidence = {
  readonly evidence: Readonly<Record<string, string>>;
  readonly signature: Hex;
  readonly signer: Hex;
  readonly stopped: boolean;
};

describe('a breach', () => {
  it.each([
    ['stop', 'paused'],
    ['freeze', 'active'],
  ])('with %s: the key freezes, evidence is filed and verifies, over a kill', async (policy) => {
    const stage = await PoolStage.open({ TALLY_POOL_BREACH: policy });
    try {
      const id = await stage.give('sk-breach', 100_000);
      stage.upstream.script = () => ({ text: 'Too much.', tokens: 90_000 });
      await stage.post('/tasks', { ...TASK, max_total_tokens: 20_000 });
      await eventually('frozen', async () => (await stage.account(id)).state === 'frozen');
      const found = await eventually('evidence', async () => {
        const { json } = await stage.get<{ breaches: Evidence[] }>('/breaches', '');
        return json.breaches[0];
      });
      const { evidence, signature, signer, stopped } = found;
      const known = ((await (await fetch(`${stage.daemon.url}/api/receipts/signer`)).json()) as { signer: Hex }).signer;
      expect(verifyBreach({ evidence, signature, signer }, known).ok).toBe(true);
      expect([evidence['source_id'], evidence['provider'], stopped]).toEqual([id, 'played', policy === 'stop']);
      expect(Number(evidence['actual'])).toBe(90_000);
      if (policy === 'stop') await stage.restart('SIGKILL');
      // What was read a moment ago is told again.
      const status = await eventually('the breach in the status', async () => {
        const read = await statusOf(stage);
        return read.breaches > 0 && read;
      });
      expect([status.breaches, status.stops.pool.stopped, status.keys_by_state['frozen']]).toEqual([1, policy === 'stop', 1]);
      expect((await stage.get<{ breaches: Evidence[] }>('/breaches', '')).json.breaches).toHaveLength(1);
      const { json } = await stage.get<{ entries: { line: string }[] }>(`/audit?subject=${id}`);
      expect(json.entries.filter(({ line }) => JSON.parse(line).kind === 'pool.breach')).toHaveLength(1);
    } finally {
      await stage.close();
    }
  });
});

describe('donors vote on tasks', () => {
  let stage: PoolStage;
  let a: { id: string; donor: string; token: string };
  let wallet: WalletDonor;
  beforeAll(async () => {
    stage = await PoolStage.open({
      TALLY_POOL_APPROVAL: 'vote',
      TALLY_POOL_VOTE_MS: '3000',
      TALLY_POOL_TIMELOCK_MS: '1500',
      TALLY_POOL_VOTE_WEIGHT: 'tokens',
    });
    a = await account(stage, 'a');
    wallet = await WalletDonor.of(stage.daemon);
    const given = await stage.post('/donate', { provider: 'played', api_key: 'sk-voter-a', donated_tokens: 400_000 }, a.token);
    expect(given.status).toBe(201);
    const signed = wallet.signed({ provider: 'played', api_key: 'sk-voter-w', donated_tokens: 300_000 });
    expect((await stage.post('/donate', signed, '')).status).toBe(201);
  });
  afterAll(async () => {
    expect(await wrongs(stage.daemon)).toEqual([]);
    await stage.close();
  });

  const propose = async () => {
    const { status, json } = await stage.post('/tasks', TASK, a.token);
    expect([status, json['state']]).toEqual([202, 'proposed']);
    return String(json['task_id']);
  };
  const voteOf = async (id: string) => (await stage.get<Readonly<Record<string, unknown>>>(`/tasks/${id}/vote`, '')).json;

  it('and what passes runs after its timelock', async () => {
    const id = await propose();
    const shown = await stage.get<{ proposals: { task_id: string; task_description: string }[] }>('/proposals', a.token);
    expect(shown.json.proposals).toMatchObject([{ task_id: id, task_description: 'Write.' }]);
    expect((await stage.get('/proposals', '')).status).toBe(401);
    expect((await stage.post(`/tasks/${id}/vote`, { choice: 'yes' }, a.token)).json).toMatchObject({
      success: true,
      votes: 1,
      tally: null,
    });
    const word = wallet.act('vote:no', id);
    expect((await post(stage.daemon, `/tasks/${id}/vote`, { choice: 'yes', ...word })).status).toBe(401);
    expect((await post(stage.daemon, `/tasks/${id}/vote`, { choice: 'no', ...word })).status).toBe(200);
    expect((await post(stage.daemon, `/tasks/${id}/vote`, { choice: 'no', ...word })).status).toBe(409);
    await stage.restart('SIGKILL');
    const endsAt = Number((await voteOf(id))['ends_at']);
    await stage.until(id, 'approved');
    expect(Date.now()).toBeGreaterThanOrEqual(endsAt);
    expect(await voteOf(id)).toMatchObject({ outcome: 'passed', tally: { yes: '400000', no: '300000', abstain: '0', total: '700000' } });
    const queueAt = Number((await voteOf(id))['queue_at']);
    await stage.until(id, 'done');
    expect(Date.now()).toBeGreaterThanOrEqual(queueAt);
    expect((await stage.post(`/tasks/${id}/vote`, { choice: 'no' }, a.token)).json['error']).toBe('TASK_STATE');
  });

  it('and what does not pass is rejected, the operator’s own too', async () => {
    const own = await stage.post('/execute', TASK);
    expect([own.status, own.json['state']]).toEqual([202, 'proposed']);
    const id = String(own.json['task_id']);
    expect((await stage.post(`/tasks/${id}/approve`, {})).status).toBe(403);
    await stage.post(`/tasks/${id}/vote`, { choice: 'no' }, a.token);
    await stage.until(id, 'rejected');
    expect((await voteOf(id))['outcome']).toBe('no_majority');
    const ignored = await propose();
    await stage.until(ignored, 'rejected');
    expect((await voteOf(ignored))['outcome']).toBe('no_quorum');
  });

  it('but not who has given nothing, nor the operator, nor on what is rejected', async () => {
    const id = await propose();
    const stranger = await account(stage, 'a stranger');
    expect((await stage.post(`/tasks/${id}/vote`, { choice: 'yes' }, stranger.token)).status).toBe(403);
    expect((await stage.post(`/tasks/${id}/vote`, { choice: 'yes' })).status).toBe(403);
    expect((await stage.post(`/tasks/${id}/vote`, { choice: 'maybe' }, a.token)).status).toBe(400);
    expect((await stage.post(`/tasks/${id}/reject`, {}, a.token)).status).toBe(403);
    expect((await stage.post(`/tasks/${id}/reject`, {})).json).toMatchObject({ success: true, state: 'rejected' });
    expect((await stage.post(`/tasks/${id}/vote`, { choice: 'yes' }, a.token)).json['error']).toBe('TASK_STATE');
  });

  it('the operator’s word alone approves where it is so configured', async () => {
    await stage.restart('SIGTERM', { TALLY_POOL_APPROVAL: 'operator' });
    const id = await propose();
    expect((await stage.post(`/tasks/${id}/approve`, {}, a.token)).status).toBe(403);
    expect((await stage.post(`/tasks/${id}/approve`, {})).json).toMatchObject({ success: true, state: 'queued' });
    await stage.until(id, 'done');
    expect((await stage.post(`/tasks/${id}/approve`, {})).json['error']).toBe('TASK_STATE');
  });
});

describe('the audit log', () => {
  let stage: PoolStage;
  beforeAll(async () => {
    stage = await PoolStage.open();
  });
  afterAll(() => stage.close());

  it('is shown to those whom it is about, and verifies offline', async () => {
    const mine = await account(stage, 'mine');
    const given = await stage.post('/donate', { provider: 'played', api_key: 'sk-audited', donated_tokens: 50_000 }, mine.token);
    const id = String(given.json['key_id']);
    const other = await account(stage, 'other');
    expect((await stage.get(`/audit?subject=${id}`, other.token)).status).toBe(404);
    expect((await stage.get(`/audit?subject=${id}`, '')).status).toBe(401);
    expect((await stage.get('/audit?subject=%2F', mine.token)).status).toBe(400);
    const before = (await stage.get<{ signer: string; checkpoint: { size: number } }>('/audit/checkpoint', '')).json;
    await stage.post(`/donations/${id}/destroy`, {}, mine.token);
    await stage.restart('SIGKILL');
    const said = await stage.get<{ entries: { line: string }[] }>(`/audit?subject=${id}&since=${before.checkpoint.size}`, mine.token);
    expect(said.status).toBe(200);
    expect(said.json.entries.map(({ line }) => JSON.parse(line).kind)).toContain('secret.destroyed');
    expect(JSON.stringify(said.json)).not.toContain('sk-audited');
    const [dir, cwd] = [stage.daemon.dir, stage.daemon.dir];
    writeFileSync(join(dir, 'before.json'), JSON.stringify(before));
    writeFileSync(join(dir, 'said.json'), JSON.stringify(said.json));
    const ran = await tally(['audit', 'verify', 'said.json', '--signer', before.signer, '--earlier', 'before.json'], { cwd });
    expect([ran.code, ran.err]).toEqual([0, '']);
    expect(ran.out).toContain('ok\tconsistency');
    writeFileSync(join(dir, 'said.json'), JSON.stringify(said.json).replace('secret.destroyed', 'secret.sealed'));
    expect((await tally(['audit', 'verify', 'said.json'], { cwd })).code).toBe(5);
    expect((await get(stage.daemon, '/audit/checkpoint?since=999999', {})).status).toBe(400);
  });
});
