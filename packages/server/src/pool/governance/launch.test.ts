import { describe, expect, it } from 'vitest';
import { readLaunch } from './launch.ts';

const DAY = 86_400_000;

describe('a launch in the configuration', () => {
  const now = Date.parse('2026-06-01T00:00:00Z');
  it.each([
    ['2026-03-01', '2026-03-01T00:00:00Z'],
    ['2026-03-01T12:00:00Z', '2026-03-01T12:00:00Z'],
    ['2026-03-01T12:00:00.5+02:00', '2026-03-01T10:00:00.500Z'],
    [String(now), '2026-06-01T00:00:00Z'],
    ['2027-05-31', '2027-05-31T00:00:00Z'],
  ])('%s is a moment', (text, at) => {
    expect(readLaunch(text, now)).toBe(Date.parse(at));
  });

  it.each(['soon', '', '2026', '2026-13-01', '01.03.2026', '2026-03-01T12:00', '12', '-1', '2206-03-01', String(now + 400 * DAY)])(
    '%j is none, or none that could be taken back',
    (text) => {
      expect(() => readLaunch(text, now)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
    },
  );
});
