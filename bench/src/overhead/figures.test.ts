import { describe, expect, it } from 'vitest';
import { added, type Connections, type Phase, type Round, type Run, ratios, targets, times } from './figures.ts';
import type { Machine } from './machine.ts';
import { REQUEST_BODY } from './payload.ts';
import { report, table } from './report.ts';
import type { SubjectName } from './subjects.ts';

function phase(ms: number, requestsPerSecond: number): Phase {
  return { latency: { p50: ms, p95: ms * 2, p99: ms * 3 }, requestsPerSecond, processorMsPerRequest: ms / 2 };
}

function both(ms: number, requestsPerSecond: number): Record<Connections, Phase> {
  return { 1: phase(ms, requestsPerSecond), 32: phase(ms * 10, requestsPerSecond) };
}

/** `slow` stretches the whole round, as a busy machine would. */
function round(mine: number, slow = 1): Round {
  const none = { ...both(0.1 * slow, 10_000 / slow) };
  const nobody = { 1: { ...none[1], processorMsPerRequest: null }, 32: { ...none[32], processorMsPerRequest: null } };
  const phases: Record<SubjectName, Record<Connections, Phase>> = {
    direct: nobody,
    'pass-through': both(0.3 * slow, 5000 / slow),
    Tallystick: both(mine * slow, 2000 / slow),
    Portkey: both(1.1 * slow, 400 / slow),
  };
  return { commitMs: 0.2 * slow, phases };
}

function run(...rounds: Round[]): Run {
  return { rounds, peakMemoryMib: { direct: null, 'pass-through': 100, Tallystick: 150, Portkey: 300 } };
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
    expect(rows.find(({ what }) => what === 'peak memory')?.over.Portkey?.median).toBeCloseTo(0.5);
  });

  it('say which targets are reached', () => {
    expect(targets(run(round(0.69))).map(({ reached }) => reached)).toEqual([true, true, true, true]);
    // Pass-through 0.2 + commit 0.2 + 0.2 allowed.
    expect(targets(run(round(0.71))).map(({ reached }) => reached)).toEqual([false, true, true, true]);
    expect(targets(run(round(1.2))).map(({ reached }) => reached)).toEqual([false, true, false, false]);
  });

  it('count a target that cannot be measured as missed', () => {
    const [first] = run(round(0.5)).rounds as [Round];
    const broken: Round = { ...first, phases: { ...first.phases, Portkey: both(0.05, 0) } };
    expect(targets(run(broken)).slice(1)).toMatchObject([{ reached: false }, { reached: false }, { reached: false }]);
  });

  it('write ratios with their extremes', () => {
    expect(times({ median: 5, min: 4.4, max: 12.34 })).toBe('5.00 × (4.40–12.3)');
    expect(times({ median: 2, min: 2, max: 2 })).toBe('2.00 ×');
    expect(times(null)).toBe('–');
  });
});

describe('report', () => {
  const machine: Machine = { cpu: 'Some CPU', cores: 2, node: 'v24.0.0', filesystem: 'ext4', date: '2026-11-21' };
  const about = { machine, portkey: '1.0.0', rounds: 1, requests: 10, profiled: false };

  it('names the machine, the missed targets and the books', () => {
    const text = report(run(round(0.71)), about, ['yes  spent 1 = billed 1']);
    expect(text).toContain('Some CPU, 2 cores, Node v24.0.0, ext4');
    expect(text).toContain('NOT reached  added p50');
    expect(text).toContain('yes  spent 1 = billed 1');
    expect(text).not.toContain('ATTENTION');
  });

  it('warns where the figures are worth less', () => {
    const text = report(run(round(0.5)), { ...about, profiled: true, machine: { ...machine, filesystem: 'tmpfs' } }, []);
    expect(text.match(/ATTENTION/g)).toHaveLength(2);
  });

  it('aligns its columns', () => {
    expect(
      table([
        ['', 'a', 'bbb'],
        ['name', '10', '2'],
      ]),
    ).toEqual(['          a   bbb', '  name   10     2']);
  });
});

describe('payload', () => {
  it('is about 1 KB', () => {
    expect(Buffer.byteLength(REQUEST_BODY)).toBeGreaterThan(800);
    expect(Buffer.byteLength(REQUEST_BODY)).toBeLessThan(1300);
  });
});
