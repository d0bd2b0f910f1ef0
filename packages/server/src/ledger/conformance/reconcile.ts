import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NOT_DONATED } from '../gates.ts';
import { operatorAccount } from '../operator.ts';
import type { ReconcileRequest } from '../reconciliation.ts';
import type { NewAccount, SettleRequest } from '../types.ts';
import { useBooks } from './books.ts';
import { type CreateEngine, created, holdRequest, KEY, newAccount, openAccounts, refused, SOURCE, settleRequest } from './engine.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Where the engine's clock starts: tests name times from here. */
const START = 1_800_000_000_000;
const AMBIGUOUS = operatorAccount('ambiguous', 'tokens');

/** @param runs random providers that are compared with what they billed. */
export function reconcileConformance(create: CreateEngine, runs = 40): void {
  const books = useBooks(create);

  function request(providerTotal: bigint, more: Partial<ReconcileRequest> = {}): ReconcileRequest {
    const own = { exportHash: 'e'.repeat(64), keyRef: '', consent: '', returnMax: 2n ** 62n, resume: false };
    return { sourceId: SOURCE, from: START, to: START + HOUR, providerTotal, lagMs: HOUR, edgeMs: MINUTE, ...own, ...more };
  }

  const reconcile = (providerTotal: bigint, more: Partial<ReconcileRequest> = {}) => books.ledger.reconcile(request(providerTotal, more));
  const until = (at: number) => books.engine.clock.setWall(START + at);
  const source = async (id = SOURCE) => {
    const account = await books.ledger.account(id);
    if (account === null) throw new Error('no source');
    return account;
  };
  const ambiguous = async () => (await books.ledger.account(AMBIGUOUS))?.spent;

  /** One call, from and to times after START. */
  async function call(from: number, to: number, outcome: SettleRequest['outcome'], tokens: bigint, sourceId = SOURCE): Promise<string> {
    until(from);
    const hold = holdRequest(20n, { sourceId, lines: [sourceId, KEY].map((accountId) => ({ accountId, amount: 20n })) });
    await created(books.ledger, hold);
    until(to);
    await books.ledger.settle(settleRequest(hold.holdId, tokens, { outcome }));
    return hold.receiptId;
  }

  /** 7 metered and 20 burned, of which 3 were delivered; then the interval is over for long enough. @returns the receipt of what was burned. */
  async function oneBurn(): Promise<string> {
    const receipts = await burns([SOURCE]);
    return receipts[0] as string;
  }

  /** The same of several sources in the same books: opening books is what takes time here. */
  async function burns(ids: readonly string[]): Promise<readonly string[]> {
    await books.ledger.openAccount(newAccount(KEY, 1_000n));
    const receipts: string[] = [];
    for (const id of ids) {
      await books.ledger.openAccount(newAccount(id, 100n));
      await call(10 * MINUTE, 11 * MINUTE, 'metered', 7n, id);
      receipts.push(await call(12 * MINUTE, 13 * MINUTE, 'burned', 3n, id));
    }
    until(2 * HOUR);
    return receipts;
  }

  const numbered = (count: number) => Array.from({ length: count }, (_, n) => `source-${n + 1}`);

  const sound = async () => expect(await books.ledger.verify()).toEqual([]);
  const state = (why: RegExp) => ({ code: 'STATE_INVALID', message: expect.stringMatching(why) });

  describe('what was burned comes back', () => {
    it('as far as the provider’s total goes, and nobody else’s', async () => {
      const totals = [
        ['all that nobody billed', 10n, 17n, null],
        ['what is above the provider’s total', 20n, 7n, null],
        ['nothing where the provider has all of it', 27n, 0n, 'not_below'],
        ['no more than was burned and not delivered', 8n, 17n, null],
        ['nothing where the export leaves out what the answers reported', 6n, 0n, 'incomplete'],
      ] as const;
      const ids = numbered(totals.length);
      const receipts = await burns(ids);
      let unexplained = 17n * BigInt(totals.length);
      for (const [n, [what, total, returned, notReturned]] of totals.entries()) {
        const [sourceId, receiptId] = [ids[n] as string, receipts[n] as string];
        const before = await books.ledger.receipt(receiptId);
        expect(await reconcile(total, { sourceId }), what).toMatchObject({
          reconciliation: { ours: 27n, edge: 0n, reported: 7n, ambiguous: 17n, returned, added: 0n, providerTotal: total },
          notReturned,
        });
        expect(await source(sourceId), what).toMatchObject({ spent: 27n - returned, overrun: 0n, held: 0n, state: 'active' });
        unexplained -= returned;
        expect(await ambiguous(), what).toBe(unexplained);
        // Receipts are evidence of what was charged at the time: they stay.
        expect(await books.ledger.receipt(receiptId), what).toEqual(before);
        const rest = 73n + returned;
        await created(
          books.ledger,
          holdRequest(rest, { sourceId, lines: [sourceId, KEY].map((accountId) => ({ accountId, amount: rest })) }),
        );
      }
      await sound();
    });

    it('what was metered does not, whatever the provider says', async () => {
      await openAccounts(books.ledger, 100n);
      await call(10 * MINUTE, 11 * MINUTE, 'metered', 7n);
      await call(12 * MINUTE, 13 * MINUTE, 'bound', 0n);
      until(2 * HOUR);
      expect(await reconcile(7n)).toMatchObject({ reconciliation: { ours: 27n, returned: 0n }, notReturned: 'nothing_ambiguous' });
      expect(await source()).toMatchObject({ spent: 27n });
    });

    it('no more than its giver agreed to, and nothing of a source that gives nothing back', async () => {
      await oneBurn();
      expect(await reconcile(10n, { returnMax: 4n })).toMatchObject({ reconciliation: { returned: 4n }, notReturned: null });
      expect(await source()).toMatchObject({ spent: 23n });
      const id = 'source-hold';
      const account: NewAccount = newAccount(id, 100n);
      const row = {
        name: 'x',
        provider: 'openai',
        baseUrl: 'https://x',
        mode: 0,
        settle: 'hold',
        countConsent: false,
        ...NOT_DONATED,
        models: '{}',
      } as const;
      await books.ledger.addSource({ id, ...row, tariff: '[]', createdAt: START }, [account]);
      const hold = holdRequest(9n, { sourceId: id, lines: [{ accountId: id, amount: 9n }] });
      until(3 * HOUR);
      await created(books.ledger, hold);
      await books.ledger.settle(settleRequest(hold.holdId, 0n, { outcome: 'burned' }));
      until(6 * HOUR);
      const interval = { sourceId: id, from: START + 2 * HOUR, to: START + 4 * HOUR };
      expect(await reconcile(0n, interval)).toMatchObject({
        reconciliation: { ambiguous: 9n, returned: 0n },
        notReturned: 'settles_by_hold',
      });
      await sound();
    });

    it('is written once, with the posting that it made, and stays', async () => {
      await oneBurn();
      const dry = await books.ledger.reconcile(request(10n), true);
      const untouched = await source();
      expect([await books.ledger.reconciliations(), untouched.spent]).toEqual([[], 27n]);
      const done = await reconcile(10n);
      expect(done.reconciliation).toEqual(dry.reconciliation);
      expect((await source()).seq).toBe(untouched.seq + 1n);
      expect(await books.ledger.reconciliations(SOURCE)).toEqual([done.reconciliation]);
      expect(await books.ledger.reconciliations(KEY)).toEqual([]);
      const last = async () => (await books.ledger.outbox(0n, 100)).at(-1);
      await expect.poll(last).toMatchObject({ topic: 'source.reconciled', subject: SOURCE });
      await books.reopen();
      expect(books.findings).toEqual([]);
      expect(await books.ledger.reconciliations()).toEqual([done.reconciliation]);
      await expect(reconcile(10n)).rejects.toMatchObject(state(/reconciled once/));
    });
  });

  describe('what the provider has beyond ours is added', () => {
    it('to what was spent, and above the ceiling to the overrun', async () => {
      await oneBurn();
      expect(await reconcile(40n)).toMatchObject({ reconciliation: { added: 13n, returned: 0n } });
      expect(await source()).toMatchObject({ spent: 40n, overrun: 0n });
      const next = { from: START + HOUR, to: START + 2 * HOUR };
      until(4 * HOUR);
      expect(await reconcile(90n, next)).toMatchObject({ reconciliation: { added: 90n } });
      expect(await source()).toMatchObject({ spent: 100n, overrun: 30n });
      expect((await books.ledger.account(operatorAccount('reconciled', 'tokens')))?.spent).toBe(103n);
      expect(await refused(books.ledger, holdRequest(1n))).toBe('CAP_EXCEEDED');
      await sound();
    });
  });

  describe('only what is certain', () => {
    it('a call that touches an edge is neither given back nor missed', async () => {
      await openAccounts(books.ledger, 200n);
      await call(-5 * MINUTE, MINUTE / 2, 'burned', 0n);
      await call(30 * MINUTE, 31 * MINUTE, 'burned', 0n);
      await call(59 * MINUTE, 62 * MINUTE, 'burned', 0n);
      until(2 * HOUR);
      // Either of the two at the edges may be counted in the hour, so up to 40 more than what is inside says nothing.
      for (const total of [20n, 60n]) {
        const { reconciliation } = await books.ledger.reconcile(request(total), true);
        expect(reconciliation).toMatchObject({ ours: 40n, edge: 40n, ambiguous: 20n, returned: 0n, added: 0n });
      }
      expect(await books.ledger.reconcile(request(61n), true)).toMatchObject({ reconciliation: { added: 1n } });
      expect(await reconcile(0n)).toMatchObject({ reconciliation: { returned: 20n } });
      expect(await source()).toMatchObject({ spent: 40n });
    });

    it('an interval is over, and every call of it, for long enough', async () => {
      await openAccounts(books.ledger, 200n);
      await call(10 * MINUTE, 11 * MINUTE, 'burned', 0n);
      until(2 * HOUR - 1);
      await expect(reconcile(0n)).rejects.toMatchObject(state(/over for long enough/));
      until(50 * MINUTE);
      const open = holdRequest(5n);
      until(2 * HOUR);
      await expect(reconcile(0n, { to: START + 3 * HOUR })).rejects.toMatchObject(state(/over for long enough/));
      await created(books.ledger, open);
      expect(await reconcile(0n)).toMatchObject({ reconciliation: { returned: 20n } });
    });

    it('a call that still runs is in the way, also one that was sent before the interval', async () => {
      await openAccounts(books.ledger, 200n);
      until(10 * MINUTE);
      const open = holdRequest(5n);
      await created(books.ledger, open);
      until(4 * HOUR);
      await expect(reconcile(0n)).rejects.toMatchObject(state(/still running/));
      await expect(reconcile(0n, { from: START + 2 * HOUR, to: START + 3 * HOUR })).rejects.toMatchObject(state(/still running/));
      await books.ledger.settle(settleRequest(open.holdId, 0n, { outcome: 'burned' }));
      // It ended long after the interval, so it is none of it: an interval that has both its ends can be chosen.
      expect(await books.ledger.reconcile(request(0n), true)).toMatchObject({ reconciliation: { ours: 0n, returned: 0n } });
      until(6 * HOUR);
      expect(await reconcile(0n, { to: START + 5 * HOUR })).toMatchObject({ reconciliation: { ours: 5n, returned: 5n } });
    });

    it('intervals of one source never overlap, and none reaches back before a total of all time', async () => {
      await oneBurn();
      await reconcile(10n);
      until(8 * HOUR);
      for (const [from, to] of [
        [-1, 1],
        [30, 31],
        [59, 90],
        [-5, 200],
      ] as const) {
        const interval = { from: START + from * MINUTE, to: START + to * MINUTE };
        await expect(reconcile(10n, interval)).rejects.toMatchObject(state(/reconciled once/));
      }
      await reconcile(0n, { from: START + HOUR, to: START + 2 * HOUR });
      await books.ledger.setState(SOURCE, 'frozen', 'reconcile');
      await books.ledger.setState(SOURCE, 'active', 'looked at', 12n);
      expect((await books.ledger.reconciliations()).at(-1)).toMatchObject({ kind: 'total', ours: 10n, added: 2n, to: START + 8 * HOUR });
      until(12 * HOUR);
      await expect(reconcile(0n, { from: START + 3 * HOUR, to: START + 4 * HOUR })).rejects.toMatchObject(state(/total of all time/));
      await reconcile(0n, { from: START + 8 * HOUR, to: START + 9 * HOUR });
      await sound();
    });

    it('a key has no provider, nor has nobody', async () => {
      await oneBurn();
      for (const sourceId of [KEY, 'source-9']) await expect(reconcile(0n, { sourceId })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });

    it('a source that is gone for good is not looked at, and shapes are checked', async () => {
      await oneBurn();
      for (const bad of [{ to: START }, { from: -1 }, { providerTotal: -1n }, { exportHash: 'E'.repeat(64) }, { returnMax: -1n }]) {
        await expect(reconcile(0n, bad)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
      }
      await books.ledger.setState(SOURCE, 'destroyed', 'x');
      await expect(reconcile(0n)).rejects.toMatchObject(state(/final/));
    });
  });

  describe('a frozen source', () => {
    it('that overran goes on after the interval of the overrun', async () => {
      await openAccounts(books.ledger, 100n);
      await call(10 * MINUTE, 11 * MINUTE, 'metered', 30n);
      expect(await source()).toMatchObject({ state: 'frozen', stateReason: 'overrun', spent: 20n, overrun: 10n });
      until(5 * HOUR);
      await expect(reconcile(0n, { from: START + HOUR, to: START + 2 * HOUR, resume: true })).rejects.toMatchObject(state(/must begin at/));
      expect(await reconcile(34n, { resume: true })).toMatchObject({ reconciliation: { added: 4n }, resumed: true });
      expect(await source()).toMatchObject({ state: 'active', stateReason: null, spent: 24n, overrun: 10n });
      await expect(reconcile(0n, { from: START + HOUR, to: START + 2 * HOUR, resume: true })).rejects.toMatchObject(state(/not frozen/));
      await sound();
    });

    it('whose books may lack calls goes on after an interval from their last posting to the freeze', async () => {
      await oneBurn();
      until(3 * HOUR);
      await books.reopen();
      await books.ledger.setState(SOURCE, 'frozen', 'reconcile');
      until(9 * HOUR);
      const to = START + 4 * HOUR;
      await expect(reconcile(50n, { from: START + HOUR, to, resume: true })).rejects.toMatchObject(state(/must begin at/));
      await expect(reconcile(50n, { to: START + 3 * HOUR, resume: true })).rejects.toMatchObject(state(/after the interval/));
      await expect(reconcile(50n, { from: START + 12 * MINUTE, to, resume: true })).rejects.toMatchObject(state(/touch an edge/));
      await reconcile(50n, { to, resume: true });
      expect(await source()).toMatchObject({ state: 'active', spent: 50n });
      await sound();
    });

    it('stays frozen unless that is asked for, and one that was changed needs the total of all time', async () => {
      await oneBurn();
      await books.reopen(() => books.engine.tamper(`UPDATE accounts SET spent = 0 WHERE account_id = '${SOURCE}'`));
      until(9 * HOUR);
      await expect(reconcile(50n, { to: START + 5 * HOUR, resume: true })).rejects.toMatchObject(state(/changed behind/));
      await reconcile(10n);
      expect(await source()).toMatchObject({ state: 'frozen', spent: 10n });
    });
  });

  describe('edited books', () => {
    const LAST = `WHERE account_id = '${SOURCE}' AND seq = (SELECT max(seq) FROM postings WHERE account_id = '${SOURCE}')`;
    const holdsOf = (id: string) => `hold_no IN (SELECT hold_no FROM holds WHERE source_id = '${id}')`;

    it('nothing is given back of a source whose history was edited', async () => {
      const edits: readonly (readonly [what: string, edit: (id: string) => string])[] = [
        ['a posting that claims more', (id) => `UPDATE postings SET amount = 90 WHERE account_id = '${id}' AND kind = 'ambiguous'`],
        ['a posting of another kind', (id) => `UPDATE postings SET kind = 'ambiguous' WHERE account_id = '${id}' AND kind = 'spend'`],
        ['a posting that is gone', (id) => `DELETE FROM postings WHERE account_id = '${id}' AND seq = 3`],
        ['a receipt of another kind', (id) => `UPDATE receipts SET kind = 2 WHERE ${holdsOf(id)}`],
        ['a call that began at another time', (id) => `UPDATE holds SET created_at = created_at + 1 WHERE source_id = '${id}'`],
      ];
      const ids = numbered(edits.length + 1);
      await burns(ids);
      for (const [n, [what, edit]] of edits.entries()) {
        const sourceId = ids[n] as string;
        await books.engine.tamper(edit(sourceId));
        await expect(reconcile(0n, { sourceId }), what).rejects.toMatchObject({ code: 'TAMPERED' });
        expect(await source(sourceId), what).toMatchObject({ spent: 27n });
      }
      expect(await reconcile(10n, { sourceId: ids.at(-1) as string })).toMatchObject({ reconciliation: { returned: 17n } });
    });

    it('verify finds what was edited of a reconciliation', async () => {
      const edits: readonly (readonly [edit: string, finding: string])[] = [
        ['DELETE FROM reconciliations', 'is gone, its posting is there'],
        ['UPDATE reconciliations SET to_at = to_at - 1', 'is not the one that its posting'],
        ["UPDATE reconciliations SET export_hash = ''", 'is not the one that its posting'],
        ['UPDATE reconciliations SET posting_seq = 1', 'is not the one that its posting'],
      ];
      const ids = numbered(edits.length);
      await burns(ids);
      for (const sourceId of ids) await reconcile(10n, { sourceId });
      await sound();
      for (const [n, [edit]] of edits.entries()) await books.engine.tamper(`${edit} WHERE source_id = '${ids[n]}'`);
      const found = await books.ledger.verify();
      for (const [n, [, finding]] of edits.entries())
        expect(found).toContainEqual(expect.stringContaining(`a reconciliation of account ${ids[n]} ${finding}`));
    });

    it('a reversal whose amount was edited is found', async () => {
      await oneBurn();
      await reconcile(10n);
      await books.engine.tamper(`UPDATE postings SET amount = 1, spent = 26 ${LAST}`);
      await books.reopen();
      expect(books.findings).toEqual([expect.stringContaining(SOURCE)]);
    });
  });

  /** A call: when it is sent and settled (minutes), when the provider counts it, and how much of the hold it bills. */
  const calls = fc.array(
    fc.record({
      from: fc.nat(230),
      takes: fc.nat(40),
      counted: fc.double({ min: 0, max: 1, noNaN: true }),
      skew: fc.integer({ min: -MINUTE, max: MINUTE }),
      burned: fc.boolean(),
      billed: fc.bigInt({ min: 0n, max: 20n }),
    }),
    { maxLength: 12 },
  );

  it('with a provider that counts right, and a clock that is off, no more comes back than was never billed', async () => {
    let returned = 0n;
    await fc.assert(
      fc.asyncProperty(calls, fc.integer({ min: 20, max: 150 }), async (all, width) => {
        const sourceId = `source-${books.engine.clock.wallMs()}`;
        const base = Math.ceil(books.engine.clock.wallMs() / MINUTE + 10) * MINUTE;
        await books.ledger.openAccount(newAccount(sourceId, 1_000n));
        const made = all.map((one) => ({ ...one, hold: holdRequest(20n, { sourceId, lines: [{ accountId: sourceId, amount: 20n }] }) }));
        const events = made.flatMap((one) => [
          { at: one.from, do: () => created(books.ledger, one.hold) },
          {
            at: one.from + one.takes + 0.5,
            do: () => books.ledger.settle(settleRequest(one.hold.holdId, one.billed, one.burned ? { outcome: 'burned', tokens: 0n } : {})),
          },
        ]);
        for (const event of events.sort((a, b) => a.at - b.at)) {
          books.engine.clock.setWall(base + event.at * MINUTE);
          await event.do();
        }
        books.engine.clock.setWall(base + 500 * MINUTE);
        const countedAt = ({ from, takes, counted, skew }: (typeof all)[number]) => base + (from + takes * counted) * MINUTE + skew;
        for (let from = base - 2 * MINUTE; from < base + 300 * MINUTE; from += width * MINUTE) {
          const to = from + width * MINUTE;
          const total = made.filter((one) => countedAt(one) >= from && countedAt(one) < to).reduce((sum, { billed }) => sum + billed, 0n);
          const { reconciliation } = await reconcile(total, { sourceId, from, to, lagMs: 45 * MINUTE });
          expect(reconciliation.added).toBe(0n);
          returned += reconciliation.returned;
          const { spent } = (await books.ledger.account(sourceId)) ?? { spent: -1n };
          expect(spent).toBeGreaterThanOrEqual(made.reduce((sum, { billed }) => sum + billed, 0n));
        }
      }),
      { numRuns: runs },
    );
    expect(returned).toBeGreaterThan(0n);
    await sound();
  });
}
