import { describe, expect, it } from 'vitest';
import { useBooks } from './books.ts';
import { balances, type CreateEngine, created, holdRequest, KEY, openAccounts, refused, SOURCE, settleRequest } from './engine.ts';

const OF_SOURCE = `WHERE account_id = '${SOURCE}'`;

/** An edit of the source's row, and the name of what was changed. */
const ROW_EDITS: readonly [string, string][] = [
  ['limit', `UPDATE accounts SET spend_limit = spend_limit + 40 ${OF_SOURCE}`],
  ['ceiling', `UPDATE accounts SET ceiling = ceiling + 40 ${OF_SOURCE}`],
  ['spent', `UPDATE accounts SET spent = 0 ${OF_SOURCE}`],
  ['overrun', `UPDATE accounts SET overrun = 1 ${OF_SOURCE}`],
  ['held', `UPDATE accounts SET held = 0 ${OF_SOURCE}`],
  ['expiresAt', `UPDATE accounts SET expires_at = 1 ${OF_SOURCE}`],
  ['receipts', `UPDATE accounts SET receipts = 0 ${OF_SOURCE}`],
  ['head', `UPDATE accounts SET head = 'ff' ${OF_SOURCE}`],
];

const LAST = `${OF_SOURCE} AND seq = (SELECT max(seq) FROM postings ${OF_SOURCE})`;

