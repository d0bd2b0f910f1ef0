import { describe, expect, it } from 'vitest';
import { readOptions, UsageError } from './options.ts';

describe('readOptions', () => {
  it('has defaults, and a quick form', () => {
    expect(readOptions([])).toEqual({ rounds: 7, requests: 1500, json: null, profile: null, help: false });
    expect(readOptions(['--quick'])).toMatchObject({ rounds: 3, requests: 300 });
  });

  it('lets numbers win over the quick form', () => {
    expect(readOptions(['--quick', '--rounds', '9'])).toMatchObject({ rounds: 9, requests: 300 });
    expect(readOptions(['--rounds=2', '--requests=50'])).toMatchObject({ rounds: 2, requests: 50 });
  });

  it('takes files and help', () => {
    expect(readOptions(['--json', 'out.json', '--profile', 'profiles'])).toMatchObject({ json: 'out.json', profile: 'profiles' });
    expect(readOptions(['-h']).help).toBe(true);
  });

  it.each([
    ['--rounds', '0'],
    ['--rounds', '-1'],
    ['--rounds', '1.5'],
    ['--rounds', '1e3'],
    ['--rounds', '101'],
    ['--requests', 'many'],
    ['--requests', '50001'],
    ['--json'],
    ['--unknown'],
    ['extra'],
  ])('refuses %s %s', (...args) => {
    expect(() => readOptions(args)).toThrow(UsageError);
  });

  it('keeps the whole run under the cap of the source', () => {
    expect(() => readOptions(['--rounds', '100', '--requests', '1000'])).toThrow(UsageError);
    expect(readOptions(['--rounds', '80', '--requests', '1000']).rounds).toBe(80);
  });
});
