import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { STANDING_STATES, type Standing } from './standing.ts';
import { sumsOf, sumsOfOne } from './sums.ts';

const GIFT: Standing = {
  id: 'g',
  donor: `0x${'11'.repeat(20)}`,
  label: '',
  anonymous: false,
  provider: 'anthropic',
  simulated: false,
  state: 'active',
  end: 'active',
  given: 1_000n,
  limit: 1_000n,
  held: 0n,
  spent: 0n,
  overrun: 0n,
  isUsable: true,
  at: 0,
};

/** As the books allow them: `held + spent ≤ ceiling`, a limit anywhere below the ceiling, also below what is spent. */
const gift = fc
  .record({
    given: fc.bigInt(1n, 100_000_000n),
    used: fc.bigInt(0n, 100n),
    open: fc.bigInt(0n, 100n),
    cap: fc.bigInt(0n, 100n),
    overrun: fc.bigInt(0n, 5_000n),
    isUsable: fc.boolean(),
    state: fc.constantFrom(...STANDING_STATES),
    end: fc.constantFrom(...STANDING_STATES),
  })
  .map(({ given, used, open, cap, ...rest }): Standing => {
    const spent = (given * used) / 100n;
    return { ...GIFT, ...rest, given, spent, held: ((given - spent) * open) / 100n, limit: (given * cap) / 100n };
  });

describe('every token is in one place', () => {
  it('of any gift, in any state', () => {
    fc.assert(
      fc.property(gift, (one) => {
        const { given, used, held, remaining, available, dust, paused, frozen, lapsed } = sumsOfOne(one);
        expect(used + held + remaining + lapsed).toBe(given);
        expect(available + dust + paused + frozen).toBe(remaining);
        for (const amount of [used, held, remaining, lapsed]) expect(amount).toBeGreaterThanOrEqual(0n);
        // What is shown as left could be held: nothing is promised that the books would refuse.
        if (remaining > 0n) expect(one.spent + one.held + one.overrun + remaining).toBe(one.limit);
      }),
      { numRuns: 500 },
    );
  });

  it('of any number of gifts, however they are grouped', () => {
    fc.assert(
      fc.property(fc.array(gift, { maxLength: 12 }), fc.nat(12), (all, at) => {
        const [left, right, whole] = [sumsOf(all.slice(0, at)), sumsOf(all.slice(at)), sumsOf(all)];
        for (const name of Object.keys(whole) as (keyof typeof whole)[]) expect(left[name] + right[name]).toBe(whole[name]);
      }),
    );
  });
});

describe('where it is', () => {
  it.each<[string, Partial<Standing>, object]>([
    ['untouched', {}, { available: 1_000n, remaining: 1_000n, lapsed: 0n }],
    ['at work', { held: 300n, spent: 200n }, { held: 300n, used: 200n, available: 500n }],
    ['too little left', { spent: 951n, isUsable: false }, { dust: 49n, available: 0n, remaining: 49n }],
    ['paused', { state: 'paused', spent: 400n }, { paused: 600n, available: 0n }],
    ['frozen', { state: 'frozen', spent: 400n, overrun: 7n }, { frozen: 593n, lapsed: 7n }],
    ['lowered', { limit: 600n, spent: 100n }, { available: 500n, lapsed: 400n }],
    ['lowered below what is spent', { limit: 50n, spent: 100n }, { remaining: 0n, lapsed: 900n }],
    ['destroyed', { state: 'destroyed', end: 'revoked', spent: 100n, held: 20n }, { remaining: 0n, held: 20n, lapsed: 880n }],
  ])('%s', (_, more, expected) => {
    expect(sumsOfOne({ ...GIFT, ...more })).toMatchObject(expected);
  });
});
