import { describe, expect, it } from 'vitest';
import type { HoldRequest } from '../types.ts';
import { useBooks } from './books.ts';
import { balances, type CreateEngine, created, holdRequest, KEY, newAccount, refused, SOURCE, settleRequest } from './engine.ts';

const OF_SOURCE = ofSource(SOURCE);

function ofSource(id: string): string {
  return `WHERE account_id = '${id}'`;
}

/** An edit of a source's row, and the name of what was changed. */
const ROW_EDITS: readonly (readonly [what: string, edit: string])[] = [
  ['limit', 'spend_limit = spend_limit + 40'],
  ['ceiling', 'ceiling = ceiling + 40'],
  ['spent', 'spent = 0'],
  ['overrun', 'overrun = 1'],
  ['held', 'held = 0'],
  ['expiresAt', 'expires_at = 1'],
  ['receipts', 'receipts = 0'],
  ['head', "head = 'ff'"],
];

/** Opening books is what takes time here, so edits that have nothing to do with each other are of a source each, in the same books. */
type Victim = { readonly id: string; readonly what: string; readonly edit: string };

function victimsOf(edits: readonly (readonly [what: string, edit: string])[]): readonly Victim[] {
  return edits.map(([what, edit], n) => ({
    id: `source-${n + 1}`,
    what,
    edit: `UPDATE accounts SET ${edit} ${ofSource(`source-${n + 1}`)}`,
  }));
}

function holdOf(sourceId: string, amount: bigint): HoldRequest {
  return holdRequest(amount, { sourceId, lines: [sourceId, KEY].map((accountId) => ({ accountId, amount })) });
}

const LAST = `${OF_SOURCE} AND seq = (SELECT max(seq) FROM postings ${OF_SOURCE})`;
/** What a source's settled call has left. */
const callOf = (id: string) => `(SELECT hold_no FROM holds WHERE source_id = '${id}' AND state = 'settled')`;

