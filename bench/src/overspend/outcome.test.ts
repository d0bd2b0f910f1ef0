import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMIT_TOKENS } from './gateway.ts';
import { outcomeOf } from './outcome.ts';

const tokens = fc.integer({ min: 0, max: 3 * LIMIT_TOKENS });

describe('outcomeOf', () => {
  it('accounts for every token of the limit, and for every token beyond it', () => {
    fc.assert(
      fc.property(tokens, fc.option(tokens), (billed, booked) => {
        const { overspent, unknown, lost } = outcomeOf(billed, booked, true);
        expect(billed - overspent + unknown + lost).toBe(LIMIT_TOKENS);
        expect(Math.min(overspent, unknown + lost)).toBe(0);
        expect(Math.min(overspent, unknown, lost)).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it('takes what the books call spent from what is lost', () => {
    expect(outcomeOf(1000, 2500, true)).toMatchObject({ overspent: 0, unknown: 1500, lost: 500 });
    expect(outcomeOf(1000, 900, true)).toMatchObject({ unknown: 0, lost: 2000 });
    expect(outcomeOf(1000, null, true)).toMatchObject({ unknown: 0, lost: 2000 });
  });

  it('calls nothing lost where nothing was refused', () => {
    expect(outcomeOf(LIMIT_TOKENS + 61, null, false)).toMatchObject({ overspent: 61, lost: 0 });
  });
});
