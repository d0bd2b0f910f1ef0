import { describe, expect, it } from 'vitest';
import { UsageError } from '../house/options.ts';
import { readOptions } from './options.ts';

const names = (...args: string[]) => readOptions(args).columns.map(({ name }) => name);

describe('readOptions', () => {
  it('has defaults, and a quick form', () => {
    expect(readOptions([])).toMatchObject({ rounds: 3, install: false, json: null, help: false });
    expect(names()).toContain('litellm-tokens');
    expect(readOptions(['--quick']).rounds).toBe(1);
    expect(names('--quick')).toEqual(['pass-through', 'eggrd-streams', 'tallystick']);
  });

  it('takes columns, each once and in the order of the report', () => {
    expect(names('--columns', 'tallystick,portkey,tallystick')).toEqual(['portkey', 'tallystick']);
    expect(names('--quick', '--columns', 'tallystick-workers')).toEqual(['tallystick-workers']);
  });

  it.each([['--rounds', '0'], ['--rounds', '11'], ['--columns', 'french'], ['--columns', ''], ['--json'], ['extra']])(
    'refuses %s %s',
    (...args) => {
      expect(() => readOptions(args)).toThrow(UsageError);
    },
  );
});
