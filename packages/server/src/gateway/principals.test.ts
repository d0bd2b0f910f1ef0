import { TallyError } from '@tallystick/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { givenKey } from './principals.ts';

const KEY = `tk_${'a'.repeat(43)}`;
const OTHER = `tk_${'b'.repeat(43)}`;

function given(headers: Record<string, string | string[]>): string {
  try {
    return givenKey(headers as never);
  } catch (error) {
    return error instanceof TallyError ? error.code : 'other';
  }
}

describe('givenKey', () => {
  it('takes the key from where each SDK puts it', () => {
    expect(given({ authorization: `Bearer ${KEY}` })).toBe(KEY);
    expect(given({ authorization: `bearer   ${KEY}` })).toBe(KEY);
    expect(given({ 'x-api-key': KEY })).toBe(KEY);
    expect(given({ 'x-goog-api-key': KEY })).toBe(KEY);
    expect(given({ 'x-api-key': KEY, authorization: `Bearer ${KEY}` })).toBe(KEY);
  });

  it('refuses two that differ, in any order and number', () => {
    const headers = fc.record(
      {
        authorization: fc.constantFrom(`Bearer ${KEY}`, `Bearer ${OTHER}`, 'Basic x', 'Bearer', ''),
        'x-api-key': fc.constantFrom(KEY, OTHER, 'x', ''),
        'x-goog-api-key': fc.constantFrom(KEY, OTHER, ''),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(headers, (all) => {
        const values = new Set(
          Object.values(all)
            .filter((value) => value !== '')
            .map((value) => value.replace(/^Bearer /, '')),
        );
        const expected =
          values.size === 0
            ? 'AUTH_MISSING'
            : values.size === 1 && (values.has(KEY) || values.has(OTHER))
              ? [...values][0]
              : 'AUTH_INVALID';
        expect(given(all as Record<string, string>)).toBe(expected);
      }),
    );
  });

  it('refuses what is no virtual key', () => {
    expect(given({})).toBe('AUTH_MISSING');
    expect(given({ authorization: '' })).toBe('AUTH_MISSING');
    for (const value of [KEY.slice(1), `${KEY} `, `${KEY}, ${KEY}`, 'sk-123', 'Bearer'])
      expect(given({ 'x-api-key': value })).toBe('AUTH_INVALID');
    for (const value of [KEY, `Basic ${KEY}`, `Bearer ${KEY} x`, 'Bearer ']) expect(given({ authorization: value })).toBe('AUTH_INVALID');
  });
});
