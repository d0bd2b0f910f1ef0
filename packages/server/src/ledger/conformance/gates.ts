import { describe, expect, it } from 'vitest';
import { gateAccount, providerGate } from '../gates.ts';
import { operatorAccount } from '../operator.ts';
import type { Account, HoldLine, HoldRequest } from '../types.ts';
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
import { Months } from './months.ts';

const POOL = 'pool';
const PART = providerGate('sandbox');
const MINUTES = 'minutes-1';
const START = 1_800_000_000_000;
const DAY_MS = 86_400_000;

/** Groups and minutes: what the holds of a pool name beside a source and a budget. */
export function gateConformance(create: CreateEngine): void {
  const books = useBooks(create);

  async function open(opensAt?: number): Promise<void> {
    await openAccounts(books.ledger);
    await books.ledger.openAccount(gateAccount(POOL, opensAt));
    await books.ledger.openAccount(gateAccount(PART));
    await books.ledger.openAccount(newAccount(MINUTES, 60_000n, { kind: 'minutes', asset: 'ms' }));
  }

  function pooled(amount: bigint, ms?: bigint): HoldRequest {
    const gates: readonly HoldLine[] = [POOL, PART].map((accountId) => ({ accountId, amount: 0n }));
    const minutes = ms === undefined ? [] : [{ accountId: MINUTES, amount: ms }];
    return holdRequest(amount, { lines: [...holdRequest(amount).lines, ...gates, ...minutes] });
  }

  const gate = async (id = POOL) => (await books.ledger.account(id)) as Account;

  describe('a gate', () => {
    it('refuses before its time, by name and time, and is open from then on', async () => {
      await open(START + 1_000);
      const opensAt = START + 1_000;
      const refusal = { code: 'ACCOUNT_NOT_OPEN', accountId: POOL, kind: 'group', opensAt };
      expect(await books.ledger.hold(pooled(1n))).toEqual({ result: 'refused', refusal });
      expect(await books.ledger.replay('0'.repeat(32), [POOL])).toEqual({ result: 'refused', refusal });
      // What does not name it is none of its concern.
      await created(books.ledger, holdRequest(1n));
      books.engine.clock.advance(999);
      expect(await refused(books.ledger, pooled(1n))).toBe('ACCOUNT_NOT_OPEN');
      expect(await balances(books.ledger, SOURCE)).toMatchObject({ held: 1n });
      books.engine.clock.advance(1);
      await created(books.ledger, pooled(1n));
      expect(await books.ledger.verify()).toEqual([]);
    });

    it('opens later, never earlier, and that stays so', async () => {
      await open();
      await created(books.ledger, pooled(1n));
      await books.ledger.raiseOpensAt(POOL, START + 90 * DAY_MS, 'launch');
      expect(await refused(books.ledger, pooled(1n))).toBe('ACCOUNT_NOT_OPEN');
      const { seq } = await gate();
      for (const opensAt of [START + 90 * DAY_MS, START + 89 * DAY_MS, 0]) await books.ledger.raiseOpensAt(POOL, opensAt, 'no');
      expect(await gate()).toMatchObject({ opensAt: START + 90 * DAY_MS, seq });
      await books.ledger.raiseOpensAt(POOL, START + 91 * DAY_MS, 'later');
      expect(await gate()).toMatchObject({ opensAt: START + 91 * DAY_MS, seq: seq + 1n });
      const told = async () => {
        const opened = (await books.ledger.outbox(0n, 1_000)).filter(({ topic }) => topic === 'account.opens');
        return opened.map(({ subject, body }) => [subject, JSON.parse(body)]);
      };
      // On PostgreSQL it is told once every transaction that began before has ended, whoever's it is.
      await expect.poll(told).toEqual([
        [POOL, { opensAt: START + 90 * DAY_MS, before: null, ref: 'launch' }],
        [POOL, { opensAt: START + 91 * DAY_MS, before: START + 90 * DAY_MS, ref: 'later' }],
      ]);
      await books.reopen();
      expect(books.findings).toEqual([]);
      expect(await gate()).toMatchObject({ opensAt: START + 91 * DAY_MS, limit: 2n ** 62n });
      expect(await books.ledger.verify()).toEqual([]);
      await expect(books.ledger.raiseOpensAt('pool/none', 1, '')).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(books.ledger.raiseOpensAt(POOL, -1, '')).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    });

    it('stops with its reason, alone or as a part', async () => {
      await open();
      await books.ledger.setState(PART, 'paused', 'a breach');
      const refusal = { code: 'ACCOUNT_NOT_ACTIVE', accountId: PART, kind: 'group', state: 'paused', reason: 'a breach' };
      expect(await books.ledger.hold(pooled(1n))).toEqual({ result: 'refused', refusal });
      await created(books.ledger, holdRequest(1n));
      await books.ledger.setState(PART, 'active', 'looked at');
      await created(books.ledger, pooled(1n));
    });

    it('is charged nothing, whatever an upstream claims', async () => {
      await open();
      const [metered, absurd, burned] = [pooled(10n), pooled(10n), pooled(10n)];
      await created(books.ledger, metered);
      await created(books.ledger, absurd);
      await created(books.ledger, burned);
      await books.ledger.settle(settleRequest(metered.holdId, 7n));
      await books.ledger.settle(settleRequest(burned.holdId, 3n, { outcome: 'burned' }));
      await books.ledger.settle(settleRequest(absurd.holdId, 2n ** 70n, { lines: [] }));
      for (const id of [POOL, PART])
        expect(await balances(books.ledger, id)).toMatchObject({ held: 0n, spent: 0n, overrun: 0n, state: 'active' });
      expect(await balances(books.ledger, SOURCE)).toMatchObject({ state: 'frozen' });
      expect(await books.ledger.verify()).toEqual([]);
    });

    it.each([
      ['earlier', `UPDATE accounts SET opens_at = 1 WHERE account_id = '${POOL}'`],
      ['away', `UPDATE accounts SET opens_at = NULL WHERE account_id = '${POOL}'`],
    ])('an edit that moves its opening %s opens nothing, while it runs and at the next start', async (_, sql) => {
      await open(START + DAY_MS);
      expect(await refused(books.ledger, pooled(1n))).toBe('ACCOUNT_NOT_OPEN');
      await books.engine.tamper(sql);
      expect(await refused(books.ledger, pooled(1n))).toMatch(/^ACCOUNT_(NOT_OPEN|TAMPERED)$/);
      await books.reopen();
      books.engine.clock.advance(2 * DAY_MS);
      expect(await refused(books.ledger, pooled(1n))).toBe('ACCOUNT_TAMPERED');
      expect(await gate()).toMatchObject({ state: 'frozen', opensAt: START + DAY_MS });
    });

    it('keeps its opening where its months are archived', async () => {
      const months = new Months(books);
      await open(START + DAY_MS);
      await months.play(1);
      months.go(2);
      for (const days of [50, 60, 70]) await books.ledger.raiseOpensAt(POOL, START + days * DAY_MS, 'later');
      await months.play(2, 3);
      await books.ledger.raiseOpensAt(POOL, START + 200 * DAY_MS, 'later still');
      months.go(5);
      await months.archive(202_701, 202_702, 202_703);
      await months.sound();
      await books.reopen();
      expect(books.findings).toEqual([]);
      expect(await refused(books.ledger, pooled(1n))).toBe('ACCOUNT_NOT_OPEN');
      const edit = `UPDATE postings SET opens_at = 1 WHERE account_id = '${POOL}' AND month <= 202703`;
      await books.reopen(() => books.engine.tamper(edit));
      expect((await books.ledger.verify()).join()).toContain('not those of their checkpoint');
    });

    it('an edit of the posting that moved its opening is found', async () => {
      await open(START + DAY_MS);
      await books.ledger.raiseOpensAt(POOL, START + 2 * DAY_MS, 'later');
      const of = `WHERE account_id = '${POOL}'`;
      await books.reopen(() => books.engine.tamper(`UPDATE postings SET opens_at = 1 ${of}; UPDATE accounts SET opens_at = 1 ${of}`));
      expect(books.findings).toEqual([expect.stringContaining(POOL)]);
      expect(await refused(books.ledger, pooled(1n))).toBe('ACCOUNT_TAMPERED');
      expect((await books.ledger.verify()).join()).toContain('was changed');
    });
  });

  describe('minutes', () => {
    it('are charged as long as it took, whatever the outcome, and nothing for what was released', async () => {
      await open();
      const outcomes = ['metered', 'bound', 'burned', 'released'] as const;
      for (const outcome of outcomes) {
        const request = pooled(1n, 10_000n);
        await created(books.ledger, request);
        expect(await balances(books.ledger, MINUTES)).toMatchObject({ held: 10_000n });
        await books.ledger.settle(settleRequest(request.holdId, 1n, { outcome, ms: 2_500n }));
      }
      expect(await balances(books.ledger, MINUTES)).toEqual({ held: 0n, spent: 7_500n, overrun: 0n, state: 'active' });
      expect(await books.ledger.verify()).toEqual([]);
    });

    it('are a cap: more than is left is refused, and told', async () => {
      await open();
      const first = pooled(1n, 50_000n);
      await created(books.ledger, first);
      expect(await refused(books.ledger, pooled(1n, 20_000n))).toBe('CAP_BUSY');
      await books.ledger.settle(settleRequest(first.holdId, 1n, { ms: 45_000n }));
      const exceeded = {
        code: 'CAP_EXCEEDED',
        accountId: MINUTES,
        asset: 'ms',
        need: 20_000n,
        available: 15_000n,
        held: 0n,
        limit: 60_000n,
      };
      expect(await books.ledger.hold(pooled(1n, 20_000n))).toEqual({ result: 'refused', refusal: exceeded });
      expect(await balances(books.ledger, SOURCE)).toMatchObject({ held: 0n });
    });

    it('of a call whose end nobody saw are spent in full, and stand as ambiguous', async () => {
      await open();
      await created(books.ledger, pooled(5n, 30_000n));
      await books.reopen();
      expect(books.burned).toBe(1);
      expect(await balances(books.ledger, MINUTES)).toEqual({ held: 0n, spent: 30_000n, overrun: 0n, state: 'active' });
      expect(await balances(books.ledger, KEY)).toMatchObject({ spent: 0n });
      expect(await balances(books.ledger, operatorAccount('ambiguous', 'ms'))).toMatchObject({ spent: 30_000n });
      expect(await books.ledger.verify()).toEqual([]);
    });

    it('count milliseconds, and a gate’s id alone may have a slash', async () => {
      const wrong = [newAccount(MINUTES, 1n, { kind: 'minutes' }), newAccount('a/b', 1n), newAccount('source/1', 1n)];
      for (const account of wrong) await expect(books.ledger.openAccount(account)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    });
  });
}