export function tamperConformance(create: CreateEngine): void {
  const books = useBooks(create);

  /** Limit 60 of 100, 7 spent, a hold of 10 open. */
  async function someHistory(): Promise<string> {
    await openAccounts(books.ledger);
    await books.ledger.setLimit(SOURCE, 60n, 'less');
    const [done, open] = [holdRequest(10n), holdRequest(10n)];
    await created(books.ledger, done);
    await books.ledger.settle(settleRequest(done.holdId, 7n));
    await created(books.ledger, open);
    return open.holdId;
  }

  describe('while closed', () => {
    it.each([...ROW_EDITS, ['state', `UPDATE accounts SET state = 'paused' ${OF_SOURCE}`] as const])('an edited %s', async (what, sql) => {
      await someHistory();
      await books.reopen(() => books.engine.tamper(sql));
      expect(books.findings).toHaveLength(1);
      expect(books.findings[0]).toContain(SOURCE);
      expect(books.findings[0]).toContain(what);
      // Put back to what the postings say, so that the burn of the open hold is counted right; and frozen.
      expect(await books.ledger.account(SOURCE)).toMatchObject({
        limit: 60n,
        ceiling: 100n,
        spent: 17n,
        held: 0n,
        state: 'frozen',
        stateReason: 'tampered',
      });
      expect(await refused(books.ledger, holdRequest(1n))).toBe('ACCOUNT_TAMPERED');
      expect(await books.ledger.verify()).toEqual([expect.stringContaining('changed behind the ledger')]);
      expect(await books.ledger.tampered()).toHaveLength(1);
      await books.ledger.setState(SOURCE, 'active', 'looked at', 17n);
      await created(books.ledger, holdRequest(43n));
      expect(await books.ledger.verify()).toEqual([]);
    });

    it.each([
      ['an edited last posting', `UPDATE postings SET amount = 0, spent = 0 ${LAST}`],
      ['an account that became another tenant’s', `UPDATE accounts SET tenant_id = 'other' ${OF_SOURCE}`],
      ['a lost last posting', `DELETE FROM postings ${LAST}`],
      ['an account without postings', `DELETE FROM postings ${OF_SOURCE}`],
    ])('%s', async (_what, sql) => {
      await someHistory();
      await books.reopen(() => books.engine.tamper(sql));
      expect(books.findings).toHaveLength(1);
      expect(await refused(books.ledger, holdRequest(1n))).toBe('ACCOUNT_TAMPERED');
      expect(await balances(books.ledger, SOURCE)).toMatchObject({ held: 0n, state: 'frozen' });
      expect(await books.ledger.verify()).not.toEqual([]);
    });

    it('an edited hold line', async () => {
      await someHistory();
      await books.reopen(() => books.engine.tamper(`UPDATE hold_lines SET amount = 1 ${OF_SOURCE} AND hold_no = 2`));
      expect(books.findings).toEqual([expect.stringContaining('held')]);
      expect(await refused(books.ledger, holdRequest(1n))).toBe('ACCOUNT_TAMPERED');
    });

    it('a row that is gone', async () => {
      await someHistory();
      await books.reopen(() => books.engine.tamper(`DELETE FROM accounts ${OF_SOURCE}`));
      await expect(books.ledger.hold(holdRequest(1n))).rejects.toMatchObject({ code: 'TAMPERED' });
      expect(await books.ledger.verify()).toContainEqual(expect.stringContaining(`account ${SOURCE} is gone`));
    });
  });

  describe('while open', () => {
    it.each(ROW_EDITS)('an edited %s', async (what, sql) => {
      await someHistory();
      await books.engine.tamper(sql);
      const other = holdRequest(5n, { lines: [{ accountId: KEY, amount: 5n }] });
      const [result] = await Promise.all([books.ledger.hold(holdRequest(1n)), books.ledger.setLimit(KEY, 900n, other.holdId)]);
      expect(result).toEqual({ result: 'refused', refusal: { code: 'ACCOUNT_TAMPERED', accountId: SOURCE } });
      expect(await books.ledger.account(SOURCE)).toMatchObject({
        limit: 60n,
        spent: 7n,
        held: 10n,
        state: 'frozen',
        stateReason: 'tampered',
      });
      expect((await books.ledger.account(KEY))?.limit).toBe(900n);
      expect((await books.ledger.tampered())[0]?.what).toContain(what);
      const topics = async () => (await books.ledger.outbox(0n, 100)).map(({ topic }) => topic);
      await expect.poll(topics, { timeout: 10_000 }).toContain('account.tampered');
    });

    it('a settlement still goes through, on what is true', async () => {
      const open = await someHistory();
      await books.engine.tamper(`UPDATE accounts SET spent = 0, held = 0 ${OF_SOURCE}`);
      expect(await books.ledger.settle(settleRequest(open, 10n))).toMatchObject({ result: 'settled', charged: 10n });
      expect(await balances(books.ledger, SOURCE)).toEqual({ held: 0n, spent: 17n, overrun: 0n, state: 'frozen' });
      expect(await books.ledger.verify()).toEqual([expect.stringContaining('changed behind the ledger')]);
    });

    it('a row that is gone comes back', async () => {
      const open = await someHistory();
      await books.engine.tamper(`DELETE FROM accounts ${OF_SOURCE}`);
      expect(await books.ledger.settle(settleRequest(open, 10n))).toMatchObject({ result: 'settled' });
      expect(await balances(books.ledger, SOURCE)).toEqual({ held: 0n, spent: 17n, overrun: 0n, state: 'frozen' });
    });

    it('a hold that was ended beside the ledger', async () => {
      const open = await someHistory();
      await books.engine.tamper("UPDATE holds SET state = 'released' WHERE state = 'open'");
      await expect(books.ledger.settle(settleRequest(open, 10n))).rejects.toMatchObject({ code: 'TAMPERED' });
      expect(await refused(books.ledger, holdRequest(1n))).toBe('ACCOUNT_TAMPERED');
    });

    it('a new limit is not built on an edited row', async () => {
      await someHistory();
      await books.engine.tamper(`UPDATE accounts SET ceiling = 1000000 ${OF_SOURCE}`);
      await expect(books.ledger.setLimit(SOURCE, 1_000n, 'x')).rejects.toMatchObject({ code: 'LIMIT_INVALID' });
      await books.ledger.setLimit(SOURCE, 50n, 'y');
      expect(await books.ledger.account(SOURCE)).toMatchObject({ ceiling: 100n, limit: 50n, state: 'frozen' });
    });
  });

  describe('verify', () => {
    it.each([
      ['an edited posting', `UPDATE postings SET amount = 6, spent = 6 ${OF_SOURCE} AND kind = 'spend'`, 'was changed'],
      ['an edited receipt', 'UPDATE receipts SET charged = 6', 'is not the one that its source was charged by'],
      ['an edited detail', `UPDATE receipts SET detail = '{}'`, 'is not the one that its source was charged by'],
      ['an edited hold', `UPDATE holds SET request_hash = tariff_id`, 'is not the one that its source was charged by'],
      ['a lost receipt', 'DELETE FROM receipts', 'has no receipt'],
      ['a lost posting', `DELETE FROM postings WHERE seq = 1`, 'does not follow'],
      ['a gap in the lane', 'UPDATE lanes SET next_seq = 9', 'is not contiguous'],
      ['a guard that is gone', 'DROP TRIGGER IF EXISTS holds_end_once', 'the guard holds_end_once is gone'],
    ])('finds %s', async (_what, sql, finding) => {
      await someHistory();
      expect(await books.ledger.verify()).toEqual([]);
      await books.engine.tamper(sql);
      expect(await books.ledger.verify()).toContainEqual(expect.stringContaining(finding));
    });
  });
}
