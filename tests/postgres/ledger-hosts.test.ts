import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { manualClock } from '../../packages/server/src/ground/clock.ts';
import { holdRequest, KEY, newAccount, SOURCE, settleRequest } from '../../packages/server/src/ledger/conformance/engine.ts';
import { openPostgresLedger } from '../../packages/server/src/ledger/postgres/open.ts';
import { describePostgres, type FreshDatabase, migratedDatabase } from '../support/postgres.ts';
import { expectSound, holdsIn, sql } from './books.ts';
import { type Host, startHost } from './host.ts';
import { KEYS, Load, openHot } from './load.ts';
import { hasEnded, type Stage, stageOn, TIMING, until } from './stage.ts';

const LIMIT = 10n ** 9n;
const HOT = { callers: 16, seed: 1, keys: KEYS };
const FREED = "SELECT 1 FROM lanes WHERE owner_epoch = ''";

describePostgres('hosts that share a ledger', () => {
  let database: FreshDatabase;
  let stage: Stage;
  let children: Host[] = [];

  beforeEach(async () => {
    database = await migratedDatabase();
    stage = stageOn(database.url);
  });
  afterEach(async () => {
    for (const { process } of children) process.kill('SIGKILL');
    children = [];
    await stage.close();
    await database.drop();
  });
  async function startChild(hostId: string): Promise<Host> {
    const child = await startHost(stage.optionsOf(hostId));
    children.push(child);
    return child;
  }

  /** Stops a process while it has calls open. @returns how many. */
  async function stoppedAmidCalls(host: Host): Promise<number> {
    for (;;) {
      host.process.kill('SIGSTOP');
      // What it had sent is done.
      await sleep(100);
      const open = [...(await holdsIn(database.url)).values()].filter(({ state }) => state === 'open').length;
      if (open > 0) return open;
      host.process.kill('SIGCONT');
      await sleep(20);
    }
  }

  it('a wire that falls silent: callers are told in time, another host goes on, and the silent one is fenced', async () => {
    const [silent, other] = [await stage.open('host-1'), await stage.open('host-2')];
    await openHot(other.ledger, LIMIT);
    const loads = [new Load(silent.ledger, HOT), new Load(other.ledger, { ...HOT, seed: 2 })] as const;
    await loads[0].progress(20);
    silent.proxy.freeze();
    // It may have stopped with the hot rows locked.
    await loads[1].progress(100);
    await until(() => loads[0].told.unavailable > 20);
    expect(loads[0].told.slowestMs).toBeLessThan(5_000);
    expect(loads[1].told.slowestMs).toBeLessThan(5_000);
    silent.proxy.cut();
    await until(async () => (await sql(database.url, FREED)).length === 1);
    silent.proxy.pass();
    await until(() => hasEnded(silent));
    const tolds = [await loads[0].stop(), await loads[1].stop()];
    await until(async () => (await other.ledger.openHolds(10)).length === 0);
    await expectSound(database.url, other.ledger, tolds);
  });

  it('a process that stands still past the grace is buried, and fenced when it wakes', async () => {
    const other = await stage.open('host-2');
    await openHot(other.ledger, LIMIT);
    const sleeper = await startChild('host-1');
    sleeper.load({ ...HOT, callers: 32 });
    await until(async () => (await holdsIn(database.url)).size > 100);
    sleeper.process.kill('SIGSTOP');
    // Its machine stood still with it: the server has given its connection up.
    await sql(
      database.url,
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tallystick host-1' AND datname = current_database()",
    );
    await until(async () => (await sql(database.url, FREED)).length === 1);
    await until(async () => (await other.ledger.openHolds(10)).length === 0);
    const asleep = await holdsIn(database.url);
    sleeper.process.kill('SIGCONT');
    await until(() => hasEnded(sleeper));
    const told = await sleeper.stopLoad();
    expect(sleeper.troubles.at(-1)?.reason).toContain('taken over');
    // Nothing that it knew when it woke was committed.
    expect(await holdsIn(database.url)).toEqual(asleep);
    await expectSound(database.url, other.ledger, [told]);
  });

  it('a killed process: its holds are burned by another host', async () => {
    const other = await stage.open('host-2');
    await openHot(other.ledger, LIMIT);
    const killed = await startChild('host-1');
    killed.load(HOT);
    await until(() => killed.heard.settled.size > 50);
    await killed.kill();
    await until(async () => (await sql(database.url, FREED)).length === 1);
    await until(async () => (await other.ledger.openHolds(10)).length === 0);
    await expectSound(database.url, other.ledger, [killed.heard]);
  });

  it('a killed process: its holds are burned by its own restart, in the same lane', async () => {
    const killed = await startChild('host-1');
    const early = await stage.open('host-2');
    await openHot(early.ledger, LIMIT);
    await early.ledger.close();
    killed.load(HOT);
    await until(() => killed.heard.settled.size > 50);
    const open = await stoppedAmidCalls(killed);
    await killed.kill();
    // A lane of another host may only be left for a moment: it is not taken, and no hold in it is burned.
    const stranger = await stage.open('host-3', { deadAfterMs: 60_000 });
    expect([stranger.burned, (await stranger.ledger.openHolds(100)).length]).toEqual([0, open]);
    const again = await stage.open('host-1');
    expect(again.burned).toBe(open);
    await expectSound(database.url, again.ledger, [killed.heard]);
  });

  it('after a long outage nobody is buried who is only a little later to come back', async () => {
    const [early, late] = [await stage.open('host-1'), await stage.open('host-2')];
    await openHot(early.ledger, LIMIT);
    const request = holdRequest(10n);
    await late.ledger.hold(request);
    // Each has been seen alive.
    await sleep(TIMING.sweepMs * 2);
    for (const { proxy } of [early, late]) {
      proxy.refuse();
      proxy.cut();
    }
    await sleep(TIMING.deadAfterMs * 1.5);
    early.proxy.pass();
    await until(() => early.troubles.at(-1)?.state === 'back');
    await sleep(TIMING.sweepMs * 1.5);
    late.proxy.pass();
    await until(() => late.troubles.at(-1)?.state !== 'away');
    expect(await late.ledger.settle(settleRequest(request.holdId, 4n))).toMatchObject({ result: 'settled' });
  });

  it('one batch may name any number of accounts that this host has never seen', async () => {
    const [opener, other] = [await stage.open('host-1'), await stage.open('host-2')];
    await opener.ledger.openAccount(newAccount(SOURCE, LIMIT));
    const keys = Array.from({ length: 400 }, (_, number) => `key-${number}`);
    await Promise.all(keys.map((key) => opener.ledger.openAccount(newAccount(key, 10n))));
    const asked = keys.map((keyId) => holdRequest(1n, { keyId, lines: [SOURCE, keyId].map((accountId) => ({ accountId, amount: 1n })) }));
    const answers = await Promise.all(asked.map((request) => other.ledger.hold(request)));
    expect(answers.filter(({ result }) => result !== 'created')).toEqual([]);
  });

  it('an epoch whose account was edited is buried all the same, and the account frozen', async () => {
    const other = await stage.open('host-2');
    await openHot(other.ledger, LIMIT);
    const dead = await stage.open('host-1');
    await dead.ledger.hold(holdRequest(10n));
    await dead.ledger.close();
    await sql(database.url, 'UPDATE accounts SET spend_limit = spend_limit - 1 WHERE account_id = $1', [KEY]);
    await until(async () => (await other.ledger.openHolds(10)).length === 0);
    expect(await other.ledger.account(KEY)).toMatchObject({ state: 'frozen', stateReason: 'tampered', held: 0n, limit: 10n ** 12n });
    expect(other.troubles).toEqual([]);
    expect(await other.ledger.verify()).toEqual([`account ${KEY} is frozen because it was changed behind the ledger`]);
  });

  it('a clock that jumps over months finds its partitions', async () => {
    const clock = manualClock(Date.UTC(2031, 0, 31, 23, 59));
    const { ledger } = await openPostgresLedger({ ...stage.optionsOf('host-1'), clock });
    await openHot(ledger, LIMIT);
    const request = holdRequest(10n);
    await ledger.hold(request);
    clock.setWall(Date.UTC(2031, 11, 31, 23, 59));
    expect(await ledger.settle(settleRequest(request.holdId, 4n))).toMatchObject({ result: 'settled' });
    // Time that goes back is ignored.
    clock.setWall(Date.UTC(2031, 5, 1));
    expect(await ledger.hold(holdRequest(10n))).toMatchObject({ result: 'created', createdAt: Date.UTC(2031, 11, 31, 23, 59) });
    expect(await ledger.verify()).toEqual([]);
    await ledger.close();
  });
});
