import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstFees, risenFees } from './fees.ts';

const wei = fc.bigInt(0n, 10n ** 12n);

describe('fees', () => {
  it('begin at twice the base fee and the tip, within the cap', () => {
    expect(firstFees(10n, 3n, 100n)).toEqual({ max: 23n, tip: 3n });
    expect(firstFees(10n, 3n, 20n)).toEqual({ max: 20n, tip: 3n });
    expect(firstFees(10n, 30n, 20n)).toEqual({ max: 20n, tip: 20n });
  });

  it('rise by an eighth at least in both fields, to what a new transaction would offer at least, never above the cap', () => {
    fc.assert(
      fc.property(wei, wei, wei, wei, wei, (lastMax, lastTip, baseFee, tip, cap) => {
        const last = { max: lastMax, tip: lastTip < lastMax ? lastTip : lastMax };
        const now = firstFees(baseFee, tip, cap);
        const risen = risenFees(last, now, cap);
        if (risen === null) {
          // Only where the cap leaves no room for an eighth more, rounded up.
          expect(cap < (9n * last.max + 7n) / 8n + 1n || cap < (9n * last.tip + 7n) / 8n + 1n).toBe(true);
          return;
        }
        expect(8n * risen.max >= 9n * last.max && risen.max > last.max).toBe(true);
        expect(8n * risen.tip >= 9n * last.tip && risen.tip > last.tip).toBe(true);
        expect(risen.max <= cap && risen.tip <= risen.max).toBe(true);
        expect(risen.max >= now.max).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('end: the cap is reached in a bounded number of steps', () => {
    let fees = firstFees(1n, 1n, 10n ** 12n);
    let steps = 0;
    for (let next = risenFees(fees, fees, 10n ** 12n); next !== null; next = risenFees(fees, fees, 10n ** 12n)) {
      fees = next;
      steps += 1;
    }
    expect(steps).toBeLessThan(240);
  });
});
