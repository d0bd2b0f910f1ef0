import { expect, it } from 'vitest';
import { isAsSealed, sealedProvider } from './source-seal.ts';

it('the seal of a source that was never donated is as it was before there was a pool', () => {
  const row = { id: 'a', name: 'n', provider: 'openai', baseUrl: 'https://x', mode: 0, settle: 'metered', countConsent: false } as const;
  const plain = { ...row, models: '{}', tariff: '[]', createdAt: 1, pool: false, groups: [], minutesAccountId: null };
  expect(sealedProvider(plain)).toBe('openai.ed14fc40baa5923d86f4acbc492e25a5');
  const given = [{ pool: true }, { groups: ['pool'] }, { groups: ['po', 'ol'] }, { minutesAccountId: 'm' }].map((more) => ({
    ...plain,
    ...more,
  }));
  expect(new Set([plain, ...given].map(sealedProvider)).size).toBe(5);
  // A seal that names the provider alone is of before, when nothing was donated.
  expect([plain, ...given].map((one) => isAsSealed({ provider: 'openai' }, one))).toEqual([true, false, true, true, true]);
});
