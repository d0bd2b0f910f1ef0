import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Hex } from '../receipt/types.ts';
import { fromHex, isHex, toHex } from './hex.ts';

test('bytes survive the way through hex', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      expect(fromHex(toHex(bytes))).toEqual(bytes);
      expect(isHex(toHex(bytes), bytes.length)).toBe(true);
    }),
  );
});

test.each(['', '0x0', '0xAB', '0xg0', '0x🙂', 'ab', '0x a', '0X00', '0xé0'])('%j is refused', (text) => {
  expect(() => fromHex(text as Hex)).toThrow(/lower-case hex/);
});

test('a wrong length is refused', () => {
  expect(() => fromHex('0x00', 2)).toThrow(/2 bytes/);
  expect(() => fromHex('0x0000', 1)).toThrow(/1 bytes/);
  expect(isHex('0x00', 2)).toBe(false);
  expect(isHex(7, 2)).toBe(false);
});
