import { machineLine, memoryWarning } from '../house/about.ts';
import type { Machine } from '../house/machine.ts';
import { table, targetLine, times } from '../house/table.ts';
import { beside, type Measured, middle, PAIRS, type Run, SPREADS, targets } from './figures.ts';
import type { Options } from './options.ts';
import { COLD_ACCOUNTS, type Spread } from './requests.ts';

/** @param commitMs one durable commit of a row, nothing else running. @param books what the books say after it all, one line each. */
export function report(runs: readonly Run[], machine: Machine, commitMs: number, options: Options, books: readonly string[]): string {
  const lines = [
    machineLine(machine),
    `${options.rounds} rounds of ${options.phaseMs} ms per phase; medians of the rounds; one durable commit ${commitMs.toFixed(3)} ms`,
    ...memoryWarning(machine),
    ...runs.flatMap(ofEngine),
    '',
    'Did the work get done? The ledger’s books after the run:',
    '',
    ...books.map((line) => `  ${line}`),
  ];
  return lines.join('\n');
}

const WHAT: Readonly<Record<Spread, string>> = {
  hot: 'Hot: every call on the same source and the same key.',
  cold: `Cold: calls spread over ${COLD_ACCOUNTS} sources and ${COLD_ACCOUNTS} keys.`,
};

function ofEngine(run: Run): string[] {
  const ofSpread = (spread: Spread) => {
    const measured = run.measured.filter(({ setting }) => setting.spread === spread);
    return ['', WHAT[spread], '', ...table(rows(measured, 'bare'))];
  };
  return ['', `== ${run.engine}`, ...SPREADS.flatMap(ofSpread), '', ...targets(run).map(targetLine)];
}

/** @param other what stands beside. */
export function rows(measured: readonly Measured[], other: string): string[][] {
  const head = ['clients', 'pairs/s', other, 'as a multiple', 'hold p50 ms', other, 'p99 ms', other, 'processor', other, 'as a multiple'];
  const body = measured.map((one) => {
    const both = (of: Parameters<typeof middle>[2], digits: number) => [
      middle(one, 'mine', of).toFixed(digits),
      middle(one, 'other', of).toFixed(digits),
    ];
    return [
      String(one.setting.clients),
      ...both(PAIRS, 0),
      times(beside(one, PAIRS)),
      ...both(({ hold }) => hold.p50, 2),
      ...both(({ hold }) => hold.p99, 2),
      ...both(({ processorUs }) => processorUs, 0).map((text) => `${text} µs`),
      times(beside(one, ({ processorUs }) => processorUs)),
    ];
  });
  return [head, ...body];
}
