import { describe, expect, it } from 'vitest';
import { operatorAccount } from '../operator.ts';
import { useBooks } from './books.ts';
import { balances, type CreateEngine, created, holdRequest, KEY, openAccounts, SOURCE, settleRequest } from './engine.ts';

export function recoveryConformance(create: CreateEngine): void {
  const books = useBooks(create);

  describe('a dead epoch', () => {
    it('its open holds are burned: the source pays all, the budget nothing', async () => {
      await openAccounts(books.ledger);
      const idempotency = { route: 'chat', key: 'k', bodyMac: 'a' };
      const [done, open] = [holdRequest(10n), holdRequest(20n, { idempotency })];
      await created(books.ledger, done);
      await created(books.ledger, open);
      await books.ledger.settle(settleRequest(done.holdId, 4n));
      const { epoch } = books.ledger;
      await books.reopen();
      expect(books.ledger.epoch).not.toBe(epoch);
      expect([books.burned, books.findings]).toEqual([1, []]);
      expect(await balances(books.ledger, SOURCE)).toEqual({ held: 0n, spent: 24n, overrun: 0n, state: 'active' });
      expect(await balances(books.ledger, KEY)).toMatchObject({ held: 0n, spent: 4n });
      expect((await books.ledger.account(operatorAccount('ambiguous', 'tokens')))?.spent).toBe(20n);
      const record = await books.ledger.receipt(open.receiptId);
      expect(record).toMatchObject({ receipt: { kind: 2, charged: 20n, sourceSpent: 24n, sourceSeq: 2n, seq: 2n, amount: 0n, lines: [] } });
      expect(await books.ledger.hold(holdRequest(20n, { idempotency }))).toMatchObject({ result: 'existing', state: 'burned' });
      expect(await books.ledger.hold(open)).toMatchObject({ result: 'existing', state: 'burned', ours: false });
      expect(await books.ledger.verify()).toEqual([]);
    });

    it('a late settle is evidence and changes nothing', async () => {
      await openAccounts(books.ledger);
      const open = holdRequest(20n);
      await created(books.ledger, open);
      await books.reopen();
      const before = await books.ledger.account(SOURCE);
      expect(await books.ledger.settle(settleRequest(open.holdId, 3n))).toEqual({
        result: 'already',
        state: 'burned',
        receiptId: open.receiptId,
      });
      expect(await books.ledger.account(SOURCE)).toEqual(before);
      const topics = async () => (await books.ledger.outbox(0n, 100)).map(({ topic }) => topic);
      await expect.poll(topics).toContain('hold.late_settle');
      expect(await books.ledger.verify()).toEqual([]);
    });

    it('more holds than one transaction takes', async () => {
      await openAccounts(books.ledger, 10_000n, 10_000n);
      await Promise.all(Array.from({ length: 1_100 }, () => created(books.ledger, holdRequest(2n))));
      await books.reopen();
      expect(books.burned).toBe(1_100);
      expect(await balances(books.ledger, SOURCE)).toMatchObject({ held: 0n, spent: 2_200n });
      expect(await books.ledger.verify()).toEqual([]);
    });
  });

  describe('another writer', () => {
    it('a writer that lost its lane commits nothing', async () => {
      await openAccounts(books.ledger);
      const open = holdRequest(10n);
      await created(books.ledger, open);
      await books.engine.tamper("UPDATE lanes SET owner_epoch = 'another'");
      const asked = await Promise.allSettled([
        books.ledger.settle(settleRequest(open.holdId, 3n)),
        books.ledger.hold(holdRequest(5n)),
        books.ledger.setLimit(SOURCE, 50n, 'x'),
      ]);
      expect(asked.map((a) => a.status === 'rejected' && a.reason.code)).toEqual(Array(3).fill('LEDGER_UNAVAILABLE'));
      await expect(books.ledger.hold(holdRequest(5n))).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
      expect(await balances(books.ledger, SOURCE)).toMatchObject({ held: 10n, spent: 0n });
      await books.reopen();
      expect(await balances(books.ledger, SOURCE)).toMatchObject({ held: 0n, spent: 10n });
      expect(await books.ledger.verify()).toEqual([]);
    });

    it('the books are open once, where the engine is for one process', async () => {
      if (books.engine.isShared) return;
      await expect(books.engine.open()).rejects.toMatchObject({ code: 'DATA_LOCKED' });
    });
  });

  describe('outside anchors', () => {
    it('keeps the generation', async () => {
      expect(await books.ledger.generation()).toBe(0);
      await books.ledger.setGeneration(7);
      await books.reopen();
      expect(await books.ledger.generation()).toBe(7);
    });

    it('numbers and heads go on from where they were', async () => {
      await openAccounts(books.ledger);
      const before = await books.ledger.account(SOURCE);
      await books.reopen();
      expect(await books.ledger.account(SOURCE)).toEqual(before);
      const request = holdRequest(10n);
      await created(books.ledger, request);
      await books.ledger.settle(settleRequest(request.holdId, 3n));
      expect((await books.ledger.account(SOURCE))?.seq).toBe((before?.seq ?? 0n) + 1n);
    });
  });
}
