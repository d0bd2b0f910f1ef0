import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PoolKey } from './ports.ts';
import { guardBand, safeLimit } from './room.ts';
import { measure, outputWithin, sizeOn } from './sizes.ts';
import { type Candidate, pick } from './switching.ts';
import { testModel } from './testing.ts';

const ask = { model: 'm', system: null, task: 'Write.', written: [], reply: null, output: 1n, marked: false };
const measured = measure('openai', ask, 0n);

function candidate(id: string, left: number, limit = left): Candidate {
  const model = testModel();
  const key: PoolKey = {
    ...{ id, provider: 'test', dialect: 'openai', models: new Map([['m', model]]), countConsent: false },
    ...{ limit: BigInt(limit), left: BigInt(left) },
  };
  return { key, size: sizeOn(key, model, measured, null) };
}

const rich = { proved: 10_000_000n, counted: 10_000_000n };
const picked = (candidates: readonly Candidate[], current: string | null = null, budget = rich) => {
  const found = pick({ candidates, current, budget, turnOutputMin: 16_384n });
  return found.kind === 'key' ? { id: found.key.id, output: found.output } : found.kind;
};

describe('the safe limit of a key', () => {
  it.each([
    [100_000, 85_000],
    [150_000, 130_000],
    [32_108, 23_897],
    [17_659, 10_893],
    [5_000, 0],
    [0, 0],
  ])('of %i is %i', (left, safe) => {
    expect(safeLimit(BigInt(left))).toBe(BigInt(safe));
  });
});

describe('the key of the next turn', () => {
  it('is the one of the last turn while its safe limit covers what the turn needs', () => {
    expect(picked([candidate('A', 30_000, 100_000), candidate('B', 900_000)], 'A')).toMatchObject({ id: 'A' });
  });

  it('is the one that fits best where it does not', () => {
    expect(picked([candidate('A', 17_659), candidate('B', 900_000), candidate('C', 150_000)], 'A')).toMatchObject({ id: 'C' });
  });

  it('is the fullest, up to the last token, where none is above its safe limit', () => {
    const found = picked([candidate('A', 4_000), candidate('B', 6_000)], 'A');
    expect(found).toMatchObject({ id: 'B' });
    const input = 6_000n - (outputWithin(candidate('B', 6_000).size, { proved: 6_000n, counted: 0n }) ?? 0n);
    expect(typeof found === 'object' ? found.output + input : 0n).toBe(6_000n);
  });

  it('is none where the budget is used up, or no key is there', () => {
    expect(picked([candidate('A', 900_000)], 'A', { proved: 200n, counted: 200n })).toBe('budget_used');
    expect(picked([])).toBe('no_room');
    expect(picked([candidate('A', 100)])).toBe('too_long');
  });

  it('never asks for more than the key or the budget has, and near its end never less than nothing', () => {
    const lefts = fc.array(fc.integer({ min: 0, max: 300_000 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(lefts, fc.integer({ min: 0, max: 400_000 }), fc.nat(5), (all, budget, at) => {
        const candidates = all.map((left, i) => candidate(`k${i}`, left));
        const room = { proved: BigInt(budget), counted: BigInt(budget) };
        const found = pick({ candidates, current: `k${at}`, budget: room, turnOutputMin: 16_384n });
        if (found.kind !== 'key') return;
        const own = { proved: found.key.left, counted: found.key.left - guardBand(found.key.limit) };
        const { size } = candidates.find(({ key }) => key.id === found.key.id) as Candidate;
        for (const each of [own, room]) expect(found.output <= (outputWithin(size, each) ?? 0n)).toBe(true);
        expect(found.output > 0n).toBe(true);
      }),
    );
  });
});

describe('a counted call', () => {
  it('leaves the guard band of its key alone', () => {
    const model = {
      ...testModel(),
      tokenizer: { ...testModel().tokenizer, value: 'unknown' as const },
      countable: { ...testModel().tokenizer, value: true },
    };
    const { key } = candidate('A', 50_000);
    const counted = sizeOn({ ...key, countConsent: true }, model, measured, null);
    const room = { proved: 50_000n, counted: 50_000n - guardBand(50_000n) };
    const output = outputWithin(counted, room) ?? 0n;
    expect(output).toBeGreaterThan(43_000n);
    expect(output).toBeLessThan(45_000n);
    expect(outputWithin(sizeOn(key, model, measured, null), room)).toBeNull();
  });
});
