import { describe, expect, it } from 'vitest';
import { table, targetLine, times } from './table.ts';

describe('table', () => {
  it('aligns its columns', () => {
    expect(
      table([
        ['', 'a', 'bbb'],
        ['name', '10', '2'],
      ]),
    ).toEqual(['          a   bbb', '  name   10     2']);
  });
});

describe('times', () => {
  it('writes ratios with their extremes', () => {
    expect(times({ median: 5, min: 4.4, max: 12.34 })).toBe('5.00 × (4.40–12.3)');
    expect(times({ median: 2, min: 2, max: 2 })).toBe('2.00 ×');
    expect(times(null)).toBe('–');
  });
});

describe('targetLine', () => {
  it('shouts where a target is missed', () => {
    expect(targetLine({ what: 'a', figure: '1', reached: false })).toBe('  NOT reached  a: 1');
    expect(targetLine({ what: 'a', figure: '1', reached: true })).toBe('  reached      a: 1');
  });
});
