import { describe, expect, it } from 'vitest';
import { type About, heading, warnings } from './about.ts';

const machine = { cpu: 'Some CPU', cores: 2, node: 'v24.0.0', filesystem: 'ext4', date: '2026-11-21' };
const about: About = { machine, portkey: '1.0.0', profiled: false, leftOut: [] };

describe('about', () => {
  it('names the machine', () => {
    expect(heading(about)).toBe('2026-11-21, Some CPU, 2 cores, Node v24.0.0, ext4, Portkey 1.0.0');
    expect(warnings(about)).toEqual([]);
  });

  it('warns where the figures are worth less, and says what is missing', () => {
    const worse: About = { ...about, profiled: true, machine: { ...machine, filesystem: 'tmpfs' }, leftOut: ['Portkey, google: 500'] };
    expect(warnings(worse).map((line) => line.split(':')[0])).toEqual(['ATTENTION', 'ATTENTION', 'LEFT OUT']);
  });
});
