import { describe, expect, it } from 'vitest';
import { UsageError } from '../house/options.ts';
import { readOptions } from './options.ts';

describe('readOptions', () => {
  it('has defaults, and a quick form that numbers win over', () => {
    expect(readOptions([])).toMatchObject({ rounds: 5, probes: 200, paceMs: 100, memoryAt: [256, 512, 1024] });
    expect(readOptions(['--quick', '--pace', '50'])).toMatchObject({ rounds: 1, probes: 40, paceMs: 50, levels: [0, 512] });
  });

  it.each([
    ['--rounds', '51'],
    ['--probes', '1001'],
    ['--pace', '0'],
    ['--requests', '10'],
  ])('refuses %s %s', (...args) => {
    expect(() => readOptions(args)).toThrow(UsageError);
  });
});
