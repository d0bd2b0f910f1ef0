import { describe, expect, it } from 'vitest';
import { UsageError } from '../house/options.ts';
import { readOptions } from './options.ts';

const names = (...args: string[]) => readOptions(args).dialects.map(({ name }) => name);

describe('readOptions', () => {
  it('has defaults, and a quick form', () => {
    expect(readOptions([])).toMatchObject({ rounds: 7, requests: 1500, json: null, profile: null, portkey: null, help: false });
    expect(readOptions(['--quick'])).toMatchObject({ rounds: 3, requests: 200 });
  });

  it('lets numbers win over the quick form', () => {
    expect(readOptions(['--quick', '--rounds', '9'])).toMatchObject({ rounds: 9, requests: 200 });
    expect(readOptions(['--rounds=2', '--requests=50'])).toMatchObject({ rounds: 2, requests: 50 });
  });

  it('takes files, folders and help', () => {
    expect(readOptions(['--json', 'out.json', '--profile', 'a', '--portkey', 'b'])).toMatchObject({
      json: 'out.json',
      profile: 'a',
      portkey: 'b',
    });
    expect(readOptions(['-h']).help).toBe(true);
  });

  it('takes dialects, each once and in their own order', () => {
    expect(names()).toEqual(['openai', 'anthropic', 'google']);
    expect(names('--dialect', 'all')).toHaveLength(3);
    expect(names('--dialect', 'google,openai,google')).toEqual(['openai', 'google']);
  });

  it.each([
    ['--rounds', '0'],
    ['--rounds', '-1'],
    ['--rounds', '1.5'],
    ['--rounds', '1e3'],
    ['--rounds', '101'],
    ['--requests', 'many'],
    ['--requests', '50001'],
    ['--dialect', 'french'],
    ['--dialect', ''],
    ['--json'],
    ['--unknown'],
    ['extra'],
  ])('refuses %s %s', (...args) => {
    expect(() => readOptions(args)).toThrow(UsageError);
  });

  it('keeps the whole run under the cap of each source', () => {
    expect(() => readOptions(['--rounds', '100', '--requests', '1000'])).toThrow(UsageError);
    expect(readOptions(['--rounds', '80', '--requests', '1000']).rounds).toBe(80);
  });
});
