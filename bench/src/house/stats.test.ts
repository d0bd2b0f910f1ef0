import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { differences, median, percentile, ratio, spread } from './stats.ts';

describe('percentile', () => {
  it('is the nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
    expect(percentile(hundred, 0.5)).toBe(50);
    expect(percentile(hundred, 0.95)).toBe(95);
    expect(percentile(hundred, 0.99)).toBe(99);
    expect(percentile(hundred, 1)).toBe(100);
    expect(percentile([1, 2, 3], 0.5)).toBe(2);
    expect(percentile([7], 0.99)).toBe(7);
    expect(percentile(Float64Array.of(1, 9), 0.5)).toBe(1);
  });

  it('is reached by at least its share of the values, and by no smaller value', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50), { minLength: 1, maxLength: 60 }), fc.constantFrom(0.5, 0.9, 0.95, 0.99), (values, share) => {
        const sorted = [...values].sort((a, b) => a - b);
        const found = percentile(sorted, share);
        expect(sorted.filter((value) => value <= found).length).toBeGreaterThanOrEqual(share * sorted.length);
        expect(sorted.filter((value) => value < found).length).toBeLessThan(share * sorted.length);
      }),
    );
  });

  it('has none of nothing', () => {
    expect(() => percentile([], 0.5)).toThrow(RangeError);
    expect(() => median([])).toThrow(RangeError);
  });
});

describe('median and spread', () => {
  it('take the middle, whatever the order', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([10, 9])).toBe(9.5);
    expect(spread([5, 1, 3])).toEqual({ median: 3, min: 1, max: 5 });
  });

  it('leave their input alone', () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
  });
});

describe('ratio', () => {
  it('is taken within each round first', () => {
    // A machine that is ten times slower in the second round: the ratio of the medians would be something else.
    expect(ratio([2, 20, 3], [1, 10, 1])).toEqual({ median: 2, min: 2, max: 3 });
  });

  it('does not exist where a round has nothing to divide by', () => {
    expect(ratio([1, 2], [1, 0])).toBeNull();
    expect(ratio([1, 2], [1, -0.1])).toBeNull();
    expect(ratio([1], [Number.NaN])).toBeNull();
    expect(ratio([], [])).toBeNull();
  });

  it('needs both sides of every round', () => {
    expect(() => ratio([1], [1, 2])).toThrow(RangeError);
    expect(() => differences([1], [])).toThrow(RangeError);
    expect(differences([5, 3], [1, 4])).toEqual([4, -1]);
  });
});
