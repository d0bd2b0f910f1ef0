import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allot, DUST, type Giver, isBetterRest, total } from './allot.ts';

const givers = (...lefts: readonly number[]): Giver[] => lefts.map((left, i) => ({ id: String.fromCharCode(65 + i), left: BigInt(left) }));

/** Every set of keys, and the best remainder among the smallest ones that cover it. */
function bestByForce(all: readonly Giver[], tokens: bigint): { count: number; rest: bigint } | null {
  let best: { count: number; rest: bigint } | null = null;
  for (let mask = 1; mask < 1 << all.length; mask += 1) {
    const chosen = all.filter((_, i) => (mask >> i) & 1);
    const rest = total(chosen) - tokens;
    if (rest < 0n || chosen.some(({ left }) => left <= 0n)) continue;
    const isBetter = best === null || chosen.length < best.count || (chosen.length === best.count && isBetterRest(rest, best.rest));
    if (isBetter) best = { count: chosen.length, rest };
  }
  return best;
}

describe('which keys carry a task', () => {
  it.each([
    ['one large key', [500_000], 150_000, [['A', 150_000]]],
    [
      'the two that cover it exactly',
      [100_000, 80_000, 150_000],
      250_000,
      [
        ['C', 150_000],
        ['A', 100_000],
      ],
    ],
    ['the one that is emptied before one that leaves much', [900_000, 50_000], 50_000, [['B', 50_000]]],
    ['the one that leaves most before one that leaves dust', [60_000, 900_000], 50_000, [['B', 50_000]]],
    [
      'the remainder stays on the largest',
      [100_000, 90_000],
      150_000,
      [
        ['B', 90_000],
        ['A', 60_000],
      ],
    ],
    ['keys with nothing left give nothing', [0, 70_000], 60_000, [['B', 60_000]]],
  ] as const)('%s', (_, lefts, tokens, expected) => {
    const shares = allot(givers(...lefts), BigInt(tokens), 15);
    expect(shares?.map(({ keyId, amount }) => [keyId, Number(amount)])).toEqual(expected);
  });

  it('none where they do not cover it, or too many would be needed', () => {
    expect(allot(givers(10, 20), 31n, 15)).toBeNull();
    expect(allot(givers(10, 10, 10), 30n, 2)).toBeNull();
  });

  it('is as good as the best of all sets, whatever order the keys come in', () => {
    const lefts = fc.array(fc.integer({ min: 0, max: 60_000 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(lefts, fc.integer({ min: 1, max: 200_000 }), fc.nat(), (all, wanted, turn) => {
        const keys = givers(...all);
        const tokens = BigInt(wanted);
        const shares = allot(keys, tokens, 15);
        const best = bestByForce(keys, tokens);
        expect(shares === null).toBe(best === null);
        if (shares === null || best === null) return;
        const chosen = keys.filter(({ id }) => shares.some(({ keyId }) => keyId === id));
        expect(shares.length).toBe(best.count);
        expect(total(chosen) - tokens).toBe(best.rest);
        expect(shares.reduce((sum, { amount }) => sum + amount, 0n)).toBe(tokens);
        for (const { keyId, amount } of shares) {
          expect(amount > 0n && amount <= (keys.find(({ id }) => id === keyId)?.left ?? 0n)).toBe(true);
        }
        const at = turn % keys.length;
        expect(allot([...keys.slice(at), ...keys.slice(0, at)], tokens, 15)).toEqual(shares);
      }),
      { numRuns: 500 },
    );
  });

  it('ends soon over very many keys', () => {
    const many = Array.from({ length: 3_000 }, (_, i) => ({ id: `k${i}`, left: 1_000_003n + BigInt(i % 977) }));
    const shares = allot(many, 14_999_999n, 15);
    expect(shares?.reduce((sum, { amount }) => sum + amount, 0n)).toBe(14_999_999n);
  });

  it('counts as dust what is left below one turn', () => {
    expect(isBetterRest(0n, DUST)).toBe(true);
    expect(isBetterRest(DUST, DUST - 1n)).toBe(true);
    expect(isBetterRest(1n, 2n)).toBe(true);
  });
});
