import { expect, test } from 'vitest';
import { cell, fields, type Style, table } from './table.ts';

const terminal: Style = { terminal: true, bold: (text) => `*${text}*` };
const piped: Style = { terminal: false, bold: () => 'never' };
const columns = [{ head: 'name' }, { head: 'left now', number: true }, { head: 'state' }];
const rows = [
  ['a gift', '7', 'active'],
  ['b', '1000000', ''],
];

test('a terminal gets aligned columns, numbers on the right', () => {
  expect(table(columns, rows, terminal)).toBe(['*name    left now  state*', 'a gift         7  active', 'b        1000000'].join('\n'));
});

test('a pipe gets tab-separated values, as many in each line', () => {
  expect(table(columns, rows, piped)).toBe('name\tleft_now\tstate\na gift\t7\tactive\nb\t1000000\t');
});

test('a table without rows still has its heading', () => {
  expect(table(columns, [], piped)).toBe('name\tleft_now\tstate');
});

test('fields are aligned, or tab-separated', () => {
  const pairs = [
    ['id', '1'],
    ['base url', 'http://x'],
  ] as const;
  expect(fields(pairs, terminal)).toBe('*id      *  1\n*base url*  http://x');
  expect(fields(pairs, piped)).toBe('id\t1\nbase_url\thttp://x');
});

test('what comes from elsewhere cannot break a row or move the cursor', () => {
  expect(cell('a\tb\nc')).toBe('a b c');
  expect(cell('\u{1b}[2Jx\u{9b}31m\u{7f}\u{202e}')).toBe('\u{fffd}[2Jx\u{fffd}31m\u{fffd}\u{fffd}');
});
