import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { retryAfterMs } from './retry-after.ts';

const NOW = Date.UTC(2026, 4, 1, 12, 0, 0);
const DAY_MS = 86_400_000;
const ms = (value: string | string[]) => retryAfterMs({ 'retry-after-ms': value }, NOW);
const after = (value: string) => retryAfterMs({ 'retry-after': value }, NOW);

describe('retryAfterMs', () => {
  it.each([
    ['0', 0],
    ['1500', 1500],
    ['20.25', 21],
    [' 7 ', 7],
    ['86400000', DAY_MS],
    ['86400001', null],
    ['-1', null],
    ['+1', null],
    ['1e3', null],
    ['0x10', null],
    ['NaN', null],
    ['Infinity', null],
    ['', null],
    ['.5', null],
    ['5.', null],
    ['1, 1', null],
    ['9'.repeat(400), null],
  ])('reads retry-after-ms %j as %j', (value, expected) => {
    expect(ms(value)).toBe(expected);
  });

  it.each([
    ['0', 0],
    ['30', 30_000],
    ['0.0015', 2],
    ['86400', DAY_MS],
    ['86400.001', null],
    ['-3', null],
    ['3 s', null],
    ['3, 4', null],
    ['soon', null],
    ['Fri, 01 May 2026 12:00:30 GMT', 30_000],
    ['Friday, 01-May-26 12:00:30 GMT', 30_000],
    ['Fri May  1 12:00:30 2026', 30_000],
    ['Fri, 01 May 2026 12:00:00 GMT', 0],
    ['Fri, 01 May 2026 11:59:59 GMT', null],
    ['Sun, 03 May 2026 12:00:00 GMT', null],
    ['Fri, 01 May 2026 12:00:30', null],
    ['Fri, 99 May 2026 12:00:30 GMT', null],
    ['2026-05-01T12:00:30Z', null],
  ])('reads retry-after %j as %j', (value, expected) => {
    expect(after(value)).toBe(expected);
  });

  it('prefers milliseconds, and goes on to the other header where they cannot be used', () => {
    expect(retryAfterMs({ 'retry-after-ms': '250', 'retry-after': '9' }, NOW)).toBe(250);
    expect(retryAfterMs({ 'retry-after-ms': 'x', 'retry-after': '9' }, NOW)).toBe(9000);
    expect(retryAfterMs({ 'retry-after': '9' }, NOW)).toBe(9000);
  });

  it('takes neither absent nor repeated headers', () => {
    expect(retryAfterMs({}, NOW)).toBeNull();
    expect(ms(['5', '5'])).toBeNull();
    expect(ms(['5'])).toBeNull();
  });

  it('gives whole milliseconds from 0 to a day, or null, whatever it reads', () => {
    const value = fc.oneof(
      fc.string(),
      fc.double().map(String),
      fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
    );
    fc.assert(
      fc.property(value, value, (first, second) => {
        const read = retryAfterMs({ 'retry-after-ms': first, 'retry-after': second }, NOW);
        expect(read === null || (Number.isInteger(read) && read >= 0 && read <= DAY_MS)).toBe(true);
      }),
    );
  });

  it('never waits less than a date asks', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: DAY_MS / 1000 }), fc.integer({ min: 0, max: 999 }), (seconds, early) => {
        const due = new Date(NOW + seconds * 1000);
        const wait = seconds * 1000 + early;
        expect(retryAfterMs({ 'retry-after': due.toUTCString() }, NOW - early)).toBe(wait <= DAY_MS ? wait : null);
      }),
    );
  });
});
