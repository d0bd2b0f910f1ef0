import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, wrongs } from '../support/calling.ts';
import { sandboxKey } from '../support/donating.ts';
import { PoolStage } from '../support/pool.ts';
import type { PoolStatus } from '../support/pool-status.ts';
import { describePostgres, type FreshDatabase, freshDatabase } from '../support/postgres.ts';

type Leader = Readonly<Record<'donor' | 'given_tokens' | 'used_tokens' | 'tasks_helped' | 'keys' | 'simulated' | 'rank', unknown>>;

const statusOf = async (stage: PoolStage) => (await stage.get<PoolStatus>('/status', '')).json;
const leaders = async (stage: PoolStage, query = '') =>
  (await stage.get<{ donors: number; leaders: Leader[] }>(`/leaderboard${query}`, '')).json;

/** What the books say of each donated source, added up by nothing but the operator's own list. */
async function fromTheBooks(stage: PoolStage) {
  const { body } = await stage.daemon.admin<{ sources: { pool: boolean; spent: string; held: string }[] }>('/sources');
  const gifts = body.sources.filter(({ pool }) => pool);
  const sum = (name: 'spent' | 'held') => gifts.reduce((total, gift) => total + Number(gift[name]), 0);
  return { keys: gifts.length, used: sum('spent'), held: sum('held') };
}

function expectEveryTokenInOnePlace({ tokens, by_provider, ...totals }: PoolStatus): void {
  expect(tokens.used + tokens.held + tokens.remaining + tokens.lapsed).toBe(tokens.donated);
  expect(tokens.available + tokens.dust + tokens.paused + tokens.frozen).toBe(tokens.remaining);
  expect([totals.total_tokens_donated, totals.total_tokens_used, totals.total_tokens_remaining]).toEqual([
    tokens.donated,
    tokens.used,
    tokens.remaining,
  ]);
  const sum = (name: string) => Object.values(by_provider).reduce((total, each) => total + Number(each[name]), 0);
  expect([sum('total_keys'), sum('donated_tokens'), sum('used_tokens'), sum('remaining_tokens')]).toEqual([
    totals.total_keys_donated,
    tokens.donated,
    tokens.used,
    tokens.remaining,
  ]);
}

/** A pool that two keys have worked for, one after the other; a third is the sandbox's. */
async function workedPool(more: Readonly<Record<string, string>>): Promise<{ stage: PoolStage; a: string; c: string }> {
  const stage = await PoolStage.open({ TALLY_SANDBOX: '1', ...more });
  const [a, c] = [await stage.give('sk-status-a', 100_000), await stage.give('sk-status-c', 150_000)];
  const turns = [
    { text: 'One. ', tokens: 82_341, stop: 'length' as const },
    { text: 'Two. ', tokens: 117_892, stop: 'length' as const },
    { text: 'Three.', tokens: 21_456 },
  ];
  stage.upstream.script = (_, number) => turns[number - 1] ?? { status: 500 };
  expect(await stage.execute({ max_total_tokens: 500_000 })).toMatchObject({ success: true, tokens_used: 221_689 });
  return { stage, a, c };
}

