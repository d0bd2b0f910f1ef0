import { utf8BytesMax } from '@tallystick/core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { textBytes } from './text-bytes.ts';

it('is utf8BytesMax, whatever the text', () => {
  const piece = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('\\u', '\\\\u0041', '\\u00e9', '\\', '\ufdfa', '\\ufdfa', '"', '\n'),
  );
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const body = Buffer.from(pieces.join(''));
      expect(textBytes(body)).toBe(utf8BytesMax(body));
    }),
    { numRuns: 500 },
  );
});
