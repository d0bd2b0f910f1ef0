import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  balances,
  created,
  holdRequest,
  openAccounts,
  refused,
  SOURCE,
  settleRequest,
} from '../../packages/server/src/ledger/conformance/engine.ts';
import { reserved, reserveRequest } from '../../packages/server/src/ledger/conformance/reservations.ts';
import type { Ledger } from '../../packages/server/src/ledger/types.ts';
import { describePostgres, type FreshDatabase, freshDatabase } from '../support/postgres.ts';
import { expectWithin } from './books.ts';
import { type Stage, stageOn, until } from './stage.ts';

const ID = 'reservation-1';
const WAIT_MS = 60_000;
/** A look around that takes long on a busy machine still counts as one of a row. */
const SLOWLY = { sweepMs: 1_000 };

describePostgres('hosts that share reservations', () => {
  let database: FreshDatabase;
  let stage: Stage;
  let hosts: readonly [Ledger, Ledger];

  beforeEach(async () => {
    database = await freshDatabase();
    stage = stageOn(database.url);
    const open = async (hostId: string) => (await stage.open(hostId, SLOWLY)).ledger;
    hosts = [await open('host-1'), await open('host-2')];
    await openAccounts(hosts[0], 100n, 1_000n);
  }, WAIT_MS);
  afterEach(async () => {
    await stage.close();
    await database.drop();
  }, WAIT_MS);

  /** The same of both, one after the other. */
  function ofBoth<T>(count: number, ask: (ledger: Ledger, number: number) => Promise<T>): Promise<readonly T[]> {
    return Promise.all(Array.from({ length: count }, (_, i) => ask(hosts[(i % 2) as 0 | 1], i)));
  }

  it(
    '16 reservers at once, and one id on both: as much as fits, once',
    async () => {
      const results = await ofBoth(16, (ledger, i) => ledger.reserve(reserveRequest(9n, { reservationId: `r-${i}` })));
      expect(results.filter(({ result }) => result === 'reserved')).toHaveLength(11);
      expect(await balances(hosts[1], SOURCE)).toMatchObject({ held: 99n });
      const same = await ofBoth(6, (ledger) => ledger.reserve(reserveRequest(1n)));
      expect(same.map(({ result }) => result).sort()).toEqual([...Array(5).fill('existing'), 'reserved']);
      await ofBoth(16, (ledger, i) => ledger.endReservation(`r-${i}`));
      const ends = await ofBoth(4, (ledger) => ledger.endReservation(ID));
      expect(ends.map(({ result }) => result).sort()).toEqual(['already', 'already', 'already', 'ended']);
      expect(await balances(hosts[0], SOURCE)).toMatchObject({ held: 0n });
      expect(await hosts[0].verify()).toEqual([]);
    },
    WAIT_MS,
  );

  it(
    'holds within one, of both hosts, while it is ended: never more than it had',
    async () => {
      await reserved(hosts[0], reserveRequest(80n));
      const requests = Array.from({ length: 20 }, () => holdRequest(5n, { within: ID }));
      const results = await ofBoth(20, (ledger, i) => ledger.hold(requests[i] ?? holdRequest(0n)));
      const placed = requests.filter((_, i) => results[i]?.result === 'created');
      expect(placed).toHaveLength(16);
      expect(await refused(hosts[1], holdRequest(21n))).toBe('CAP_BUSY');
      const settlements = placed.map(({ holdId }) => {
        const at = requests.findIndex((request) => request.holdId === holdId);
        return hosts[(at % 2) as 0 | 1].settle(settleRequest(holdId, 2n));
      });
      await Promise.all([...settlements.slice(0, 8), hosts[1].endReservation(ID), ...settlements.slice(8)]);
      expect(await balances(hosts[0], SOURCE)).toMatchObject({ held: 0n, spent: 32n });
      expect(await hosts[1].verify()).toEqual([]);
      await expectWithin(database.url);
    },
    WAIT_MS,
  );

  it(
    'a host that dies with holds within: another burns them, and spends them of the reservation',
    async () => {
      const dying = await stage.open('host-3');
      await reserved(dying.ledger, reserveRequest(80n));
      await created(dying.ledger, holdRequest(30n, { within: ID }));
      dying.proxy.refuse();
      dying.proxy.cut();
      await until(async () => (await hosts[0].openHolds(1)).length === 0);
      expect(await hosts[0].reservation(ID)).toMatchObject({
        state: 'open',
        lines: [
          { spent: 0n, held: 0n },
          { spent: 30n, held: 0n },
        ],
      });
      expect(await balances(hosts[0], SOURCE)).toMatchObject({ held: 50n, spent: 30n });
      await created(hosts[1], holdRequest(50n, { within: ID }));
      expect(await hosts[1].verify()).toEqual([]);
    },
    WAIT_MS,
  );
});
