import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { holdRequest, SOURCE, settleRequest } from '../../packages/server/src/ledger/conformance/engine.ts';
import { describePostgres } from '../support/postgres.ts';
import { type Cluster, startCluster } from '../support/postgres-cluster.ts';
import { expectSound, holdsIn, sql } from './books.ts';
import { KEYS, Load, openHot } from './load.ts';
import { hasEnded, type Stage, stageOn, TIMING, until } from './stage.ts';

const LIMIT = 10n ** 9n;
const HOT = { callers: 16, seed: 1, keys: KEYS };

describePostgres('the ledger, its database in trouble', () => {
  let cluster: Cluster;
  let stage: Stage;
  const url = () => cluster.url();

  beforeAll(async () => {
    // Only what a test waits for without learning anything from it is shortened.
    cluster = await startCluster({ wal_retrieve_retry_interval: '50ms', recovery_init_sync_method: 'syncfs' });
  });
  afterAll(() => cluster.dispose());
  beforeEach(async () => {
    await sql(url(), 'DROP SCHEMA public CASCADE; CREATE SCHEMA public');
    stage = stageOn(url());
  });
  afterEach(() => stage.close());

  it('killed and started again under load: all goes on by itself', async () => {
    const host = await stage.open('host-1');
    await openHot(host.ledger, LIMIT);
    const load = new Load(host.ledger, HOT);
    await load.progress(50);
    await cluster.kill();
    await until(() => load.told.unavailable > 20);
    await cluster.start();
    await load.progress(50);
    const told = await load.stop();
    expect(host.troubles.map(({ state }) => state)).toEqual(expect.arrayContaining(['away', 'back']));
    expect(JSON.stringify(host.troubles)).not.toMatch(/postgres:\/\/|127\.0\.0\.1/);
    expect(told.slowestMs).toBeLessThan(5_000);
    expect([...told.created.keys()].filter((id) => !told.settled.has(id))).toEqual([]);
    await expectSound(url(), host.ledger, [told]);
  });

  it.each(['before', 'answered'] as const)('a connection cut at the commit (%s): nothing is lost or done twice', async (moment) => {
    const host = await stage.open('host-1');
    await openHot(host.ledger, LIMIT);
    const load = new Load(host.ledger, HOT);
    for (let cuts = 0; cuts < 3; cuts += 1) {
      await load.progress(20);
      await host.proxy.cutAt('COMMIT', moment);
    }
    await load.progress(20);
    const told = await load.stop();
    expect(told.unavailable).toBeGreaterThan(0);
    await expectSound(url(), host.ledger, [told]);
  });

  it('a commit whose answer was lost: its hold is released, its settlement told once', async () => {
    const host = await stage.open('host-1');
    await openHot(host.ledger, LIMIT);
    const [first, second] = [holdRequest(10n), holdRequest(20n)];
    await host.ledger.hold(first);
    const cut = host.proxy.cutAt('COMMIT', 'answered');
    const asked = Promise.allSettled([host.ledger.settle(settleRequest(first.holdId, 7n)), host.ledger.hold(second)]);
    await cut;
    expect(await asked).toMatchObject([
      { value: { result: 'settled', charged: 7n } },
      { reason: { code: 'LEDGER_UNAVAILABLE', message: expect.stringContaining('not known') } },
    ]);
    await until(async () => (await holdsIn(url())).get(second.holdId)?.state === 'released');
    expect(await host.ledger.account(SOURCE)).toMatchObject({ spent: 7n, held: 0n });
    expect(await host.ledger.verify()).toEqual([]);
  });

  it('a connection cut amid operations that are done one by one: what was done is told', async () => {
    const host = await stage.open('host-1');
    await openHot(host.ledger, LIMIT);
    const [before, first, last] = [holdRequest(1n), holdRequest(10n), holdRequest(20n)];
    await host.ledger.hold(before);
    // What cannot be stored is found before anything of its batch is sent.
    const poison = holdRequest(5n, { idempotency: { route: 'chat', key: 'a\0b', bodyMac: 'x' } });
    const cut = host.proxy.cutAt(last.holdId, 'before');
    const asked = [host.ledger.hold(first), host.ledger.hold(poison), host.ledger.settle(settleRequest(before.holdId, 1n))];
    const after = [host.ledger.hold(last), host.ledger.settle(settleRequest('no-such-hold', 1n))];
    const answers = await Promise.allSettled([...asked, ...after]);
    await cut;
    expect(answers).toMatchObject([
      { value: { result: 'created' } },
      { reason: { code: 'INPUT_INVALID' } },
      { value: { result: 'settled' } },
      { reason: { code: 'LEDGER_UNAVAILABLE' } },
      { value: { result: 'unknown' } },
    ]);
    expect(await host.ledger.account(SOURCE)).toMatchObject({ held: 10n, spent: 1n });
  });

  it('a full disk: what ends calls waits, and a call is not begun', async () => {
    const host = await stage.open('host-1');
    await openHot(host.ledger, LIMIT);
    const request = holdRequest(10n);
    await host.ledger.hold(request);
    await sql(url(), "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE SQLSTATE '53100'; END $$");
    await sql(url(), 'CREATE TRIGGER full_disk BEFORE INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION full_disk()');
    const settled = host.ledger.settle(settleRequest(request.holdId, 4n));
    await until(() => host.troubles.length > 0);
    expect(host.troubles[0]).toMatchObject({ state: 'away', reason: expect.stringContaining('53100') });
    await expect(host.ledger.hold(holdRequest(1n))).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
    await sql(url(), 'DROP TRIGGER full_disk ON outbox');
    expect(await settled).toMatchObject({ result: 'settled', charged: 4n });
    expect(await host.ledger.hold(holdRequest(1n))).toMatchObject({ result: 'created' });
  });

  it('a table that a later version has changed: what ends calls is told all the same', async () => {
    const host = await stage.open('host-1');
    await openHot(host.ledger, LIMIT);
    const request = holdRequest(10n);
    await host.ledger.hold(request);
    await sql(url(), 'ALTER TABLE accounts ADD COLUMN later bigint');
    expect(await host.ledger.settle(settleRequest(request.holdId, 4n))).toMatchObject({ result: 'settled' });
    expect(await host.ledger.hold(holdRequest(1n))).toMatchObject({ result: 'created' });
    // Numbers that were taken over the old session are not used: a server that had crashed might have given them out again.
    const [first, second] = await sql(url(), 'SELECT hold_no FROM holds ORDER BY hold_no');
    expect(Number(second?.['hold_no']) - Number(first?.['hold_no'])).toBeGreaterThanOrEqual(9_999);
  });

  it('a server that is made unsafe is left, until it is safe again', async () => {
    const host = await stage.open('host-1');
    await openHot(host.ledger, LIMIT);
    await alter(cluster, 'SET synchronous_commit = off');
    await until(() => host.troubles.at(-1)?.reason.includes('synchronous_commit') === true);
    await expect(host.ledger.hold(holdRequest(1n))).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
    await alter(cluster, 'RESET synchronous_commit');
    await until(() => host.troubles.at(-1)?.state === 'back');
    expect(await host.ledger.hold(holdRequest(1n))).toMatchObject({ result: 'created' });
  });

  it('closed while the database is away: all who wait are told, and soon', async () => {
    const host = await stage.open('host-1');
    await openHot(host.ledger, LIMIT);
    const request = holdRequest(10n);
    await host.ledger.hold(request);
    host.proxy.refuse();
    host.proxy.cut();
    const settled = expect(host.ledger.settle(settleRequest(request.holdId, 4n))).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
    await until(() => host.troubles.length > 0);
    const began = performance.now();
    await host.ledger.close();
    await settled;
    expect(performance.now() - began).toBeLessThan(3_000);
    expect((await holdsIn(url())).get(request.holdId)?.state).toBe('open');
  });

  /** Lets `test` have a standby that follows, and afterwards the cluster as it was. */
  async function withStandby(test: (standby: Cluster) => Promise<void>): Promise<void> {
    const standby = await cluster.standby();
    try {
      await until(async () => (await sql(cluster.url(), "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'")).length === 1);
      await test(standby);
    } finally {
      await stage.close();
      await standby.dispose();
      if (cluster.pid() === 0) await cluster.start();
      await alter(cluster, 'RESET synchronous_standby_names');
    }
  }
  async function alter(server: Cluster, setting: string): Promise<void> {
    await sql(server.url(), `ALTER SYSTEM ${setting}`);
    await sql(server.url(), 'SELECT pg_reload_conf()');
  }

  it('a standby that has every commit takes over: all goes on by itself', () =>
    withStandby(async (standby) => {
      const hosts = [await stage.open('host-1'), await stage.open('host-2')] as const;
      await openHot(hosts[0].ledger, LIMIT);
      const loads = hosts.map(({ ledger }, at) => new Load(ledger, { ...HOT, seed: at }));
      for (const load of loads) await load.progress(30);
      await cluster.kill();
      standby.promote();
      for (const { proxy } of hosts) proxy.lead(standby.port);
      for (const load of loads) await load.progress(30);
      const tolds = await Promise.all(loads.map((load) => load.stop()));
      expect((await sql(standby.url(), 'SELECT state, held FROM accounts WHERE account_id = $1', [SOURCE]))[0]).toEqual({
        state: 'active',
        held: '0',
      });
      const reader = stageOn(standby.url());
      await expectSound(standby.url(), (await reader.open('reader')).ledger, tolds);
      await reader.close();
    }));

  it('a standby that lacks commits takes over: nobody spends before all sources are frozen', () =>
    withStandby(async (standby) => {
      const [whole, robbed] = [await stage.open('host-1'), await stage.open('host-2')];
      await openHot(whole.ledger, LIMIT);
      await alter(cluster, 'RESET synchronous_standby_names');
      await alter(standby, "SET primary_conninfo = ''");
      await until(async () => (await sql(cluster.url(), 'SELECT 1 FROM pg_stat_replication')).length === 0);
      expect(await robbed.ledger.hold(holdRequest(10n))).toMatchObject({ result: 'created' });
      robbed.proxy.refuse();
      await cluster.kill();
      standby.promote();
      for (const { proxy } of [whole, robbed]) proxy.lead(standby.port);
      // One that has lost nothing waits for one that may have.
      const waiting = "SELECT 1 FROM lanes WHERE server = (SELECT system_identifier || '/2' FROM pg_control_system())";
      await until(async () => (await sql(standby.url(), waiting)).length === 1);
      await expect(whole.ledger.hold(holdRequest(1n))).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
      robbed.proxy.pass();
      await until(() => hasEnded(robbed));
      expect(robbed.troubles.at(-1)?.reason).toContain('went back');
      await until(() => whole.troubles.at(-1)?.state === 'back');
      expect(await whole.ledger.hold(holdRequest(1n))).toMatchObject({
        result: 'refused',
        refusal: { state: 'frozen', reason: 'reconcile' },
      });
      await expect(robbed.ledger.hold(holdRequest(1n))).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
    }));

  it('a commit is not told before the standby has it', () =>
    withStandby(async (standby) => {
      const host = await stage.open('host-1');
      await openHot(host.ledger, LIMIT);
      const request = holdRequest(10n);
      await host.ledger.hold(request);
      await standby.stop('fast');
      let told = false;
      const settled = host.ledger.settle(settleRequest(request.holdId, 4n)).then((answer) => {
        told = true;
        return answer;
      });
      await until(() => host.troubles.length > 0);
      // It is committed here, and seen, and may be lost all the same.
      await until(async () => (await holdsIn(url())).get(request.holdId)?.state === 'settled');
      await sleep(TIMING.answerTimeoutMs * 2);
      expect(told).toBe(false);
      await standby.start();
      expect(await settled).toMatchObject({ result: 'settled', charged: 4n });
    }));
});
