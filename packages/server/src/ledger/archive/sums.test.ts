import { createSecretKey } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SqlRow } from '#ground/database';
import type { RowRange } from '../protocol.ts';
import { stepsOf } from './ranges.ts';
import { EMPTY_SUM, KeyedSum } from './sums.ts';

const KEY = createSecretKey(Buffer.alloc(32, 7));
const row = fc.record({ id: fc.string(), note: fc.option(fc.string()), n: fc.bigInt({ min: 0n, max: 2n ** 62n }) });
const sumOf = (rows: readonly SqlRow[], from?: string) => {
  const sum = new KeyedSum(KEY, 'test', ['id', 'note', 'n'], from);
  for (const one of rows) sum.add(one);
  return sum;
};

describe('a keyed sum', () => {
  it('is the same in every order, and goes on from where it was', () => {
    fc.assert(
      fc.property(fc.array(row), fc.array(row), (some, more) => {
        const all = sumOf([...some, ...more]).hex;
        expect(sumOf([...more, ...some]).hex).toBe(all);
        expect(sumOf(more, sumOf(some).hex).hex).toBe(all);
        const without = sumOf(more, sumOf(some).hex);
        for (const one of some) without.take(one);
        expect(without.hex).toBe(sumOf(more).hex);
      }),
    );
  });

  it('is another where a value is moved, missing or changed', () => {
    const base = { id: 'a', note: 'b', n: 1n };
    const others = [
      { ...base, id: 'ab', note: '' },
      { ...base, note: null },
      { ...base, n: 2n },
      { id: 'b', note: 'a', n: 1n },
    ];
    expect(new Set([base, ...others].map((one) => sumOf([one]).hex)).size).toBe(5);
    expect(sumOf([]).hex).toBe(EMPTY_SUM);
    expect(new KeyedSum(createSecretKey(Buffer.alloc(32, 8)), 'test', ['id']).hex).toBe(EMPTY_SUM);
  });
});

describe('steps of removal', () => {
  it('name every row once, and no more than so many at a time', () => {
    const ranges = fc.array(fc.tuple(fc.bigInt({ min: 1n, max: 50n }), fc.bigInt({ min: 0n, max: 40n })));
    fc.assert(
      fc.property(ranges, fc.integer({ min: 1, max: 17 }), (spans, max) => {
        const asked: RowRange[] = spans.map(([from, more], at) => ({ table: 'receipts', laneNo: BigInt(at), from, to: from + more }));
        const rowsIn = (some: Iterable<RowRange>) =>
          [...some].flatMap((range) =>
            Array.from(
              { length: Number(range.to - range.from) + 1 },
              (_, at) => `${'laneNo' in range ? range.laneNo : ''}:${range.from + BigInt(at)}`,
            ),
          );
        const steps = [...stepsOf(asked, max)];
        expect(steps.flatMap((step) => rowsIn(step))).toEqual(rowsIn(asked));
        expect(steps.every((step) => rowsIn(step).length <= max && step.length > 0)).toBe(true);
      }),
    );
  });
});
