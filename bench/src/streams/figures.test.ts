import { describe, expect, it } from 'vitest';
import type { About } from '../house/about.ts';
import {
  addedFirsts,
  addedFrames,
  frames,
  heldLeast,
  kibPerStream,
  LEVELS,
  type Memory,
  type OfSubject,
  type Phase,
  processors,
  type Round,
  type Run,
  rushRatio,
  targets,
} from './figures.ts';
import { readOptions } from './options.ts';
import { report } from './report.ts';

function phase(ms: number, held: number, isBetween = true): Phase {
  const latency = { p50: ms, p95: ms * 2, p99: ms * 3 };
  return {
    first: latency,
    frame: held === 0 ? null : latency,
    processorUsPerFrame: isBetween && held > 0 ? ms * 100 : null,
    heldLeast: held,
  };
}

function subject(ms: number, isBetween = true): OfSubject {
  return {
    phases: { 0: phase(ms, 0, isBetween), 32: phase(ms, 32, isBetween), 512: phase(ms, 512, isBetween) },
    rushFramesPerSecond: 1000 / ms,
  };
}

/** `slow` stretches the whole round, as a busy machine would. */
function round(mine: number, slow = 1): Round {
  return { direct: subject(0.1 * slow, false), 'pass-through': subject(0.3 * slow), Tallystick: subject(mine * slow) };
}

function run(...rounds: Round[]): Run {
  return { dialect: 'anthropic', subjects: ['direct', 'pass-through', 'Tallystick'], levels: LEVELS, rounds };
}

describe('figures', () => {
  it('take the pass-through off, in the same round', () => {
    expect(addedFirsts(run(round(0.5), round(0.5, 10)), 'Tallystick', 512, 'p50').map((ms) => Math.round(ms * 10))).toEqual([2, 20]);
    expect(addedFrames(run(round(0.5)), 'Tallystick', 32, 'p99')?.[0]).toBeCloseTo(0.6);
    expect(rushRatio(run(round(0.6), round(0.6, 7)), 'pass-through')?.max).toBeCloseTo(0.5);
  });

  it('know what there is none of', () => {
    expect(frames(run(round(0.5)), 'Tallystick', 0, 'p50')).toBeNull();
    expect(processors(run(round(0.5)), 'direct', 512)).toBeNull();
    expect(() => rushRatio(run(round(0.5)), 'Portkey')).toThrow('Portkey');
    expect(() => frames({ ...run({ direct: { phases: {}, rushFramesPerSecond: 1 } }) }, 'direct', 32, 'p50')).toThrow('32 streams');
  });

  it('reach the target only at p99 and only with all streams held', () => {
    expect(targets(run(round(0.3 + 0.33)))[0]?.reached).toBe(true);
    expect(targets(run(round(0.3 + 0.34)))[0]?.reached).toBe(false);
    expect(targets(run(round(0.29)))[0]).toMatchObject({ reached: false, figure: expect.stringContaining('noise') });
    const fewer: OfSubject = { ...subject(0.4), phases: { ...subject(0.4).phases, 512: phase(0.4, 511) } };
    const lost = run({ ...round(0.4), Tallystick: fewer }, round(0.4));
    expect(heldLeast(lost, 'Tallystick', 512)).toBe(511);
    expect(targets(lost)[0]?.reached).toBe(false);
  });
});

const MEMORY: Memory = {
  name: 'Tallystick',
  readings: [
    { held: 0, mib: 100 },
    { held: 256, mib: 130 },
    { held: 512, mib: 150 },
  ],
  afterMib: 151,
};

describe('kibPerStream', () => {
  it('goes from none to the most', () => {
    expect(kibPerStream(MEMORY)).toBe(100);
    expect(() => kibPerStream({ ...MEMORY, readings: MEMORY.readings.slice(0, 1) })).toThrow(RangeError);
  });
});

describe('report', () => {
  it('has every dialect, the missed targets, the memory and what says that the work got done', () => {
    const machine = { cpu: 'Some CPU', cores: 2, node: 'v24.0.0', filesystem: 'ext4', date: '2026-11-21' };
    const about: About = { machine, portkey: '1.0.0', profiled: false, leftOut: ['Portkey, anthropic: 500'] };
    const text = report([run(round(0.9))], [MEMORY], about, readOptions(['--rounds', '1']), ['yes  5 frames came of 5 sent']);
    expect(text).toContain('LEFT OUT: Portkey, anthropic: 500');
    expect(text).toContain('== anthropic');
    expect(text).toContain('NOT reached  added time to first token');
    expect(text).toMatch(/Tallystick +100 +130 +150 +151 +100 KiB/);
    expect(text).toContain('yes  5 frames came of 5 sent');
  });
});
