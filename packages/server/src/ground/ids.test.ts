import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { timedHex } from './ids.ts';

const time = fc.integer({ min: 0, max: 2 ** 48 - 1 });

describe('timedHex', () => {
  it('begins with its time, and is never the same twice', () => {
    const property = (wallMs: number) => {
      const [one, other] = [timedHex(wallMs), timedHex(wallMs)];
      expect(one).toMatch(/^[0-9a-f]{32}$/);
      expect(Number.parseInt(one.slice(0, 12), 16)).toBe(wallMs);
      expect(one).not.toBe(other);
    };
    fc.assert(fc.property(time, property));
  });

  it('sorts by time', () => {
    fc.assert(fc.property(time, time, (a, b) => a === b || timedHex(a) < timedHex(b) === a < b));
  });
});
