import fc from 'fast-check';
import { expect, test } from 'vitest';
import { exportTime, exportTimeText } from './export-time.ts';

const MAX = Date.parse('9999-12-31T23:59:59.999Z');

test('reads and writes what the runtime’s own clock does', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: MAX }), fc.integer({ min: -14 * 60, max: 14 * 60 }), (ms, zone) => {
      expect(exportTime(new Date(ms).toISOString(), 'it')).toBe(ms);
      expect(exportTimeText(ms)).toBe(`${new Date(ms).toISOString().slice(0, 19)}Z`);
      const local = new Date(Math.min(MAX, Math.max(0, ms + zone * 60_000))).toISOString().slice(0, 19);
      const two = (n: number) => String(n).padStart(2, '0');
      const text = `${local}${zone < 0 ? '-' : '+'}${two(Math.floor(Math.abs(zone) / 60))}:${two(Math.abs(zone) % 60)}`;
      expect(exportTime(text, 'it')).toBe(Date.parse(text));
    }),
  );
});

test.each([
  ['2026-03-01 00:00:00 UTC', '2026-03-01T00:00:00.000Z'],
  ['2024-02-29 23:59:59.5 UTC', '2024-02-29T23:59:59.500Z'],
  ['2026-03-01T01:00:00.123456789+01:00', '2026-03-01T00:00:00.123Z'],
])('%s', (text, expected) => {
  expect(new Date(exportTime(text, 'it')).toISOString()).toBe(expected);
});

test.each([
  '2026-02-29T00:00:00Z',
  '2026-13-01T00:00:00Z',
  '2026-00-01T00:00:00Z',
  '2026-03-01T24:00:00Z',
  '2026-03-01T00:00:60Z',
  '2026-03-01',
])('%s is no time', (text) => {
  expect(() => exportTime(text, 'it')).toThrow('no time');
});
