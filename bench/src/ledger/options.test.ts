import { describe, expect, it } from 'vitest';
import { UsageError } from '../house/options.ts';
import { readOptions } from './options.ts';

describe('readOptions', () => {
  it('has defaults, and a quick form', () => {
    expect(readOptions([])).toMatchObject({ rounds: 5, phaseMs: 1200, clients: [1, 8, 32, 128, 512], receipts: null, json: null });
    expect(readOptions(['--quick'])).toMatchObject({ rounds: 2, phaseMs: 400, clients: [1, 32, 512] });
    expect(readOptions(['-h']).help).toBe(true);
  });

  it('lets what is given win over the quick form', () => {
    expect(readOptions(['--quick', '--rounds', '9', '--phase=50'])).toMatchObject({ rounds: 9, phaseMs: 50 });
    expect(readOptions(['--receipts', '10000000', '--json', 'a.json'])).toMatchObject({ receipts: 10_000_000, json: 'a.json' });
    expect(readOptions(['--books', 'kept', '--no-verify'])).toMatchObject({ books: 'kept', verify: false });
    expect(readOptions([])).toMatchObject({ books: null, verify: true });
  });

  it('takes engines, each once', () => {
    expect(readOptions([]).engines).toContain('sqlite');
    expect(readOptions(['--engine', 'sqlite,sqlite']).engines).toEqual(['sqlite']);
  });

  it.each([
    ['--rounds', '0'],
    ['--rounds', '101'],
    ['--phase', '1.5'],
    ['--phase', '60001'],
    ['--receipts', '-1'],
    ['--receipts', '100000001'],
    ['--engine', 'abacus'],
    ['--engine', ''],
    ['--json'],
    ['--dialect', 'openai'],
    ['extra'],
  ])('refuses %s %s', (...args) => {
    expect(() => readOptions(args)).toThrow(UsageError);
  });
});
