import fc from 'fast-check';
import { expect, test } from 'vitest';
import { modelsOf } from '../facts/catalogue.ts';
import { fitsAnyCall, leastCall, leastCap } from './least-calls.ts';

const guardOf = (cap: bigint) => (cap + 9n) / 10n;
const empty = (cap: bigint, countConsent: boolean) => ({ left: cap, guard: guardOf(cap), countConsent });

test('the least cap is the least under which a call fits: one token less, and none does', () => {
  for (const provider of ['anthropic', 'openai', 'google', 'sandbox'] as const) {
    for (const consent of [false, true]) {
      const models = modelsOf(provider);
      const least = leastCap(models, consent) ?? 0n;
      expect(least, provider).toBeGreaterThan(0n);
      expect(fitsAnyCall(models, empty(least, consent)), provider).toBe(true);
      expect(fitsAnyCall(models, empty(least - 1n, consent)), provider).toBe(false);
    }
  }
});

test('without a proof below the window, only consent to counting makes a small cap of use', () => {
  const models = modelsOf('anthropic');
  expect(leastCap(models, false)).toBe(200_000n);
  // A count of one token, its margin, one token of output, and the tenth that stays free.
  expect(leastCap(models, true)).toBe(572n);
  expect(leastCall(models[0] as (typeof models)[number])).toEqual({ proved: 1_000_000n, counted: 514n });
});

test('a model that nothing bounds leaves no cap at all', () => {
  expect(leastCap([], true)).toBeNull();
  expect(fitsAnyCall([], empty(10n ** 8n, true))).toBe(false);
});

test('a larger cap never fits less', () => {
  const models = modelsOf('anthropic');
  fc.assert(
    fc.property(fc.bigInt(1n, 2_000_000n), fc.bigInt(0n, 1000n), fc.boolean(), (cap, more, consent) => {
      if (fitsAnyCall(models, empty(cap, consent))) expect(fitsAnyCall(models, empty(cap + more, consent))).toBe(true);
    }),
  );
});
