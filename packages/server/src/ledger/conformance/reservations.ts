import { describe, expect, it } from 'vitest';
import type { Reservation, ReserveRequest, ReserveResult } from '../reservation.ts';
import type { HoldRequest, Ledger } from '../types.ts';
import { useBooks } from './books.ts';
import {
  balances,
  type CreateEngine,
  created,
  holdRequest,
  KEY,
  newAccount,
  openAccounts,
  refused,
  SOURCE,
  settleRequest,
} from './engine.ts';

const ID = 'reservation-1';

export function reserveRequest(amount: bigint, more: Partial<ReserveRequest> = {}): ReserveRequest {
  const lines = [KEY, SOURCE].map((accountId) => ({ accountId, amount }));
  return { reservationId: ID, tenantId: 'tenant-1', keyId: KEY, lines, ...more };
}

export async function reserved(ledger: Ledger, request: ReserveRequest): Promise<Reservation> {
  const result = await ledger.reserve(request);
  if (result.result !== 'reserved') throw new Error(`not reserved: ${result.result === 'refused' ? result.refusal.code : result.result}`);
  return result.reservation;
}

function within(amount: bigint, more: Partial<HoldRequest> = {}): HoldRequest {
  return holdRequest(amount, { within: ID, ...more });
}

/** What a reservation's line on an account says: of how much, spent, in open holds. */
async function line(ledger: Ledger, accountId = SOURCE, id = ID): Promise<readonly (bigint | undefined)[]> {
  const found = (await ledger.reservation(id))?.lines.find((each) => each.accountId === accountId);
  return [found?.amount, found?.spent, found?.held];
}

