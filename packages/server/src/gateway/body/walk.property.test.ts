import { TallyError } from '@tallystick/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { spacedJson } from './arbitrary-json.ts';
import type { ObjectNode } from './schema.ts';
import { walkBody } from './walk.ts';

const OPEN: ObjectNode = { kind: 'object', fields: {}, rest: { kind: 'any' } };

/** What the walker says: null where it takes the bytes. Anything but a TallyError is a bug, and is thrown on. */
function refusal(bytes: Uint8Array): TallyError | null {
  try {
    walkBody(bytes, OPEN);
    return null;
  } catch (error) {
    if (error instanceof TallyError) return error;
    throw error;
  }
}

function parses(bytes: Uint8Array): boolean {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

/** The refusals that are meant to go beyond JSON.parse. */
const STRICTER = /stands twice|half of a surrogate pair|larger than a double|longer than 1024 bytes|nested deeper|more than \d+ fields/;

describe('walkBody beside JSON.parse', () => {
  it('takes every object that JSON.parse takes, minus the stated refusals', () => {
    fc.assert(
      fc.property(spacedJson(), ({ text }) => {
        expect(refusal(Buffer.from(text))).toBeNull();
        expect(parses(Buffer.from(text))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('agrees on mutated bytes, and throws nothing but TallyError', () => {
    const mutation = fc.record({ at: fc.nat(), kind: fc.constantFrom('set', 'cut', 'insert', 'drop'), byte: fc.nat(255) });
    const mark = fc.constantFrom(...Buffer.from('"\\{}[],:0e-.tfn \u0000'));
    fc.assert(
      fc.property(spacedJson(), fc.array(fc.tuple(mutation, mark, fc.boolean()), { minLength: 1, maxLength: 3 }), ({ text }, mutations) => {
        let bytes = Buffer.from(text);
        for (const [{ at, kind, byte }, special, isSpecial] of mutations) {
          const index = at % (bytes.length + 1);
          const value = Buffer.of(isSpecial ? special : byte);
          const tail = kind === 'cut' ? Buffer.alloc(0) : bytes.subarray(kind === 'insert' ? index : index + 1);
          bytes = Buffer.concat([bytes.subarray(0, index), ...(kind === 'set' || kind === 'insert' ? [value] : []), tail]);
        }
        const error = refusal(bytes);
        if (error === null) expect(parses(bytes)).toBe(true);
        else if (parses(bytes)) expect(error.message).toMatch(STRICTER);
      }),
      { numRuns: 1500 },
    );
  });

  it('takes arbitrary bytes without failing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        if (refusal(bytes) === null) expect(parses(bytes)).toBe(true);
      }),
    );
  });
});
