import { type Machine, MEMORY_FILESYSTEM } from '../house/machine.ts';
import { median } from '../house/stats.ts';
import { table } from '../house/table.ts';
import { LIMIT_TOKENS } from './gateway.ts';
import type { Measured } from './measure.ts';
import type { Outcome } from './outcome.ts';
import { ABOUT, SCENARIOS, type Scenario } from './scenarios.ts';

/** One gateway, measured. */
export type Row = Measured & { readonly name: string; readonly version: string; readonly cap: string | null };

export type Report = {
  readonly machine: Machine;
  readonly rounds: number;
  readonly rows: readonly Row[];
  readonly leftOut: readonly string[];
};

export function report({ machine, rounds, rows, leftOut }: Report): string {
  const { date, cpu, cores, node, filesystem } = machine;
  const inMemory = filesystem === MEMORY_FILESYSTEM ? ['ATTENTION: the data folder is in memory; set TMPDIR to a folder on a disk.'] : [];
  return [
    `${date}, ${cpu}, ${cores} cores, Node ${node}, ${filesystem}`,
    `${rounds} ${rounds === 1 ? 'round' : 'rounds'}, each with a limit of ${LIMIT_TOKENS} tokens; medians of the rounds (lowest–highest)`,
    ...inMemory,
    ...leftOut.map((line) => `LEFT OUT: ${line}`),
    '',
    ...SCENARIOS.map((scenario) => `  ${scenario.padEnd(6)} ${ABOUT[scenario]}`),
    '',
    'Tokens overspent: billed by the upstream beyond the limit. ≥: it had not refused the smallest call by then.',
    '',
    ...cells(rows, overspent),
    '',
    'Tokens lost: the limit is not billed, and yet the smallest call is refused. +: spent in its own books, outcome unknown.',
    '',
    ...cells(rows, lost),
    '',
    'How each was limited, and its first refusal:',
    '',
    ...rows.flatMap(limitLines),
    '',
    `Answers in flight when it was killed, by round: ${rows.map(({ version, inFlight }) => `${version} ${inFlight.join(' ')}`).join(', ')}`,
  ].join('\n');
}

function cells(rows: readonly Row[], cell: (outcomes: readonly Outcome[]) => string): string[] {
  return table([['', ...SCENARIOS], ...rows.map(({ version, outcomes }) => [version, ...SCENARIOS.map((name) => cell(outcomes[name]))])]);
}

function overspent(outcomes: readonly Outcome[]): string {
  const most = outcomes.every(({ isRefused }) => isRefused) ? '' : '≥ ';
  return `${most}${figure(outcomes.map((outcome) => outcome.overspent))}`;
}

function lost(outcomes: readonly Outcome[]): string {
  if (outcomes.some(({ isRefused }) => !isRefused)) return '–';
  const unknown = outcomes.map((outcome) => outcome.unknown);
  const more = unknown.some((tokens) => tokens > 0) ? ` + ${figure(unknown)}` : '';
  return `${figure(outcomes.map((outcome) => outcome.lost))}${more}`;
}

function figure(tokens: readonly number[]): string {
  const [least, most] = [Math.min(...tokens), Math.max(...tokens)];
  return least === most ? String(least) : `${median(tokens)} (${least}–${most})`;
}

function limitLines({ version, cap, refusal }: Row): string[] {
  return [`  ${version}: ${cap ?? 'no token or cost cap'}`, ...(refusal === null ? [] : [`    ${refusal.replace(/\s+/g, ' ')}`])];
}

/** What would make the table worthless: a measuring that finds nothing, or a limit of our own that did not hold. */
export function faults(rows: readonly Row[], isOurs: (name: string) => boolean): readonly string[] {
  const found = (row: Row, isFault: (outcome: Outcome) => boolean): Scenario[] =>
    SCENARIOS.filter((name) => row.outcomes[name].some(isFault));
  return rows.flatMap((row) => {
    if (row.name === 'pass-through') {
      return found(row, (outcome) => outcome.overspent === 0).map((name) => `nothing was found at the pass-through in ${name}`);
    }
    return isOurs(row.name) ? found(row, (outcome) => outcome.overspent > 0).map((name) => `${row.version} overspent in ${name}`) : [];
  });
}