async function expectStatus(stage: PoolStage, a: string, c: string): Promise<void> {
  const status = await eventually('the status', async () => {
    const read = await statusOf(stage);
    return read.total_tokens_used === 221_689 && read.tasks['done'] === 1 && read;
  });
  expect(status).toMatchObject({
    total_keys_donated: 2,
    total_tokens_donated: 250_000,
    total_tokens_used: 221_689,
    total_tokens_remaining: 28_311,
    utilization_percent: 88.6,
    by_provider: {
      played: { total_keys: 2, active_keys: 2, depleted_keys: 0, donated_tokens: 250_000, used_tokens: 221_689, remaining_tokens: 28_311 },
    },
    keys_by_state: { active: 2, destroyed: 0 },
    pending: { keys: 0 },
    lockout: { locked: false, override: true },
    stops: { all: false, pool: { stopped: false, reason: null }, providers: { played: { stopped: false } } },
    tasks: { done: 1 },
    switches: 1,
    breaches: 0,
  });
  expectEveryTokenInOnePlace(status);
  expect(await fromTheBooks(stage)).toEqual({ keys: 2, used: status.tokens.used, held: 0 });
  const { json } = await stage.get<{ switches: Record<string, unknown>[] }>('/switches', '');
  expect(json.switches).toMatchObject([{ from: a, to: c, turn: 2, reason: 'limit', tokens_left: 17_659 }]);
  const board = await eventually('the leaderboard', async () => {
    const read = await leaders(stage);
    return read.leaders.every(({ tasks_helped }) => tasks_helped === 1) && read;
  });
  expect(board.leaders.map(({ rank, given_tokens, used_tokens, keys }) => [rank, given_tokens, used_tokens, keys])).toEqual([
    [1, 150_000, 139_348, 1],
    [2, 100_000, 82_341, 1],
  ]);
}

describe('the status of the pool', () => {
  let stage: PoolStage;
  let [a, c] = ['', ''];
  beforeAll(async () => {
    ({ stage, a, c } = await workedPool({ TALLY_WORKERS: '2' }));
  });
  afterAll(async () => {
    expect(await wrongs(stage.daemon)).toEqual([]);
    await stage.close();
  });

  it('tells what became of every donated token, with the document’s names, to everyone', async () => {
    await expectStatus(stage, a, c);
  });

  it('is the same after a kill', async () => {
    await stage.restart('SIGKILL');
    await expectStatus(stage, a, c);
  });

  it('counts a key that is destroyed as given, used, and for the rest lapsed', async () => {
    await stage.post(`/donations/${c}/destroy`, {});
    const status = await eventually('the destroyed key', async () => {
      const read = await statusOf(stage);
      return read.keys_by_state['destroyed'] === 1 && read;
    });
    expectEveryTokenInOnePlace(status);
    expect(status.tokens).toMatchObject({ donated: 250_000, used: 221_689, lapsed: 10_652, remaining: 17_659 });
  });

  it('labels what is simulated, and keeps what is anonymous so', async () => {
    const donor = await stage.daemon.admin<{ donor: string; token: string }>('/donors', { name: 'shy' });
    const gift = { provider: 'sandbox', api_key: sandboxKey(), donated_tokens: 900_000, anonymous: true };
    const given = await stage.post('/donate', gift, donor.body.token);
    expect(given.status).toBe(201);
    const status = await eventually('the simulated key', async () => {
      const read = await statusOf(stage);
      return read.simulated.keys === 1 && read;
    });
    expectEveryTokenInOnePlace(status);
    expect(status.simulated.tokens_donated).toBe(900_000);
    expect(status.by_provider).toMatchObject({ sandbox: { simulated: true }, played: { simulated: false } });
    const [first] = (await leaders(stage, '?limit=1')).leaders;
    expect(first).toMatchObject({ rank: 1, donor: 'anonymous', given_tokens: 900_000, simulated: true });
    const all = await leaders(stage);
    expect(JSON.stringify(all)).not.toContain(donor.body.donor);
    expect((await leaders(stage, '?from=2&limit=1')).leaders).toEqual([all.leaders[1]]);
    for (const query of ['?limit=0', '?limit=101', '?from=x']) expect((await stage.get(`/leaderboard${query}`, '')).status).toBe(400);
  });
});

describePostgres('over PostgreSQL', () => {
  let database: FreshDatabase;
  let stage: PoolStage | undefined;
  beforeAll(async () => {
    database = await freshDatabase();
  });
  afterAll(async () => {
    await stage?.close();
    await database?.drop();
  });

  it('the status is the same', async () => {
    const worked = await workedPool({ DATABASE_URL: database.url });
    stage = worked.stage;
    await expectStatus(stage, worked.a, worked.c);
    expect(await wrongs(stage.daemon)).toEqual([]);
  });
});
