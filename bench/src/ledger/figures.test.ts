import { describe, expect, it } from 'vitest';
import { type Both, beside, flatTargets, type Measured, middle, type Run, settings, targets } from './figures.ts';
import type { Phase } from './load.ts';
import { readOptions } from './options.ts';
import { report } from './report.ts';

function phase(pairsPerSecond: number): Phase {
  const ms = 1000 / pairsPerSecond;
  return { pairsPerSecond, hold: { p50: ms, p95: ms * 2, p99: ms * 3 }, processorUs: ms * 500 };
}

/** `slow` stretches the whole round, as a busy machine would. */
function round(mine: number, other: number, slow = 1): Both {
  return { mine: phase(mine / slow), other: phase(other / slow) };
}

function measured(clients: number, spread: 'hot' | 'cold', ...rounds: Both[]): Measured {
  return { setting: { clients, spread }, rounds };
}

describe('figures', () => {
  it('do not move when the whole machine slows down in some rounds', () => {
    const one = measured(32, 'hot', round(5000, 10_000), round(5000, 10_000, 6), round(5000, 10_000, 3));
    expect(beside(one, ({ pairsPerSecond }) => pairsPerSecond)).toMatchObject({ median: 0.5 });
    expect(beside(one, ({ hold }) => hold.p99)?.max).toBeCloseTo(2);
    expect(middle(one, 'other', ({ pairsPerSecond }) => pairsPerSecond)).toBeCloseTo(10_000 / 3);
  });

  it('have every number of clients on hot and on cold accounts', () => {
    expect(settings([1, 32])).toEqual([
      { clients: 1, spread: 'hot' },
      { clients: 32, spread: 'hot' },
      { clients: 1, spread: 'cold' },
      { clients: 32, spread: 'cold' },
    ]);
  });

  it('reach the target only where every number of clients does', () => {
    const run: Run = {
      engine: 'sqlite',
      measured: [
        measured(1, 'hot', round(50, 100)),
        measured(32, 'hot', round(49, 100)),
        measured(1, 'cold', round(50, 100)),
        measured(32, 'cold', round(10, 100), round(60, 100), round(60, 100)),
      ],
    };
    expect(targets(run).map(({ reached }) => reached)).toEqual([false, true]);
    expect(targets({ ...run, measured: [] }).map(({ reached }) => reached)).toEqual([false, false]);
  });

  it('count a bare loop that did nothing as a miss', () => {
    const run: Run = { engine: 'sqlite', measured: [measured(1, 'hot', { mine: phase(10), other: { ...phase(1), pairsPerSecond: 0 } })] };
    expect(targets(run)[0]?.reached).toBe(false);
  });
});

describe('flat', () => {
  const reached = (...rounds: Both[]) => flatTargets([measured(32, 'hot', ...rounds)]).map((target) => target.reached);

  it('is a fifth fewer pairs, and a fifth on the p99, at most', () => {
    expect(reached(round(84, 100))).toEqual([true, true]);
    expect(reached(round(82, 100))).toEqual([true, false]);
    expect(reached(round(79, 100), round(79, 100), round(200, 100))).toEqual([false, false]);
  });
});

describe('report', () => {
  it('names the machine, the engine, the missed target and the books', () => {
    const machine = { cpu: 'Some CPU', cores: 2, node: 'v24.0.0', filesystem: 'tmpfs', date: '2026-11-21' };
    const run: Run = { engine: 'sqlite', measured: [measured(32, 'hot', round(4000, 10_000)), measured(32, 'cold', round(6000, 10_000))] };
    const text = report([run], machine, 0.25, readOptions(['--quick']), ['yes  sqlite: agree']);
    expect(text).toContain('Some CPU, 2 cores, Node v24.0.0, tmpfs');
    expect(text).toContain('ATTENTION');
    expect(text).toContain('one durable commit 0.250 ms');
    expect(text).toContain('== sqlite');
    expect(text).toMatch(/^ {2}32 +4000 +10000 +0\.40 × /m);
    expect(text).toContain('NOT reached  pairs/s on hot accounts');
    expect(text).toContain('reached      pairs/s on cold accounts');
    expect(text).toContain('yes  sqlite: agree');
  });
});