export function tamperConformance(create: CreateEngine): void {
  const books = useBooks(create);

  type History = { readonly openId: string; readonly receiptId: string };

  /** Limit 60 of 100, 7 spent, a hold of 10 open. */
  async function historyOf(id: string): Promise<History> {
    await books.ledger.openAccount(newAccount(id, 100n));
    await books.ledger.setLimit(id, 60n, 'less');
    const [done, open] = [holdOf(id, 10n), holdOf(id, 10n)];
    await created(books.ledger, done);
    await books.ledger.settle(settleRequest(done.holdId, 7n));
    await created(books.ledger, open);
    return { openId: open.holdId, receiptId: done.receiptId };
  }

  /** @returns the receipt of each. */
  async function historiesOf(ids: readonly string[]): Promise<readonly string[]> {
    await books.ledger.openAccount(newAccount(KEY, 1_000n));
    const receipts: string[] = [];
    for (const id of ids) receipts.push((await historyOf(id)).receiptId);
    return receipts;
  }

  async function someHistory(): Promise<string> {
    await books.ledger.openAccount(newAccount(KEY, 1_000n));
    return (await historyOf(SOURCE)).openId;
  }

  describe('while closed', () => {
    it('edited rows, whatever was edited: each is found, put right and frozen', async () => {
      const victims = victimsOf([...ROW_EDITS, ['state', "state = 'paused'"]]);
      await historiesOf(victims.map(({ id }) => id));
      await books.reopen(async () => {
        for (const { edit } of victims) await books.engine.tamper(edit);
      });
      expect(books.findings).toHaveLength(victims.length);
      for (const { id, what } of victims) {
        expect(books.findings.filter((finding) => finding.includes(id))).toEqual([expect.stringContaining(`changed: ${what}`)]);
        // Put back to what the postings say, so that the burn of the open hold is counted right; and frozen.
        const truth = { limit: 60n, ceiling: 100n, spent: 17n, held: 0n, state: 'frozen', stateReason: 'tampered' };
        expect(await books.ledger.account(id), what).toMatchObject(truth);
        expect(await refused(books.ledger, holdOf(id, 1n)), what).toBe('ACCOUNT_TAMPERED');
      }
      const found = await books.ledger.verify();
      expect(found).toHaveLength(victims.length);
      for (const { id } of victims) expect(found).toContainEqual(expect.stringMatching(`account ${id} is .* changed behind the ledger`));
      expect(await books.ledger.tampered()).toHaveLength(victims.length);
      for (const { id } of victims) {
        await books.ledger.setState(id, 'active', 'looked at', 17n);
        await created(books.ledger, holdOf(id, 43n));
      }
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
    it('edited rows, whatever was edited: each is found in its next call, put right and frozen', async () => {
      const victims = victimsOf(ROW_EDITS);
      await historiesOf(victims.map(({ id }) => id));
      for (const [n, { id, what, edit }] of victims.entries()) {
        await books.engine.tamper(edit);
        const limit = 900n - BigInt(n);
        const [result] = await Promise.all([books.ledger.hold(holdOf(id, 1n)), books.ledger.setLimit(KEY, limit, 'less')]);
        expect(result, what).toEqual({ result: 'refused', refusal: { code: 'ACCOUNT_TAMPERED', accountId: id } });
        const truth = { limit: 60n, spent: 7n, held: 10n, state: 'frozen', stateReason: 'tampered' };
        expect(await books.ledger.account(id), what).toMatchObject(truth);
        expect((await books.ledger.account(KEY))?.limit).toBe(limit);
      }
      const found = (await books.ledger.tampered()).map(({ accountId, what }) => [accountId, what]);
      expect(found).toEqual(victims.map(({ id, what }) => [id, expect.stringContaining(what)]));
      const told = async () => (await books.ledger.outbox(0n, 100)).filter(({ topic }) => topic === 'account.tampered');
      const subjects = async () => (await told()).map(({ subject }) => subject).sort();
      await expect.poll(subjects).toEqual(victims.map(({ id }) => id));
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
    it('finds each edit of what a call has left', async () => {
      const names = ['posting', 'receipt', 'detail', 'hold', 'lost-receipt', 'lost-posting'] as const;
      const ids = names.map((name) => `source-${name}`);
      const receipts = await historiesOf(ids);
      const notCharged = (n: number) => `receipt ${receipts[n]} is not the one that its source was charged by`;
      const edits: readonly (readonly [edit: (id: string) => string, finding: string])[] = [
        [(id) => `UPDATE postings SET amount = 6, spent = 6 ${ofSource(id)} AND kind = 'spend'`, 'of account source-posting was changed'],
        [(id) => `UPDATE receipts SET charged = 6 WHERE hold_no = ${callOf(id)}`, notCharged(1)],
        [(id) => `UPDATE receipts SET detail = '{}' WHERE hold_no = ${callOf(id)}`, notCharged(2)],
        [(id) => `UPDATE holds SET request_hash = tariff_id WHERE source_id = '${id}'`, notCharged(3)],
        [(id) => `DELETE FROM receipts WHERE hold_no = ${callOf(id)}`, 'is settled and has no receipt'],
        [(id) => `DELETE FROM postings ${ofSource(id)} AND seq = 1`, 'of account source-lost-posting does not follow'],
      ];
      expect(await books.ledger.verify()).toEqual([]);
      for (const [n, [edit]] of edits.entries()) await books.engine.tamper(edit(ids[n] as string));
      const found = await books.ledger.verify();
      for (const [, finding] of edits) expect(found).toContainEqual(expect.stringContaining(finding));
    });

    it('finds a gap in the lane, and a guard that is gone', async () => {
      await someHistory();
      expect(await books.ledger.verify()).toEqual([]);
      await books.engine.tamper('UPDATE lanes SET next_seq = 9');
      await books.engine.tamper('DROP TRIGGER IF EXISTS holds_end_once');
      const found = await books.ledger.verify();
      expect(found).toContainEqual(expect.stringContaining('is not contiguous'));
      expect(found).toContainEqual(expect.stringContaining('the guard holds_end_once is gone'));
    });
  });
}
