import { expect, test } from 'vitest';
import { amount, moment, seconds, when } from './parse.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');

test.each([
  ['0', '0'],
  ['500000', '500000'],
  ['500_000', '500000'],
  ['007', '7'],
  ['999999999999999999', '999999999999999999'],
])('the amount %s', (text, expected) => {
  expect(amount(text, '--cap')).toBe(expected);
});

test.each(['', '-1', '+1', '1.5', '1e9', '0x10', '_1', '1_', '1__0', ' 1', '1000000000000000000', '١'])('%j is no amount', (text) => {
  expect(() => amount(text, '--cap')).toThrow('--cap must be a whole number');
});

test.each([
  ['2026-01-02', '2026-01-02T00:00:00Z'],
  ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05Z'],
  ['2028-02-29', '2028-02-29T00:00:00Z'],
  ['2026-01-02T03:04+01:00', '2026-01-02T02:04:00Z'],
  ['90m', '2026-01-01T01:30:00Z'],
  ['12h', '2026-01-01T12:00:00Z'],
  ['30d', '2026-01-31T00:00:00Z'],
  ['2w', '2026-01-15T00:00:00Z'],
])('the time %s', (text, expected) => {
  expect(when(text, NOW)).toBe(Date.parse(expected));
});

test.each([
  '',
  'soon',
  '2026',
  '2026-13-01',
  '2026-02-30',
  '2026-02-29T00:00:00Z',
  '2026-01-02T03:04',
  '-1d',
  '1y',
  '1.5d',
  '2025-12-31',
  '0d',
])('%j is no time to come', (text) => {
  expect(() => when(text, NOW)).toThrow('--expires');
});

test.each([
  ['0', 0],
  ['90s', 90],
  ['30m', 1_800],
  ['24h', 86_400],
  ['1d', 86_400],
])('the span %s', (text, expected) => {
  expect(seconds(text, '--replay')).toBe(expected);
});

test.each(['', '5', '-1h', '1.5h', '1w', '1y', '24 h', 'h', '1000000s'])('%j is no span', (text) => {
  expect(() => seconds(text, '--replay')).toThrow('--replay is not a span');
});

test('a moment may be in the past, and is a day that there is', () => {
  expect(moment('2020-02-29', '--before')).toBe(Date.parse('2020-02-29T00:00:00Z'));
  for (const text of ['2021-02-29', '2026-04-31', '2026-06-31T12:00:00Z'])
    expect(() => moment(text, '--before')).toThrow('--before is not a time');
});
