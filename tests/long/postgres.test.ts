import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { holdRequest, newAccount, SOURCE, settleRequest } from '../../packages/server/src/ledger/conformance/engine.ts';
import { expectSound, expectWithin, sql } from '../postgres/books.ts';
import { KEYS, Load, openHot } from '../postgres/load.ts';
import { type Stage, stageOn, until, type WiredHost } from '../postgres/stage.ts';
import { describePostgres } from '../support/postgres.ts';
import { type Cluster, startCluster } from '../support/postgres-cluster.ts';
import { between, pick, seeded } from '../support/random.ts';

const FAULTS = ['fast', 'immediate', 'kill', 'before', 'after', 'answered', 'freeze', 'cut', 'refuse'] as const;
const ROUNDS = 60;
const SEED = 20_311;

describePostgres('the ledger on PostgreSQL, deep', () => {
  let cluster: Cluster;
  let stage: Stage;
  beforeAll(async () => {
    cluster = await startCluster();
  });
  afterAll(() => cluster.dispose());
  beforeEach(async () => {
    await sql(cluster.url(), 'DROP SCHEMA public CASCADE; CREATE SCHEMA public');
    stage = stageOn(cluster.url());
  });
  afterEach(() => stage.close());

  async function strike(fault: (typeof FAULTS)[number], { proxy }: WiredHost, ms: number): Promise<void> {
    if (fault === 'before' || fault === 'after' || fault === 'answered') await proxy.cutAt('COMMIT', fault);
    else if (fault === 'cut') proxy.cut();
    else if (fault === 'freeze' || fault === 'refuse') {
      proxy[fault]();
      await sleep(ms);
      proxy.pass();
    } else {
      await (fault === 'kill' ? cluster.kill() : cluster.stop(fault));
      await sleep(ms);
      await cluster.start();
    }
  }

  it(`${ROUNDS} faults of every kind under load from three hosts: nothing told is lost, nothing is done twice`, async () => {
    const random = seeded(SEED);
    // Nobody is buried here: whoever comes back goes on.
    const patient = { deadAfterMs: 600_000 };
    const hosts = [await stage.open('host-1', patient), await stage.open('host-2', patient), await stage.open('host-3', patient)];
    const [first] = hosts as [WiredHost, ...WiredHost[]];
    await openHot(first.ledger, 10n ** 12n);
    const loads = hosts.map(({ ledger }, seed) => new Load(ledger, { callers: 16, seed, keys: KEYS, guarded: true }));
    for (let round = 0; round < ROUNDS; round += 1) {
      await strike(pick(random, FAULTS), pick(random, hosts), between(random, 20, 1_500));
      for (const load of loads) await load.progress(between(random, 1, 30));
      await expectWithin(cluster.url());
    }
    const tolds = await Promise.all(loads.map((load) => load.stop()));
    await until(async () => (await first.ledger.openHolds(1)).length === 0);
    await expectSound(cluster.url(), first.ledger, tolds);
    expect(Math.max(...tolds.map(({ slowestMs }) => slowestMs))).toBeLessThan(20_000);
  });

  it('the largest batch there can be, and the largest amounts', async () => {
    const { ledger } = await stage.open('host-1', { answerTimeoutMs: 60_000, idleInTransactionMs: 30_000 });
    await ledger.openAccount(newAccount(SOURCE, 2n ** 62n));
    const keys = Array.from({ length: 1_500 }, (_, number) => `key-${number}`);
    await Promise.all(keys.map((key) => ledger.openAccount(newAccount(key, 2n ** 62n))));
    const lines = (from: number) => [SOURCE, ...keys.slice(from, from + 15)].map((accountId) => ({ accountId, amount: 2n ** 51n }));
    const asked = Array.from({ length: 1_024 }, (_, number) => holdRequest(1n, { lines: lines(number % 1_400) }));
    const answers = await Promise.all(asked.map((request) => ledger.hold(request)));
    expect(answers.filter(({ result }) => result !== 'created')).toEqual([]);
    const settled = await Promise.all(asked.map(({ holdId }) => ledger.settle(settleRequest(holdId, 2n ** 51n))));
    expect(settled.filter(({ result }) => result !== 'settled')).toEqual([]);
    expect(await ledger.account(SOURCE)).toMatchObject({ spent: 2n ** 61n, held: 0n });
    expect(await ledger.verify()).toEqual([]);
    const last = holdRequest(2n ** 61n, { lines: [{ accountId: SOURCE, amount: 2n ** 61n }] });
    expect(await ledger.hold(last)).toMatchObject({ result: 'created' });
    expect(await ledger.settle(settleRequest(last.holdId, 2n ** 62n))).toMatchObject({ overrun: 2n ** 61n, frozen: true });
    expect(await ledger.account(SOURCE)).toMatchObject({ spent: 2n ** 62n, overrun: 2n ** 61n, state: 'frozen' });
    expect(await ledger.verify()).toEqual([]);
  });
});
