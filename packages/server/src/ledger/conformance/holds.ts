import { AMOUNT_MAX } from '@tallystick/core';
import { describe, expect, it } from 'vitest';
import { permitMac } from '#ground/permit';
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

export function holdConformance(create: CreateEngine): void {
  const books = useBooks(create);

  describe('races', () => {
    it('50 concurrent holds of 5 on a limit of 100: exactly 20, remainder 0', async () => {
      await openAccounts(books.ledger);
      const requests = Array.from({ length: 50 }, () => holdRequest(5n));
      const results = await Promise.all(requests.map((request) => books.ledger.hold(request)));
      const winners = requests.filter((_, i) => results[i]?.result === 'created');
      expect(winners).toHaveLength(20);
      expect(await balances(books.ledger, SOURCE)).toMatchObject({ held: 100n, spent: 0n });
      expect(await refused(books.ledger, holdRequest(1n))).toBe('CAP_BUSY');
      await Promise.all(winners.map(({ holdId }) => books.ledger.settle(settleRequest(holdId, 5n))));
      expect(await balances(books.ledger, SOURCE)).toMatchObject({ held: 0n, spent: 100n });
      expect(await refused(books.ledger, holdRequest(1n))).toBe('CAP_EXCEEDED');
      expect(await books.ledger.verify()).toEqual([]);
    });

    it('what is wrong with one operation touches no other of its batch', async () => {
      await openAccounts(books.ledger);
      const first = holdRequest(5n);
      const results = await Promise.allSettled([
        books.ledger.hold(first),
        books.ledger.hold(holdRequest(5n, { receiptId: first.receiptId })),
        books.ledger.setLimit(SOURCE, 101n, 'too high'),
        books.ledger.hold(holdRequest(500n)),
        books.ledger.openAccount(newAccount(KEY, 5n)),
        books.ledger.hold(holdRequest(7n)),
        books.ledger.settle(settleRequest(first.holdId, 3n)),
      ]);
      expect(
        results.map((r) => (r.status === 'rejected' ? r.reason.code : ((r.value as { result: string } | undefined)?.result ?? 'done'))),
      ).toEqual(['created', 'INPUT_INVALID', 'LIMIT_INVALID', 'refused', 'INPUT_INVALID', 'created', 'settled']);
      expect(await balances(books.ledger, SOURCE)).toMatchObject({ held: 7n, spent: 3n });
      expect(await books.ledger.verify()).toEqual([]);
    });
  });

  describe('created and existing', () => {
    it('only the first is created; ours only with our nonce', async () => {
      await openAccounts(books.ledger, 5n);
      const request = holdRequest(5n);
      const [one, two] = await Promise.all([books.ledger.hold(request), books.ledger.hold(request)]);
      expect(one?.result).toBe('created');
      expect(two).toMatchObject({ result: 'existing', state: 'open', receiptId: request.receiptId, ours: true });
      expect(await books.ledger.hold({ ...request, nonce: '0'.repeat(32) })).toMatchObject({ result: 'existing', ours: false });
      await books.ledger.settle(settleRequest(request.holdId, 5n));
      // Also where it would now be refused.
      expect(await books.ledger.hold(request)).toMatchObject({ result: 'existing', state: 'settled', ours: true });
      expect(await balances(books.ledger, SOURCE)).toMatchObject({ held: 0n, spent: 5n });
    });

    it('the permit is bound to hold, source, nonce and epoch', async () => {
      await openAccounts(books.ledger);
      const request = holdRequest(5n);
      const { permit, balances: after } = await created(books.ledger, request);
      const fields = { holdId: request.holdId, sourceId: SOURCE, nonce: request.nonce, epoch: books.ledger.epoch };
      expect(permit).toEqual({ ...fields, mac: permitMac(books.engine.ticketKey, fields) });
      expect(after).toContainEqual({ accountId: SOURCE, asset: 'tokens', limit: 100n, held: 5n, spent: 0n, overrun: 0n });
    });

    it('an idempotency key places one hold, per key and route', async () => {
      await openAccounts(books.ledger);
      const idempotency = { route: 'chat', key: 'k', bodyMac: 'a' };
      const first = holdRequest(5n, { idempotency });
      await created(books.ledger, first);
      const again = await books.ledger.hold(holdRequest(5n, { idempotency }));
      expect(again).toMatchObject({ result: 'existing', holdId: first.holdId, state: 'open', sameBody: true, ours: false });
      const other = await books.ledger.hold(holdRequest(5n, { idempotency: { ...idempotency, bodyMac: 'b' } }));
      expect(other).toMatchObject({ result: 'existing', sameBody: false });
      await created(books.ledger, holdRequest(5n, { idempotency: { ...idempotency, route: 'responses' } }));
      await created(books.ledger, holdRequest(5n, { idempotency, keyId: 'key-2' }));
      expect(await balances(books.ledger, SOURCE)).toMatchObject({ held: 15n });
    });

    it('a further attempt of the same call takes the idempotency key over, after one that was not billed and no other', async () => {
      await openAccounts(books.ledger);
      const idempotency = { route: 'chat', key: 'k', bodyMac: 'a' };
      const first = holdRequest(5n, { idempotency });
      const attempt = (number: number) => holdRequest(5n, { callId: first.callId, attempt: number, idempotency });
      await created(books.ledger, first);
      expect(await books.ledger.hold(attempt(1))).toMatchObject({ result: 'existing', state: 'open' });
      await books.ledger.settle(settleRequest(first.holdId, 0n, { outcome: 'released', lines: [] }));
      expect(await books.ledger.hold(holdRequest(5n, { idempotency }))).toMatchObject({ result: 'existing', state: 'released' });
      const changed = holdRequest(5n, { callId: first.callId, attempt: 2, idempotency: { ...idempotency, bodyMac: 'b' } });
      expect(await books.ledger.hold(changed)).toMatchObject({ result: 'existing', sameBody: false });
      const second = attempt(3);
      await created(books.ledger, second);
      expect(await books.ledger.hold(holdRequest(5n, { idempotency }))).toMatchObject({ holdId: second.holdId, state: 'open' });
      await books.ledger.settle(settleRequest(second.holdId, 5n, { outcome: 'burned' }));
      expect(await books.ledger.hold(attempt(4))).toMatchObject({ result: 'existing', holdId: second.holdId, state: 'burned' });
      expect(await books.ledger.verify()).toEqual([]);
    });

    it('a call attempt is held once', async () => {
      await openAccounts(books.ledger);
      const first = holdRequest(5n);
      await created(books.ledger, first);
      await expect(books.ledger.hold(holdRequest(5n, { callId: first.callId }))).rejects.toMatchObject({ code: 'INPUT_INVALID' });
      await created(books.ledger, holdRequest(5n, { callId: first.callId, attempt: 1 }));
    });
  });

  describe('refusals', () => {
    it('says what is needed, and whether waiting helps', async () => {
      await openAccounts(books.ledger, 100n, 50n);
      await created(books.ledger, holdRequest(40n));
      const busy = await books.ledger.hold(holdRequest(20n));
      const facts = { asset: 'tokens', need: 20n, available: 10n, held: 40n, limit: 50n };
      expect(busy).toEqual({ result: 'refused', refusal: { code: 'CAP_BUSY', accountId: KEY, ...facts } });
      // The source is only busy, the key can never pay: the final one is told.
      expect(await books.ledger.hold(holdRequest(61n))).toMatchObject({ refusal: { code: 'CAP_EXCEEDED', accountId: KEY } });
    });

    it('keeps the last tenth of every limit free of what rests on evidence', async () => {
      await openAccounts(books.ledger, 1000n, 95n);
      expect(await books.ledger.hold(holdRequest(86n, { guarded: true }))).toMatchObject({
        refusal: { code: 'CAP_EXCEEDED', accountId: KEY, need: 86n, available: 85n, limit: 95n },
      });
      const first = holdRequest(85n, { guarded: true });
      await created(books.ledger, first);
      expect(await refused(books.ledger, holdRequest(1n, { guarded: true }))).toBe('CAP_BUSY');
      // Nor may anything else have it while that is not over, for it is what the evidence may be short of. What costs nothing may.
      expect(await refused(books.ledger, holdRequest(1n))).toBe('CAP_BUSY');
      await created(books.ledger, holdRequest(0n));
      await books.ledger.settle(settleRequest(first.holdId, 85n));
      await created(books.ledger, holdRequest(10n));
      expect(await balances(books.ledger, KEY)).toMatchObject({ held: 10n, spent: 85n });
    });

    it('all accounts or none', async () => {
      await openAccounts(books.ledger, 100n, 4n);
      expect(await refused(books.ledger, holdRequest(5n))).toBe('CAP_EXCEEDED');
      const lines = [
        { accountId: SOURCE, amount: 5n },
        { accountId: 'nobody', amount: 1n },
      ];
      expect(await refused(books.ledger, holdRequest(5n, { lines }))).toBe('ACCOUNT_UNKNOWN');
      expect(await balances(books.ledger, SOURCE)).toMatchObject({ held: 0n });
      expect(await balances(books.ledger, KEY)).toMatchObject({ held: 0n });
      expect(await books.ledger.openHolds(10)).toEqual([]);
    });

    it('state, and its end', async () => {
      await openAccounts(books.ledger);
      await books.ledger.setState(SOURCE, 'paused', 'holiday');
      const refusal = { code: 'ACCOUNT_NOT_ACTIVE', accountId: SOURCE, kind: 'source', state: 'paused', reason: 'holiday' };
      expect(await books.ledger.hold(holdRequest(5n))).toEqual({ result: 'refused', refusal });
      await books.ledger.setState(SOURCE, 'active', '');
      await created(books.ledger, holdRequest(5n));
      await books.ledger.setState(KEY, 'revoked', 'lost');
      expect(await refused(books.ledger, holdRequest(5n))).toBe('ACCOUNT_NOT_ACTIVE');
      await expect(books.ledger.setState(KEY, 'active', '')).rejects.toMatchObject({ code: 'STATE_INVALID' });
      await books.ledger.setState(KEY, 'destroyed', 'gone');
      await expect(books.ledger.setState(KEY, 'revoked', '')).rejects.toMatchObject({ code: 'STATE_INVALID' });
    });

    it('limit: lowered, raised up to the ceiling, never beyond', async () => {
      await openAccounts(books.ledger);
      await books.ledger.setLimit(SOURCE, 4n, 'low');
      expect(await refused(books.ledger, holdRequest(5n))).toBe('CAP_EXCEEDED');
      await books.ledger.setLimit(SOURCE, 100n, 'high');
      await created(books.ledger, holdRequest(100n));
      await expect(books.ledger.setLimit(SOURCE, 101n, 'beyond')).rejects.toMatchObject({ code: 'LIMIT_INVALID' });
      await expect(books.ledger.setLimit('nobody', 1n, '')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });

    it('expiry, by a wall clock that never goes back', async () => {
      const expiresAt = books.engine.clock.wallMs() + 1_000;
      await books.ledger.openAccount(newAccount(SOURCE, 100n, { expiresAt }));
      await books.ledger.openAccount(newAccount(KEY, 100n));
      await created(books.ledger, holdRequest(5n));
      books.engine.clock.advance(1_000);
      const expired = { result: 'refused', refusal: { code: 'ACCOUNT_EXPIRED', accountId: SOURCE, kind: 'source', expiresAt } };
      expect(await books.ledger.hold(holdRequest(5n))).toEqual(expired);
      await books.ledger.setLimit(KEY, 99n, 'writes the time down');
      books.engine.clock.setWall(expiresAt - 900);
      expect(await books.ledger.hold(holdRequest(5n))).toEqual(expired);
      await books.reopen();
      expect(await books.ledger.hold(holdRequest(5n))).toEqual(expired);
    });

    it('stop: nothing is held, what is open still settles', async () => {
      await openAccounts(books.ledger);
      const open = holdRequest(5n);
      await created(books.ledger, open);
      await books.ledger.setStop(true, 'drill');
      expect(await books.ledger.hold(holdRequest(5n))).toEqual({ result: 'refused', refusal: { code: 'POOL_STOPPED', reason: 'drill' } });
      expect(await books.ledger.settle(settleRequest(open.holdId, 5n))).toMatchObject({ result: 'settled' });
      await books.reopen();
      expect(await refused(books.ledger, holdRequest(5n))).toBe('POOL_STOPPED');
      await books.ledger.setStop(false, '');
      await created(books.ledger, holdRequest(5n));
    });

    it('a stop set beside the ledger is obeyed at once', async () => {
      await openAccounts(books.ledger);
      await created(books.ledger, holdRequest(5n));
      await books.engine.tamper("UPDATE books SET stopped = 1, stop_reason = 'by hand'");
      expect(await refused(books.ledger, holdRequest(5n))).toBe('POOL_STOPPED');
    });
  });

  describe('shapes', () => {
    it('amounts up to 2^62', async () => {
      await openAccounts(books.ledger, AMOUNT_MAX, AMOUNT_MAX);
      const most = holdRequest(AMOUNT_MAX - 1n);
      await created(books.ledger, most);
      await created(books.ledger, holdRequest(1n));
      expect(await refused(books.ledger, holdRequest(1n))).toBe('CAP_BUSY');
      expect(await refused(books.ledger, holdRequest(AMOUNT_MAX))).toBe('CAP_BUSY');
      await books.ledger.settle(settleRequest(most.holdId, AMOUNT_MAX - 1n));
      expect(await balances(books.ledger, SOURCE)).toMatchObject({ spent: AMOUNT_MAX - 1n, held: 1n });
      expect(await books.ledger.verify()).toEqual([]);
    });

    it('refuses rubbish before it reaches the books', async () => {
      await openAccounts(books.ledger);
      const rubbish = [
        holdRequest(-1n),
        holdRequest(AMOUNT_MAX + 1n),
        holdRequest(1n, { lines: [] }),
        holdRequest(1n, { lines: [{ accountId: KEY, amount: 1n }] }),
        holdRequest(1n, { sourceId: KEY }),
        holdRequest(1n, { callId: 'not a uuid' }),
        holdRequest(1n, { nonce: 'short' }),
        holdRequest(1n, { tariffId: '0x12' }),
        holdRequest(1n, { detail: { x: 1.5 } }),
        holdRequest(1n, { detail: { x: 'y'.repeat(10_000) } }),
        holdRequest(1n, { lines: [0, 1].map(() => ({ accountId: SOURCE, amount: 1n })) }),
        holdRequest(1n, { lines: Array.from({ length: 17 }, (_, i) => ({ accountId: i === 0 ? SOURCE : `key-${i}`, amount: 1n })) }),
      ];
      for (const request of rubbish) await expect(books.ledger.hold(request)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
      for (const id of ['', 'op:served:tokens', 'a b', 'x'.repeat(200)]) {
        await expect(books.ledger.openAccount(newAccount(id, 1n))).rejects.toMatchObject({ code: 'INPUT_INVALID' });
      }
      await expect(books.ledger.openAccount(newAccount('source-9', 1n, { limit: 2n }))).rejects.toMatchObject({ code: 'LIMIT_INVALID' });
      expect(await balances(books.ledger, SOURCE)).toMatchObject({ held: 0n });
    });

    it('after closing, everything is refused', async () => {
      await openAccounts(books.ledger);
      await books.ledger.close();
      await expect(books.ledger.hold(holdRequest(1n))).rejects.toMatchObject({ code: 'LEDGER_CLOSED' });
      await expect(books.ledger.account(SOURCE)).rejects.toMatchObject({ code: 'LEDGER_CLOSED' });
      await books.ledger.close();
    });
  });
}
