import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leaderboard } from './leaderboard.ts';
import { type PoolStatus, poolStatus, type StatusParts } from './pool-status.ts';
import { STANDING_STATES, type Standing } from './standing.ts';

const ALICE = `0x${'aa'.repeat(20)}`;
const BOB = 'account:019a0000-0000-7000-8000-00000000000b';
let next = 0;
function standing(more: Partial<Standing> = {}): Standing {
  next += 1;
  const usual = { donor: ALICE, label: '', anonymous: false, provider: 'anthropic', simulated: false, state: 'active', at: next } as const;
  const amounts = { given: 1_000n, limit: 1_000n, held: 0n, spent: 0n, overrun: 0n, isUsable: true };
  return { id: `g${String(next).padStart(4, '0')}`, ...usual, end: more.state ?? 'active', ...amounts, ...more };
}

describe('the leaderboard', () => {
  it('ranks donors by what they gave, then by what was used of it', () => {
    const all = [
      standing({ donor: BOB, given: 900n, spent: 10n, label: 'XAI7f3a' }),
      standing({ given: 500n, spent: 100n }),
      standing({ given: 500n, spent: 50n, state: 'destroyed', end: 'depleted' }),
    ];
    const helped = new Map([
      [all[1]?.id ?? '', new Set(['t1', 't2'])],
      [all[2]?.id ?? '', new Set(['t2', 't3'])],
    ]);
    expect(leaderboard(all, helped)).toEqual([
      { rank: 1, donor: ALICE, labels: [], keys: 2, given_tokens: 1_000, used_tokens: 150, tasks_helped: 3, simulated: false },
      { rank: 2, donor: BOB, labels: ['XAI7f3a'], keys: 1, given_tokens: 900, used_tokens: 10, tasks_helped: 0, simulated: false },
    ]);
  });

  it('tells nothing of who is anonymous, nor counts what no provider accepted', () => {
    const all = [
      standing({ donor: BOB, anonymous: true, label: 'XAI7f3a', given: 5_000n }),
      standing({ donor: BOB, given: 10n }),
      standing({ state: 'pending_validation' }),
      standing({ state: 'destroyed', end: 'rejected' }),
    ];
    const board = leaderboard(all, new Map());
    expect(board.map(({ donor, keys, given_tokens }) => [donor, keys, given_tokens])).toEqual([
      ['anonymous', 1, 5_000],
      [BOB, 1, 10],
    ]);
    expect(JSON.stringify(board[0])).not.toMatch(/account|XAI/);
  });

  it('does not depend on the order in which gifts are read', () => {
    const gift = fc.record({ donor: fc.constantFrom(ALICE, BOB, 'account:c'), given: fc.bigInt(1n, 4n), anonymous: fc.boolean() });
    fc.assert(
      fc.property(fc.array(gift, { maxLength: 10 }), (gifts) => {
        const all = gifts.map((more) => standing(more));
        expect(leaderboard([...all].reverse(), new Map())).toEqual(leaderboard(all, new Map()));
      }),
    );
  });
});

const parts = (standings: readonly Standing[]): StatusParts => ({
  standings,
  lockout: { locked: true, launchedAt: 1, unlocksAt: 2, override: false },
  stops: [
    { scope: 'pool', stopped: false, reason: null },
    { scope: 'provider:google', stopped: true, reason: 'outage' },
  ],
  isStopped: false,
  tasks: new Map([['done', 3]]),
  switches: 4,
  breaches: 1,
  now: 9,
});

describe('the status', () => {
  it('has the document’s shape and figures', () => {
    const keys = [
      ...Array.from({ length: 2 }, () => standing({ given: 30_000_000n, limit: 30_000_000n, spent: 8_000_000n })),
      standing({ given: 30_000_000n, limit: 30_000_000n, spent: 30_000_000n, state: 'destroyed', end: 'depleted' }),
      standing({ provider: 'openai', given: 40_000_000n, limit: 40_000_000n, spent: 24_300_000n }),
      standing({ provider: 'google', given: 20_000_000n, limit: 20_000_000n, spent: 10_000_000n, simulated: true }),
      standing({ provider: 'google', state: 'pending_validation' }),
    ];
    expect(poolStatus(parts(keys))).toMatchObject({
      total_keys_donated: 5,
      total_tokens_donated: 150_000_000,
      total_tokens_used: 80_300_000,
      total_tokens_remaining: 69_700_000,
      utilization_percent: 53.5,
      by_provider: {
        anthropic: {
          total_keys: 3,
          active_keys: 2,
          depleted_keys: 1,
          donated_tokens: 90_000_000,
          used_tokens: 46_000_000,
          remaining_tokens: 44_000_000,
        },
        google: { total_keys: 1, simulated: true },
        openai: { total_keys: 1, simulated: false },
      },
      pending: { keys: 1, tokens: 1_000 },
      simulated: { keys: 1, tokens_donated: 20_000_000, tokens_used: 10_000_000 },
      keys_by_state: { active: 4, destroyed: 1, pending_validation: 1, frozen: 0 },
      stops: { all: false, pool: { stopped: false }, providers: { google: { stopped: true, reason: 'outage' } } },
      tasks: { done: 3 },
      lockout: { locked: true, unlocks_at: 2 },
    });
    expect(poolStatus(parts([]))).toMatchObject({ total_keys_donated: 0, utilization_percent: 0, by_provider: {} });
  });

  it('adds up, whatever was given and became of it', () => {
    const one = fc
      .record({
        provider: fc.constantFrom('anthropic', 'openai', 'google'),
        given: fc.bigInt(1n, 100_000_000n),
        used: fc.bigInt(0n, 100n),
        open: fc.bigInt(0n, 100n),
        cap: fc.bigInt(0n, 100n),
        state: fc.constantFrom(...STANDING_STATES),
        isUsable: fc.boolean(),
      })
      .map(({ given, used, open, cap, ...rest }) => {
        const spent = (given * used) / 100n;
        return standing({ ...rest, given, spent, held: ((given - spent) * open) / 100n, limit: (given * cap) / 100n });
      });
    fc.assert(
      fc.property(fc.array(one, { maxLength: 15 }), (all) => {
        const status = poolStatus(parts(all));
        const { donated, used, held, remaining, lapsed, available, dust, paused, frozen } = status.tokens as Record<string, number>;
        expect(Number(used) + Number(held) + Number(remaining) + Number(lapsed)).toBe(donated);
        expect(Number(available) + Number(dust) + Number(paused) + Number(frozen)).toBe(remaining);
        const providers = Object.values(status.by_provider);
        const sum = (name: keyof PoolStatus['by_provider'][string]) => providers.reduce((total, each) => total + Number(each[name]), 0);
        expect([sum('total_keys'), sum('donated_tokens'), sum('used_tokens'), sum('remaining_tokens')]).toEqual([
          status.total_keys_donated,
          status.total_tokens_donated,
          status.total_tokens_used,
          status.total_tokens_remaining,
        ]);
        for (const each of providers) {
          expect(each.used_tokens + each.held_tokens + each.remaining_tokens + each.lapsed_tokens).toBe(each.donated_tokens);
        }
        expect(Object.values(status.keys_by_state).reduce((a, b) => a + b, 0)).toBe(all.length);
      }),
    );
  });
});