export function reservationConformance(create: CreateEngine): void {
  const books = useBooks(create);

  describe('reserving', () => {
    it('is told, listed and held, and given back by its end, once', async () => {
      await openAccounts(books.ledger);
      const reservation = await reserved(books.ledger, reserveRequest(60n));
      const lines = [KEY, SOURCE].map((accountId) => ({ accountId, amount: 60n, spent: 0n, held: 0n }));
      expect(reservation).toMatchObject({ reservationId: ID, keyId: KEY, tenantId: 'tenant-1', state: 'open', endedAt: null, lines });
      expect(await books.ledger.reservations({ limit: 10 })).toEqual([reservation]);
      expect(await books.ledger.reservation(ID)).toEqual(reservation);
      expect(await balances(books.ledger, SOURCE)).toMatchObject({ held: 60n, spent: 0n });
      expect(await books.ledger.verify()).toEqual([]);
      expect(await books.ledger.endReservation(ID)).toEqual({ result: 'ended' });
      expect(await books.ledger.endReservation(ID)).toEqual({ result: 'already' });
      expect(await books.ledger.endReservation('nothing')).toEqual({ result: 'unknown' });
      expect(await books.ledger.reservation(ID)).toMatchObject({ state: 'ended' });
      expect(await books.ledger.reservations({ limit: 10 })).toEqual([]);
      expect(await balances(books.ledger, SOURCE)).toMatchObject({ held: 0n, spent: 0n });
      expect(await books.ledger.verify()).toEqual([]);
      const events = async () => (await books.ledger.outbox(0n, 100)).filter(({ subject }) => subject === ID).map(({ topic }) => topic);
      await expect.poll(events).toEqual(['reservation.opened', 'reservation.ended']);
    });

    it('the same id again: the same, or refused', async () => {
      await openAccounts(books.ledger);
      const results = await Promise.all([books.ledger.reserve(reserveRequest(60n)), books.ledger.reserve(reserveRequest(60n))]);
      expect(results.map(({ result }) => result)).toEqual(['reserved', 'existing']);
      for (const other of [reserveRequest(61n), reserveRequest(60n, { keyId: 'key-2' }), reserveRequest(60n, { lines: [] })])
        await expect(books.ledger.reserve(other)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
      await books.ledger.endReservation(ID);
      expect(await books.ledger.reserve(reserveRequest(60n))).toMatchObject({ result: 'existing', reservation: { state: 'ended' } });
      expect(await balances(books.ledger, SOURCE)).toMatchObject({ held: 0n });
    });

    it('16 at once on one source: as many as fit, all or none', async () => {
      await openAccounts(books.ledger, 100n, 1_000n);
      const ask = (_: unknown, i: number): Promise<ReserveResult> => books.ledger.reserve(reserveRequest(9n, { reservationId: `r-${i}` }));
      const results = await Promise.all(Array.from({ length: 16 }, ask));
      expect(results.filter(({ result }) => result === 'reserved')).toHaveLength(11);
      expect(results.find(({ result }) => result === 'refused')).toMatchObject({ refusal: { code: 'CAP_BUSY', accountId: SOURCE } });
      expect(await balances(books.ledger, SOURCE)).toMatchObject({ held: 99n });
      expect(await balances(books.ledger, KEY)).toMatchObject({ held: 99n });
      expect(await books.ledger.reservations({ limit: 20 })).toHaveLength(11);
      const [first, second] = [
        await books.ledger.reservations({ limit: 6 }),
        await books.ledger.reservations({ after: 'r-13', limit: 20 }),
      ];
      expect([first.length, second.every(({ reservationId }) => reservationId > 'r-13')]).toEqual([6, true]);
      expect(await books.ledger.verify()).toEqual([]);
    });

    it('is judged as a hold is: limits, states, expiry, stop, and what evidence may be short of', async () => {
      await openAccounts(books.ledger, 100n, 50n);
      const refusal = async (request: ReserveRequest) => {
        const result = await books.ledger.reserve(request);
        return result.result === 'refused' ? result.refusal.code : result.result;
      };
      expect(await refusal(reserveRequest(51n))).toBe('CAP_EXCEEDED');
      expect(await refusal(reserveRequest(1n, { lines: [{ accountId: 'nobody', amount: 1n }] }))).toBe('ACCOUNT_UNKNOWN');
      const counted = holdRequest(10n, { guarded: true, proof: 'count' });
      await created(books.ledger, counted);
      expect(await refusal(reserveRequest(36n))).toBe('CAP_BUSY');
      await books.ledger.settle(settleRequest(counted.holdId, 0n, { outcome: 'released', lines: [] }));
      await books.ledger.setState(SOURCE, 'paused', 'holiday');
      expect(await refusal(reserveRequest(36n))).toBe('ACCOUNT_NOT_ACTIVE');
      await books.ledger.setState(SOURCE, 'active', '');
      await books.ledger.setStop(true, 'drill');
      expect(await refusal(reserveRequest(36n))).toBe('POOL_STOPPED');
      await books.ledger.setStop(false, '');
      expect(await refusal(reserveRequest(50n))).toBe('reserved');
      expect(await refused(books.ledger, holdRequest(1n))).toBe('CAP_BUSY');
    });

    it('16 accounts, and no more', async () => {
      const lines = Array.from({ length: 17 }, (_, i) => ({ accountId: `key-${String(i).padStart(2, '0')}`, amount: 5n }));
      await Promise.all(lines.map(({ accountId }) => books.ledger.openAccount(newAccount(accountId, 10n))));
      await expect(books.ledger.reserve(reserveRequest(0n, { lines }))).rejects.toMatchObject({ code: 'INPUT_INVALID' });
      await reserved(books.ledger, reserveRequest(0n, { lines: lines.slice(1) }));
      expect(await balances(books.ledger, 'key-16')).toMatchObject({ held: 5n });
    });
  });

  holdsWithin(create);
  reservationTrouble(create);
}

function holdsWithin(create: CreateEngine): void {
  const books = useBooks(create);

  describe('holds within', () => {
    it('take out of it what nobody else can take, and give back what they do not spend', async () => {
      await openAccounts(books.ledger);
      await reserved(books.ledger, reserveRequest(100n));
      expect(await refused(books.ledger, holdRequest(1n))).toBe('CAP_BUSY');
      const hold = within(40n);
      const { balances: after } = await created(books.ledger, hold);
      expect(after).toContainEqual({ accountId: SOURCE, asset: 'tokens', limit: 100n, held: 100n, spent: 0n, overrun: 0n });
      expect(await line(books.ledger)).toEqual([100n, 0n, 40n]);
      await books.ledger.settle(settleRequest(hold.holdId, 15n));
      expect(await line(books.ledger)).toEqual([100n, 15n, 0n]);
      expect(await balances(books.ledger, SOURCE)).toMatchObject({ held: 85n, spent: 15n });
      expect(await refused(books.ledger, holdRequest(1n))).toBe('CAP_BUSY');
      await created(books.ledger, within(85n));
      expect(await books.ledger.verify()).toEqual([]);
    });

    it('get no more than is left: busy while others within are in the way, exceeded where it is spent', async () => {
      await openAccounts(books.ledger);
      await reserved(books.ledger, reserveRequest(50n));
      expect(await books.ledger.hold(within(51n))).toMatchObject({
        refusal: { code: 'CAP_EXCEEDED', accountId: KEY, need: 51n, available: 50n, held: 0n, limit: 50n },
      });
      const hold = within(30n);
      await created(books.ledger, hold);
      expect(await refused(books.ledger, within(21n))).toBe('CAP_BUSY');
      await books.ledger.settle(settleRequest(hold.holdId, 30n));
      expect(await refused(books.ledger, within(21n))).toBe('CAP_EXCEEDED');
      await created(books.ledger, within(20n));
    });

    it('each outcome leaves its own remainder', async () => {
      await openAccounts(books.ledger, 1_000n, 1_000n);
      await reserved(books.ledger, reserveRequest(500n));
      const end = async (outcome: 'metered' | 'bound' | 'burned' | 'released', tokens: bigint) => {
        const hold = within(100n);
        await created(books.ledger, hold);
        await books.ledger.settle(settleRequest(hold.holdId, tokens, { outcome }));
      };
      await end('metered', 30n);
      expect([await line(books.ledger), await line(books.ledger, KEY)]).toEqual([
        [500n, 30n, 0n],
        [500n, 30n, 0n],
      ]);
      await end('bound', 1n);
      await end('released', 7n);
      expect(await line(books.ledger)).toEqual([500n, 130n, 0n]);
      // The source pays a burn in full, the budget what was delivered.
      await end('burned', 10n);
      expect([await line(books.ledger), await line(books.ledger, KEY)]).toEqual([
        [500n, 230n, 0n],
        [500n, 140n, 0n],
      ]);
      // An overrun is beyond what was reserved.
      await end('metered', 107n);
      expect(await line(books.ledger)).toEqual([500n, 330n, 0n]);
      expect(await balances(books.ledger, SOURCE)).toEqual({ held: 170n, spent: 330n, overrun: 7n, state: 'frozen' });
      expect(await refused(books.ledger, within(1n))).toBe('ACCOUNT_NOT_ACTIVE');
      await books.ledger.endReservation(ID);
      expect(await balances(books.ledger, SOURCE)).toMatchObject({ held: 0n, state: 'frozen' });
      expect(await books.ledger.verify()).toEqual([]);
    });

    it('accounts that it does not name are judged and held as ever', async () => {
      await openAccounts(books.ledger, 100n, 30n);
      await reserved(books.ledger, reserveRequest(0n, { lines: [{ accountId: SOURCE, amount: 100n }] }));
      expect(await books.ledger.hold(within(31n))).toMatchObject({ refusal: { code: 'CAP_EXCEEDED', accountId: KEY, limit: 30n } });
      const hold = within(30n);
      await created(books.ledger, hold);
      expect(await balances(books.ledger, KEY)).toMatchObject({ held: 30n });
      expect(await refused(books.ledger, within(1n))).toBe('CAP_BUSY');
      await books.ledger.settle(settleRequest(hold.holdId, 10n));
      expect(await balances(books.ledger, KEY)).toMatchObject({ held: 0n, spent: 10n });
      expect(await balances(books.ledger, SOURCE)).toMatchObject({ held: 90n, spent: 10n });
    });

    it('only of its own key; and none after its end, but what costs nothing', async () => {
      await openAccounts(books.ledger);
      await reserved(books.ledger, reserveRequest(50n));
      await expect(books.ledger.hold(within(1n, { keyId: 'key-2' }))).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(books.ledger.hold(within(1n, { within: 'nothing' }))).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await books.ledger.endReservation(ID);
      expect(await books.ledger.hold(within(1n))).toMatchObject({ refusal: { code: 'CAP_EXCEEDED', available: 0n } });
      await created(books.ledger, within(0n));
      expect(await books.ledger.verify()).toEqual([]);
    });

    it('a lowered limit binds them; what is left of their own reservation is not in their way', async () => {
      await openAccounts(books.ledger);
      await reserved(books.ledger, reserveRequest(60n));
      await reserved(books.ledger, reserveRequest(40n, { reservationId: 'reservation-2' }));
      await books.ledger.setLimit(SOURCE, 70n, 'less');
      expect(await refused(books.ledger, within(31n))).toBe('CAP_BUSY');
      await created(books.ledger, within(30n));
      await books.ledger.endReservation('reservation-2');
      await created(books.ledger, within(30n));
      await books.ledger.setLimit(SOURCE, 59n, 'less');
      expect(await refused(books.ledger, within(0n))).toBe('CAP_BUSY');
    });

    it('those that rest on evidence leave the last tenth free of all but the remainder of their own', async () => {
      await openAccounts(books.ledger, 100n, 1_000n);
      await reserved(books.ledger, reserveRequest(100n));
      const counted = { guarded: true, proof: 'count' } as const;
      expect(await refused(books.ledger, within(91n, counted))).toBe('CAP_EXCEEDED');
      const hold = within(80n, counted);
      await created(books.ledger, hold);
      // The remainder is reserved, and yet no hold may have the last tenth while the evidence may be short of it.
      expect(await refused(books.ledger, within(11n))).toBe('CAP_BUSY');
      await created(books.ledger, within(10n));
      await books.ledger.settle(settleRequest(hold.holdId, 80n));
      await created(books.ledger, within(10n));
      expect(await balances(books.ledger, SOURCE)).toMatchObject({ held: 20n, spent: 80n });
      expect(await books.ledger.verify()).toEqual([]);
    });

    it('its end while holds are open: they go on, and what they do not spend is free', async () => {
      await openAccounts(books.ledger);
      await reserved(books.ledger, reserveRequest(100n));
      const hold = within(40n);
      await created(books.ledger, hold);
      expect(await books.ledger.endReservation(ID)).toEqual({ result: 'ended' });
      expect(await balances(books.ledger, SOURCE)).toMatchObject({ held: 40n });
      expect(await books.ledger.verify()).toEqual([]);
      await created(books.ledger, holdRequest(60n));
      await books.ledger.settle(settleRequest(hold.holdId, 10n));
      expect(await balances(books.ledger, SOURCE)).toMatchObject({ held: 60n, spent: 10n });
      await created(books.ledger, holdRequest(30n));
      expect(await books.ledger.verify()).toEqual([]);
    });

    it('all of it in one batch', async () => {
      await openAccounts(books.ledger);
      const hold = within(40n);
      const results = await Promise.all([
        books.ledger.reserve(reserveRequest(100n)),
        books.ledger.hold(hold),
        books.ledger.hold(holdRequest(1n)),
        books.ledger.settle(settleRequest(hold.holdId, 15n)),
        books.ledger.endReservation(ID),
        books.ledger.hold(holdRequest(85n)),
        books.ledger.reserve(reserveRequest(1n, { reservationId: 'reservation-2' })),
      ]);
      expect(results.map(({ result }) => result)).toEqual(['reserved', 'created', 'refused', 'settled', 'ended', 'created', 'refused']);
      expect(await balances(books.ledger, SOURCE)).toMatchObject({ held: 85n, spent: 15n });
      expect(await books.ledger.reservation(ID)).toMatchObject({ state: 'ended' });
      expect(await books.ledger.verify()).toEqual([]);
    });
  });
}

const OF_LINE = `WHERE reservation_id = '${ID}' AND account_id = '${SOURCE}'`;

function reservationTrouble(create: CreateEngine): void {
  const books = useBooks(create);

  describe('reservations in trouble', () => {
    it('a restart burns holds within, spends them of the reservation, and leaves it open', async () => {
      await openAccounts(books.ledger);
      const before = await reserved(books.ledger, reserveRequest(60n));
      await reserved(books.ledger, reserveRequest(10n, { reservationId: 'reservation-2' }));
      await created(books.ledger, within(20n));
      await books.reopen();
      expect([books.burned, books.findings]).toEqual([1, []]);
      expect([await line(books.ledger), await line(books.ledger, KEY)]).toEqual([
        [60n, 20n, 0n],
        [60n, 0n, 0n],
      ]);
      expect(await balances(books.ledger, SOURCE)).toEqual({ held: 50n, spent: 20n, overrun: 0n, state: 'active' });
      expect(await balances(books.ledger, KEY)).toMatchObject({ held: 70n, spent: 0n });
      expect(await books.ledger.reserve(reserveRequest(60n))).toMatchObject({
        result: 'existing',
        reservation: { createdAt: before.createdAt },
      });
      expect(await refused(books.ledger, holdRequest(31n))).toBe('CAP_BUSY');
      await created(books.ledger, within(40n));
      await books.reopen();
      expect(await line(books.ledger)).toEqual([60n, 60n, 0n]);
      await books.ledger.endReservation(ID);
      await books.ledger.endReservation('reservation-2');
      expect(await balances(books.ledger, SOURCE)).toMatchObject({ held: 0n, spent: 60n });
      expect(await balances(books.ledger, KEY)).toMatchObject({ held: 0n });
      expect(await books.ledger.verify()).toEqual([]);
    });

    it('a restart after the end, with a hold that was within', async () => {
      await openAccounts(books.ledger);
      await reserved(books.ledger, reserveRequest(60n));
      await created(books.ledger, within(20n));
      await books.ledger.endReservation(ID);
      await books.reopen();
      expect([books.burned, books.findings]).toEqual([1, []]);
      expect(await balances(books.ledger, SOURCE)).toMatchObject({ held: 0n, spent: 20n });
      expect(await books.ledger.verify()).toEqual([]);
    });

    it.each(['paused', 'frozen', 'revoked', 'destroyed'] as const)(
      'a source that is %s: nothing is placed, the end frees all',
      async (state) => {
        await openAccounts(books.ledger);
        await reserved(books.ledger, reserveRequest(60n));
        await books.ledger.setState(SOURCE, state, 'a test');
        expect(await refused(books.ledger, within(1n))).toBe('ACCOUNT_NOT_ACTIVE');
        expect(await books.ledger.endReservation(ID)).toEqual({ result: 'ended' });
        expect(await balances(books.ledger, SOURCE)).toEqual({ held: 0n, spent: 0n, overrun: 0n, state });
        expect(await balances(books.ledger, KEY)).toMatchObject({ held: 0n });
        expect(await books.ledger.verify()).toEqual([]);
      },
    );

    it.each([
      ['more of it', `UPDATE reservation_lines SET amount = amount + 40 ${OF_LINE}`],
      ['less spent', `UPDATE reservation_lines SET spent = 0 ${OF_LINE}`],
      ['another state', `UPDATE reservations SET state = 'ended' WHERE reservation_id = '${ID}'`],
    ])('an edit while open: %s', async (_what, edit) => {
      await openAccounts(books.ledger);
      await reserved(books.ledger, reserveRequest(60n));
      const hold = within(20n);
      await created(books.ledger, hold);
      await books.ledger.settle(settleRequest(hold.holdId, 20n));
      await books.engine.tamper(edit);
      const placed = await books.ledger.hold(within(41n)).then(
        ({ result }) => result,
        ({ code }) => code,
      );
      expect(['TAMPERED', 'refused']).toContain(placed);
      expect(await balances(books.ledger, SOURCE)).toMatchObject({ held: 40n, spent: 20n });
      expect(await books.ledger.verify()).not.toEqual([]);
    });

    it('an edited line while a hold within is open: it is settled all the same, and its account stopped at the next use', async () => {
      await openAccounts(books.ledger);
      await reserved(books.ledger, reserveRequest(60n));
      const hold = within(20n);
      await created(books.ledger, hold);
      await books.engine.tamper(`UPDATE reservation_lines SET amount = 99 ${OF_LINE}`);
      expect(await books.ledger.settle(settleRequest(hold.holdId, 5n))).toMatchObject({ result: 'settled', charged: 5n });
      expect(await balances(books.ledger, SOURCE)).toMatchObject({ held: 40n, spent: 5n });
      await expect(books.ledger.hold(within(1n))).rejects.toMatchObject({ code: 'TAMPERED' });
      expect(await refused(books.ledger, holdRequest(1n))).toBe('ACCOUNT_TAMPERED');
      await expect(books.ledger.endReservation(ID)).rejects.toMatchObject({ code: 'TAMPERED' });
    });

    it('an edit while closed is found when the books are opened', async () => {
      await openAccounts(books.ledger);
      await reserved(books.ledger, reserveRequest(60n));
      await books.reopen(() => books.engine.tamper(`UPDATE reservations SET state = 'ended' WHERE reservation_id = '${ID}'`));
      expect(books.findings).toHaveLength(2);
      expect(await refused(books.ledger, holdRequest(1n))).toBe('ACCOUNT_TAMPERED');
    });
  });
}
