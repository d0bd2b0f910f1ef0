import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { holdRequest, SOURCE } from '../../packages/server/src/ledger/conformance/engine.ts';
import type { Account, Ledger } from '../../packages/server/src/ledger/types.ts';
import { describePostgres, type FreshDatabase, migratedDatabase } from '../support/postgres.ts';
import { expectTold, expectWithin, sql } from './books.ts';
import { type Host, startHost } from './host.ts';
import { KEYS, openHot, type Told } from './load.ts';
import { type Stage, stageOn, until } from './stage.ts';

const HOSTS = 4;
const CALLERS = 64;
const SHARED = Array.from({ length: 40 }, (_, number) => `retry-${number}`);

describePostgres(`${HOSTS} processes with ${CALLERS} callers each, on one hot source`, () => {
  let database: FreshDatabase;
  let stage: Stage;
  let ledger: Ledger;
  let hosts: readonly Host[] = [];

  beforeEach(async () => {
    database = await migratedDatabase();
    stage = stageOn(database.url);
    ({ ledger } = await stage.open('host-0'));
    hosts = await Promise.all(Array.from({ length: HOSTS }, (_, at) => startHost(stage.optionsOf(`host-${at + 1}`))));
  });
  afterEach(async () => {
    for (const host of hosts) await host.kill();
    await stage.close();
    await database.drop();
  });

  async function source(): Promise<Account> {
    return (await ledger.account(SOURCE)) as Account;
  }

  async function settledAll(): Promise<void> {
    expect(await ledger.openHolds(1)).toEqual([]);
    expect(await ledger.verify()).toEqual([]);
    await expectWithin(database.url);
  }

  it('never go over the limit, lowered and stopped in the middle; a shared idempotency key is won once', async () => {
    const limit = 10_000n;
    await openHot(ledger, limit);
    const began = performance.now();
    for (const [seed, host] of hosts.entries()) host.load({ callers: CALLERS, seed, keys: KEYS, guarded: true, shared: SHARED });
    const spentOver = async (part: bigint) => (await source()).spent * 20n > limit * part;
    await until(() => spentOver(2n));
    await expectWithin(database.url);
    await ledger.setLimit(SOURCE, limit / 2n, 'lowered in the middle');
    await until(() => spentOver(4n));
    await ledger.setStop(true, 'stopped in the middle');
    const atStop = await newest();
    await sleep(200);
    expect(await newest()).toEqual(atStop);
    expect(await ledger.hold(holdRequest(1n))).toMatchObject({ result: 'refused', refusal: { code: 'POOL_STOPPED' } });
    await expectWithin(database.url);
    await ledger.setStop(false, 'goes on');
    await until(() => spentOver(8n));
    const tolds = await Promise.all(hosts.map((host) => host.stopLoad()));
    await settledAll();
    await expectTold(database.url, tolds);
    expectWonOnce(tolds);
    report(tolds, performance.now() - began);
    // To the last tokens: what is left is less than a caller asks for.
    const full = (await source()).spent + 200n;
    await ledger.setLimit(SOURCE, full, 'a little more');
    for (const [seed, host] of hosts.entries()) host.load({ callers: CALLERS, seed, keys: KEYS, untilFull: true });
    await until(async () => (await source()).spent > full - 20n);
    await Promise.all(hosts.map((host) => host.stopLoad()));
    await settledAll();
  });

  /** The newest hold that is there. */
  async function newest(): Promise<unknown> {
    return sql(database.url, 'SELECT count(*) AS n FROM holds');
  }

  function expectWonOnce(tolds: readonly Told[]): void {
    const won = tolds.flatMap((told) => told.won);
    expect(won.length).toBeGreaterThan(0);
    expect(new Set(won).size).toBe(won.length);
  }

  function report(tolds: readonly Told[], ms: number): void {
    const pairs = tolds.reduce((sum, { settled }) => sum + settled.size, 0);
    const slowest = Math.max(...tolds.map(({ slowestMs }) => slowestMs));
    console.info(`${pairs} pairs over ${HOSTS} processes in ${Math.round(ms)} ms; the slowest hold took ${Math.round(slowest)} ms`);
  }
});
