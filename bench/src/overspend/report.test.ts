import { describe, expect, it } from 'vitest';
import { isOurs } from './columns.ts';
import { type Outcome, outcomeOf } from './outcome.ts';
import { faults, type Row, report } from './report.ts';
import type { Scenario } from './scenarios.ts';

const HELD = outcomeOf(2900, 2900, true);
const NO_CAP = outcomeOf(9000, null, false);
const MACHINE = { cpu: 'a processor', cores: 2, node: 'v24', filesystem: 'ext4', date: '2026-01-01' };

function row(name: string, usual: Outcome, other: Partial<Record<Scenario, Outcome>> = {}): Row {
  const of = (scenario: Scenario) => [other[scenario] ?? usual];
  const outcomes = { calm: of('calm'), race: of('race'), abort: of('abort'), emit: of('emit'), dense: of('dense'), crash: of('crash') };
  return { name, version: name, cap: null, outcomes, inFlight: [3], refusal: null };
}

describe('faults', () => {
  it('are none where the pass-through lets everything through and our limit holds', () => {
    expect(faults([row('pass-through', NO_CAP), row('tallystick', HELD)], isOurs)).toEqual([]);
  });

  it('are told where the measuring finds nothing', () => {
    expect(faults([row('pass-through', NO_CAP, { abort: HELD })], isOurs)).toEqual(['nothing was found at the pass-through in abort']);
  });

  it('are told where a limit of ours did not hold, and not for a peer', () => {
    const one = { crash: outcomeOf(3001, null, true) };
    expect(faults([row('tallystick', HELD, one), row('eggrd', HELD, one)], isOurs)).toEqual(['tallystick overspent in crash']);
  });
});

describe('report', () => {
  const lines = (rows: readonly Row[]) => report({ machine: MACHINE, rounds: 1, rows, leftOut: ['bifrost: not to be had'] }).split('\n');
  const cellsOf = (rows: readonly Row[]) =>
    lines(rows)
      .filter((line) => line.startsWith('  tallystick  '))
      .map((line) => line.trim().split(/ {2,}/).slice(1));

  it('tells what is overspent, what is lost, and what is unknown', () => {
    const [overspent, lost] = cellsOf([row('tallystick', HELD, { crash: outcomeOf(1000, 2900, true), calm: NO_CAP })]);
    expect(overspent).toEqual(['≥ 6000', '0', '0', '0', '0', '0']);
    expect(lost).toEqual(['–', '100', '100', '100', '100', '100 + 1900']);
  });

  it('says aloud who was left out, and who has no cap', () => {
    const text = lines([row('tallystick', HELD)]);
    expect(text).toContain('LEFT OUT: bifrost: not to be had');
    expect(text).toContain('  tallystick: no token or cost cap');
  });
});
