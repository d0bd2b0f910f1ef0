import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstFees, risenFees } from './fees.ts';

const wei = fc.bigInt(0n, 10n ** 12n);
const cap = (max: bigint, tip = 1000n) => ({ max, tip });

describe('fees', () => {
  it('begin at twice the base fee and the tip, within the cap', () => {
    expect(firstFees(10n, 3n, cap(100n))).toEqual({ max: 23n, tip: 3n });
    expect(firstFees(10n, 3n, cap(20n))).toEqual({ max: 20n, tip: 3n });
    expect(firstFees(10n, 30n, cap(20n))).toEqual({ max: 20n, tip: 20n });
  });

  it('offer half of the cap on tips at most, whatever a node says, so that there is room to rise', () => {
    const first = firstFees(10n, 10n ** 18n, cap(10n ** 12n, 100n));
    expect(first).toEqual({ max: 70n, tip: 50n });
    expect(risenFees(first, first, cap(10n ** 12n, 100n))?.tip).toBe(57n);
    expect(risenFees({ max: 70n, tip: 90n }, first, cap(10n ** 12n, 100n))).toBe(null);
  });

  it('rise by an eighth at least in both fields, to what a new transaction would offer at least, never above the cap', () => {
    fc.assert(
      fc.property(wei, wei, wei, wei, wei, wei, (lastMax, lastTip, baseFee, tip, maxCap, tipCap) => {
        const last = { max: lastMax, tip: lastTip < lastMax ? lastTip : lastMax };
        const now = firstFees(baseFee, tip, cap(maxCap, tipCap));
        const risen = risenFees(last, now, cap(maxCap, tipCap));
        if (risen === null) {
          // Only where the cap leaves no room for an eighth more, rounded up.
          const [max, leastTip] = [(9n * last.max + 7n) / 8n + 1n, (9n * last.tip + 7n) / 8n + 1n];
          expect(maxCap < max || maxCap < leastTip || tipCap < leastTip).toBe(true);
          return;
        }
        expect(8n * risen.max >= 9n * last.max && risen.max > last.max).toBe(true);
        expect(8n * risen.tip >= 9n * last.tip && risen.tip > last.tip).toBe(true);
        expect(risen.max <= maxCap && risen.tip <= tipCap && risen.tip <= risen.max).toBe(true);
        expect(risen.max >= now.max).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('end: the cap is reached in a bounded number of steps', () => {
    const caps = cap(10n ** 12n, 10n ** 12n);
    let fees = firstFees(1n, 1n, caps);
    let steps = 0;
    for (let next = risenFees(fees, fees, caps); next !== null; next = risenFees(fees, fees, caps)) {
      fees = next;
      steps += 1;
    }
    expect(steps).toBeLessThan(240);
  });
});
