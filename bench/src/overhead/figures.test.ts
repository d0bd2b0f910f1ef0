import { describe, expect, it } from 'vitest';
import type { About } from '../house/about.ts';
import type { SubjectName } from '../house/subjects.ts';
import { added, type Phase, type Phases, type Round, type Run, ratios, targets } from './figures.ts';
import { report } from './report.ts';

function phase(ms: number, requestsPerSecond: number): Phase {
  return { latency: { p50: ms, p95: ms * 2, p99: ms * 3 }, requestsPerSecond, processorMsPerRequest: ms / 2 };
}

function both(ms: number, requestsPerSecond: number): Phases {
  return { 1: phase(ms, requestsPerSecond), 32: phase(ms * 10, requestsPerSecond) };
}

/** `slow` stretches the whole round, as a busy machine would. */
function round(mine: number, slow = 1): Round {
  const none = { ...both(0.1 * slow, 10_000 / slow) };
  const nobody = { 1: { ...none[1], processorMsPerRequest: null }, 32: { ...none[32], processorMsPerRequest: null } };
  const phases = {
    direct: nobody,
    'pass-through': both(0.3 * slow, 5000 / slow),
    Tallystick: both(mine * slow, 2000 / slow),
    Portkey: both(1.1 * slow, 400 / slow),
  };
  return { commitMs: 0.2 * slow, phases };
}

const ALL: readonly SubjectName[] = ['direct', 'pass-through', 'Tallystick', 'Portkey'];

function run(...rounds: Round[]): Run {
  return { dialect: 'openai', subjects: ALL, rounds };
}

describe('figures', () => {
  it('take the direct way off', () => {
    expect(added(run(round(0.6)), 'Tallystick', 1, 'p50')[0]).toBeCloseTo(0.5);
    expect(added(run(round(0.6)), 'Tallystick', 32, 'p99')[0]).toBeCloseTo(15);
  });

  it('do not move when the whole machine slows down in some rounds', () => {
    const rows = ratios(run(round(0.6), round(0.6, 7), round(0.6, 3)));
    const rate = rows.find(({ what }) => what === 'requests/s, 32 connections');
    expect(rate?.over.Portkey?.median).toBeCloseTo(5);
    expect(rate?.over.Portkey?.max).toBeCloseTo(5);
    expect(rows.find(({ what }) => what === 'added p95, 1 connection')?.over.direct).toBeNull();
    expect(rows.find(({ what }) => what === 'processor time per request')?.over.direct).toBeNull();
  });

  it('say which targets are reached', () => {
    expect(targets(run(round(0.69))).map(({ reached }) => reached)).toEqual([true, true, true, true]);
    // Pass-through 0.2 + commit 0.2 + 0.2 allowed.
    expect(targets(run(round(0.71))).map(({ reached }) => reached)).toEqual([false, true, true, true]);
    expect(targets(run(round(1.2))).map(({ reached }) => reached)).toEqual([false, true, false, false]);
  });

  it('count a target that cannot be measured as missed', () => {
    const first = round(0.5);
    const broken: Round = { ...first, phases: { ...first.phases, Portkey: both(0.05, 0) } };
    expect(targets(run(broken)).slice(1)).toMatchObject([{ reached: false }, { reached: false }, { reached: false }]);
  });

  it('do without a peer that does not serve the dialect', () => {
    const alone: Run = { ...run(round(0.5)), subjects: ALL.slice(0, 3) };
    expect(targets(alone)).toHaveLength(1);
    expect(Object.keys(ratios(alone)[0]?.over ?? {})).toEqual(['direct', 'pass-through']);
    expect(() => added({ ...alone, rounds: [{ commitMs: 1, phases: {} }] }, 'Portkey', 1, 'p50')).toThrow('Portkey');
  });
});

describe('report', () => {
  const machine = { cpu: 'Some CPU', cores: 2, node: 'v24.0.0', filesystem: 'ext4', date: '2026-11-21' };
  const about: About = { machine, portkey: '1.0.0', profiled: false, leftOut: ['Portkey, google: 500'] };

  it('names the machine, every dialect, the missed targets, the memory and the books', () => {
    const runs = [run(round(0.71)), { ...run(round(0.5)), dialect: 'google' as const }];
    const text = report(runs, { direct: null, Tallystick: 150.4 }, about, 10, ['yes  spent 1 = billed 1']);
    expect(text).toContain('Some CPU, 2 cores, Node v24.0.0, ext4');
    expect(text).toContain('1 rounds of 10 requests');
    expect(text).toContain('LEFT OUT: Portkey, google: 500');
    expect(text.match(/^== .*$/gm)).toEqual(['== openai', '== google']);
    expect(text.match(/NOT reached/g)).toHaveLength(1);
    expect(text).toContain('Tallystick   150');
    expect(text).toContain('yes  spent 1 = billed 1');
  });
});
