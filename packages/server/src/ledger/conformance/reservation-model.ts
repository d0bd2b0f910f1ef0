import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Ledger, SettleRequest } from '../types.ts';
import { type CreateEngine, holdRequest, newAccount, settleRequest } from './engine.ts';

type Account = { readonly ceiling: bigint; limit: bigint; held: bigint; spent: bigint; overrun: bigint; state: string };
type Line = { readonly amount: bigint; spent: bigint; held: bigint };
type Reservation = { readonly lines: Map<string, Line>; isOpen: boolean };
type Hold = {
  readonly holdId: string;
  readonly amount: bigint;
  readonly ids: readonly string[];
  readonly within: string | null;
  readonly isCounted: boolean;
};

const IDS = ['key-1', 'source-1', 'source-2'];
const RESERVATIONS = ['r-1', 'r-2', 'r-3'];
const amount = fc.bigInt({ min: 0n, max: 40n });
const which = fc.nat(2);
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('reserve' as const), which, accounts: fc.subarray(IDS, { minLength: 1 }), amount }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('end' as const), which }) },
  {
    weight: 7,
    arbitrary: fc.record({
      do: fc.constant('hold' as const),
      within: fc.option(which, { freq: 4 }),
      source: fc.constantFrom('source-1', 'source-2'),
      amount,
      isCounted: fc.boolean(),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('settle' as const),
      which: fc.nat(20),
      outcome: fc.constantFrom<SettleRequest['outcome']>('metered', 'metered', 'bound', 'burned', 'released'),
      tokens: fc.bigInt({ min: 0n, max: 42n }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('limit' as const), account: fc.constantFrom(...IDS), limit: fc.bigInt({ min: 0n, max: 100n }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** The simplest thing that could be right: what an account holds is summed up anew for every question. */
class Model {
  readonly accounts = new Map(
    IDS.map((id): [string, Account] => [id, { ceiling: 100n, limit: 100n, held: 0n, spent: 0n, overrun: 0n, state: 'active' }]),
  );
  readonly reservations = new Map<string, Reservation>();
  readonly open: Hold[] = [];

  account(id: string): Account {
    return this.accounts.get(id) as Account;
  }

  own(within: string | null, id: string): Line | undefined {
    return within === null ? undefined : this.reservations.get(within)?.lines.get(id);
  }

  sumUp(): void {
    for (const [id, account] of this.accounts) {
      const holds = this.open.filter(({ ids }) => ids.includes(id)).reduce((sum, hold) => sum + hold.amount, 0n);
      const lines = [...this.reservations.values()].flatMap(({ isOpen, lines }) => (isOpen ? (lines.get(id) ?? []) : []));
      account.held = lines.reduce((sum, line) => sum + line.amount - line.spent - line.held, holds);
    }
  }

  reserve(id: string, accounts: readonly string[], need: bigint): string {
    const before = this.reservations.get(id);
    if (before !== undefined) {
      const isSame = before.lines.size === accounts.length && accounts.every((each) => before.lines.get(each)?.amount === need);
      return isSame ? 'existing' : 'INPUT_INVALID';
    }
    const verdict = this.#judge(accounts, need, null, false);
    if (verdict !== null) return verdict;
    this.reservations.set(id, { isOpen: true, lines: new Map(accounts.map((each) => [each, { amount: need, spent: 0n, held: 0n }])) });
    return 'reserved';
  }

  end(id: string): string {
    const reservation = this.reservations.get(id);
    if (reservation === undefined) return 'unknown';
    if (!reservation.isOpen) return 'already';
    reservation.isOpen = false;
    return 'ended';
  }

  hold(hold: Hold): string {
    if (hold.within !== null && !this.reservations.has(hold.within)) return 'NOT_FOUND';
    const verdict = this.#judge(hold.ids, hold.amount, hold.within, hold.isCounted);
    if (verdict !== null) return verdict;
    this.open.push(hold);
    for (const id of hold.ids) {
      const own = this.own(hold.within, id);
      if (own !== undefined) own.held += hold.amount;
    }
    return 'created';
  }

  settle(hold: Hold, outcome: SettleRequest['outcome'], tokens: bigint): void {
    this.open.splice(this.open.indexOf(hold), 1);
    for (const id of hold.ids) {
      const [account, own] = [this.account(id), this.own(hold.within, id)];
      const isSource = id.startsWith('source');
      const least = tokens < hold.amount ? tokens : hold.amount;
      const paid = { metered: tokens, bound: hold.amount, burned: isSource ? hold.amount : least, released: 0n }[outcome];
      const within = paid < hold.amount ? paid : hold.amount;
      account.spent += within;
      account.overrun += paid - within;
      if (paid > within && isSource) account.state = 'frozen';
      if (own === undefined || this.reservations.get(hold.within ?? '')?.isOpen !== true) continue;
      own.held -= hold.amount;
      own.spent += within;
    }
  }

  #judge(ids: readonly string[], need: bigint, within: string | null, isCounted: boolean): string | null {
    this.sumUp();
    const all = ids.map((id) => {
      const isGuarded = need > 0n && (isCounted || this.open.some((hold) => hold.isCounted && hold.ids.includes(id)));
      const account = this.account(id);
      const own = need === 0n ? undefined : this.own(within, id);
      const isOpen = this.reservations.get(within ?? '')?.isOpen === true;
      const left = own === undefined || !isOpen ? 0n : own.amount - own.spent - own.held;
      const most = own === undefined ? null : isOpen ? left + own.held : 0n;
      return { ...account, left, most, rest: account.spent + account.overrun + need + (isGuarded ? (account.limit + 9n) / 10n : 0n) };
    });
    if (all.some(({ state }) => state !== 'active')) return 'ACCOUNT_NOT_ACTIVE';
    if (all.some(({ rest, limit, most }) => rest > limit || (most !== null && need > most))) return 'CAP_EXCEEDED';
    if (all.some(({ rest, limit, held, left, most }) => held - left + rest > limit || (most !== null && need > left))) return 'CAP_BUSY';
    return null;
  }
}

type Answer = { readonly result: string; readonly refusal?: { readonly code: string } };

async function told(asked: Promise<unknown>): Promise<string> {
  try {
    const { result, refusal } = (await asked) as Answer;
    return refusal?.code ?? result;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

async function perform(ledger: Ledger, model: Model, s: Exclude<Step, { do: 'reopen' }>): Promise<void> {
  if (s.do === 'reserve') {
    const [reservationId, lines] = [RESERVATIONS[s.which] as string, s.accounts.map((accountId) => ({ accountId, amount: s.amount }))];
    const asked = ledger.reserve({ reservationId, tenantId: 'tenant-1', keyId: 'key-1', lines });
    expect(await told(asked)).toBe(model.reserve(reservationId, s.accounts, s.amount));
  } else if (s.do === 'end') {
    const id = RESERVATIONS[s.which] as string;
    expect(await told(ledger.endReservation(id))).toBe(model.end(id));
  } else if (s.do === 'hold') {
    const within = s.within === null ? null : (RESERVATIONS[s.within] as string);
    const ids = ['key-1', s.source];
    const lines = ids.map((accountId) => ({ accountId, amount: s.amount }));
    const more = { sourceId: s.source, lines, guarded: s.isCounted, proof: s.isCounted ? 'count' : 'bytes' } as const;
    const request = holdRequest(s.amount, within === null ? more : { ...more, within });
    const { holdId } = request;
    expect(await told(ledger.hold(request))).toBe(model.hold({ holdId, amount: s.amount, ids, within, isCounted: s.isCounted }));
  } else if (s.do === 'settle') {
    const hold = model.open[s.which % Math.max(1, model.open.length)];
    if (hold === undefined) return;
    expect(await told(ledger.settle(settleRequest(hold.holdId, s.tokens, { outcome: s.outcome })))).toBe('settled');
    model.settle(hold, s.outcome, s.tokens);
  } else {
    await ledger.setLimit(s.account, s.limit, 'model');
    model.account(s.account).limit = s.limit;
  }
}

async function compare(ledger: Ledger, model: Model): Promise<void> {
  model.sumUp();
  for (const [id, expected] of model.accounts) expect(await ledger.account(id)).toMatchObject(expected);
  for (const [id, { isOpen, lines }] of model.reservations) {
    const expected = [...lines].map(([accountId, line]) => ({ accountId, ...line }));
    expect(await ledger.reservation(id)).toMatchObject({ state: isOpen ? 'open' : 'ended', lines: expected });
  }
  expect(await ledger.verify()).toEqual([]);
}

/** Random reservations, holds within and beside them, and restarts, against the simplest thing that could be right. */
export function reservationModelConformance(create: CreateEngine, runs: number): void {
  it(`agrees with a simple model of reservations (${runs} random histories)`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 15, maxLength: 70 }), async (steps) => {
        const engine = await create();
        const model = new Model();
        let { ledger } = await engine.open();
        try {
          for (const id of IDS) await ledger.openAccount(newAccount(id, 100n));
          for (const s of steps) {
            if (s.do !== 'reopen') await perform(ledger, model, s);
            else {
              await ledger.close();
              ({ ledger } = await engine.open());
              for (const hold of [...model.open]) model.settle(hold, 'burned', 0n);
            }
          }
          await compare(ledger, model);
        } finally {
          await ledger.close();
          await engine.dispose();
        }
      }),
      { numRuns: runs },
    );
  });
}
