import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { SettleRequest } from '../types.ts';
import { type CreateEngine, holdRequest, newAccount, settleRequest } from './engine.ts';

type ModelAccount = { limit: bigint; ceiling: bigint; held: bigint; spent: bigint; overrun: bigint; state: 'active' | 'paused' | 'frozen' };
type ModelHold = { holdId: string; lines: { accountId: string; amount: bigint }[]; guarded: boolean };
type Model = { accounts: Map<string, ModelAccount>; open: ModelHold[] };

const SOURCES = ['source-1', 'source-2'];
const KEYS = ['key-1', 'key-2'];
const amount = fc.bigInt({ min: 0n, max: 30n });
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('hold' as const), source: fc.nat(1), keys: fc.subarray([0, 1]), amount, guarded: fc.boolean() }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('settle' as const),
      which: fc.nat(20),
      outcome: fc.constantFrom<SettleRequest['outcome']>('metered', 'metered', 'bound', 'burned', 'released'),
      tokens: fc.bigInt({ min: 0n, max: 34n }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('limit' as const), account: fc.nat(3), limit: fc.bigInt({ min: 0n, max: 130n }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('state' as const),
      account: fc.nat(3),
      state: fc.constantFrom('active' as const, 'paused' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function modelHold(model: Model, lines: ModelHold['lines'], guarded: boolean): string {
  const isGuarded = (id: string) =>
    guarded || model.open.some((hold) => hold.guarded && hold.lines.some(({ accountId }) => accountId === id));
  const accounts = lines.map((line) => {
    const account = model.accounts.get(line.accountId) as ModelAccount;
    const band = line.amount > 0n && isGuarded(line.accountId) ? (account.limit + 9n) / 10n : 0n;
    return { account, need: line.amount, band };
  });
  if (accounts.some(({ account }) => account.state !== 'active')) return 'ACCOUNT_NOT_ACTIVE';
  if (accounts.some(({ account: a, need, band }) => a.spent + a.overrun + need + band > a.limit)) return 'CAP_EXCEEDED';
  if (accounts.some(({ account: a, need, band }) => a.held + a.spent + a.overrun + need + band > a.limit)) return 'CAP_BUSY';
  for (const { account, need } of accounts) account.held += need;
  return 'created';
}

function modelSettle(model: Model, hold: ModelHold, outcome: SettleRequest['outcome'], tokens: bigint): void {
  model.open.splice(model.open.indexOf(hold), 1);
  for (const { accountId, amount: held } of hold.lines) {
    const account = model.accounts.get(accountId) as ModelAccount;
    const source = accountId.startsWith('source');
    const least = tokens < held ? tokens : held;
    const paid = { metered: tokens, bound: held, burned: source ? held : least, released: 0n }[outcome];
    account.held -= held;
    account.spent += paid < held ? paid : held;
    if (paid <= held) continue;
    account.overrun += paid - held;
    if (source) account.state = 'frozen';
  }
}

/** Random operations against the simplest thing that could be right. */
export function modelConformance(create: CreateEngine, runs = 12): void {
  it(`agrees with a simple model (${runs} random histories)`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
        const engine = await create();
        let { ledger } = await engine.open();
        const model: Model = { accounts: new Map(), open: [] };
        const ids = [...SOURCES, ...KEYS];
        for (const id of ids) {
          await ledger.openAccount(newAccount(id, 100n));
          model.accounts.set(id, { limit: 100n, ceiling: 100n, held: 0n, spent: 0n, overrun: 0n, state: 'active' });
        }
        const perform = async (s: Step): Promise<void> => {
          if (s.do === 'hold') {
            const sourceId = SOURCES[s.source] as string;
            const lines = [sourceId, ...s.keys.map((i) => KEYS[i] as string)].map((accountId) => ({ accountId, amount: s.amount }));
            const request = holdRequest(s.amount, { sourceId, lines, guarded: s.guarded });
            const result = await ledger.hold(request);
            const expected = modelHold(model, lines, s.guarded);
            expect(result.result === 'refused' ? result.refusal.code : result.result).toBe(expected);
            if (expected === 'created') model.open.push({ holdId: request.holdId, lines, guarded: s.guarded });
          } else if (s.do === 'settle') {
            const hold = model.open[s.which % Math.max(1, model.open.length)];
            if (hold === undefined) return;
            const result = await ledger.settle(settleRequest(hold.holdId, s.tokens, { outcome: s.outcome }));
            expect(result.result).toBe('settled');
            modelSettle(model, hold, s.outcome, s.tokens);
          } else if (s.do === 'limit') {
            const id = ids[s.account] as string;
            const account = model.accounts.get(id) as ModelAccount;
            const allowed = s.limit <= account.ceiling;
            const result = await ledger.setLimit(id, s.limit, 'model').then(
              () => true,
              () => false,
            );
            expect(result).toBe(allowed);
            if (allowed) account.limit = s.limit;
          } else if (s.do === 'state') {
            const id = ids[s.account] as string;
            const account = model.accounts.get(id) as ModelAccount;
            if (account.state === 'frozen') return;
            await ledger.setState(id, s.state, 'model');
            account.state = s.state;
          } else {
            await ledger.close();
            ({ ledger } = await engine.open());
            for (const hold of [...model.open]) modelSettle(model, hold, 'burned', 0n);
          }
        };
        try {
          for (const s of steps) await perform(s);
          for (const [id, expected] of model.accounts) expect(await ledger.account(id)).toMatchObject(expected);
          expect(await ledger.verify()).toEqual([]);
        } finally {
          await ledger.close();
          await engine.dispose();
        }
      }),
      { numRuns: runs },
    );
  });
}
