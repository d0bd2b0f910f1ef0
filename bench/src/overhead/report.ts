import { added, CONNECTIONS, latencies, processor, type Run, ratios, SHARES, targets, throughputs, times } from './figures.ts';
import type { Machine } from './machine.ts';
import { MEMORY_FILESYSTEM } from './machine.ts';
import { median } from './stats.ts';
import { SUBJECTS } from './subjects.ts';

export type About = {
  readonly machine: Machine;
  readonly portkey: string;
  readonly rounds: number;
  readonly requests: number;
  readonly profiled: boolean;
};

/** The whole report as text. */
export function report(run: Run, about: About, books: readonly string[]): string {
  const { machine } = about;
  const commits = run.rounds.map(({ commitMs }) => commitMs);
  const lines = [
    `${machine.date}, ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, ${machine.filesystem}, Portkey ${about.portkey}`,
    `${about.rounds} rounds of ${about.requests} requests per phase; medians of the rounds; one durable commit ${median(commits).toFixed(3)} ms`,
    ...warnings(about),
    '',
    'Latency in ms. Direct: the whole of it; all others: what they add to direct.',
    '',
    ...table(latencyRows(run)),
    '',
    'Requests per second (closed loop), processor time of the process between per request, its peak memory.',
    '',
    ...table(workRows(run)),
    '',
    'Tallystick as a multiple of each, within a round, then the median (lowest–highest round).',
    '',
    ...table(ratioRows(run)),
    '',
    'Targets',
    '',
    ...targets(run).map(({ what, figure, reached }) => `  ${reached ? 'reached    ' : 'NOT reached'}  ${what}: ${figure}`),
    '',
    'Did the work get done? Tallystick’s books after the run:',
    '',
    ...books.map((line) => `  ${line}`),
  ];
  return lines.join('\n');
}

function warnings({ machine, profiled }: About): string[] {
  const found: string[] = [];
  if (machine.filesystem === MEMORY_FILESYSTEM) {
    found.push('ATTENTION: the data folder is in memory, where a durable commit costs nothing; set TMPDIR to a folder on a disk.');
  }
  if (profiled) found.push('ATTENTION: Tallystick ran under a profiler; its figures are too slow to quote.');
  return found;
}

function latencyRows(run: Run): string[][] {
  const columns = CONNECTIONS.flatMap((connections) => SHARES.map((share) => ({ connections, share })));
  const head = ['', ...columns.map(({ connections, share }) => `${share} at ${connections}`)];
  const body = SUBJECTS.map((name) => [
    name,
    ...columns.map(({ connections, share }) => {
      const values = name === 'direct' ? latencies(run, name, connections, share) : added(run, name, connections, share);
      return median(values).toFixed(2);
    }),
  ]);
  return [head, ...body];
}

function workRows(run: Run): string[][] {
  const body = SUBJECTS.map((name) => {
    const spent = processor(run, name);
    const peak = run.peakMemoryMib[name];
    return [
      name,
      ...CONNECTIONS.map((connections) => median(throughputs(run, name, connections)).toFixed(0)),
      spent === null ? '–' : `${(median(spent) * 1000).toFixed(0)} µs`,
      peak === null ? '–' : `${peak.toFixed(0)} MiB`,
    ];
  });
  return [['', 'req/s at 1', 'req/s at 32', 'processor', 'peak memory'], ...body];
}

function ratioRows(run: Run): string[][] {
  const peers = SUBJECTS.filter((name) => name !== 'Tallystick');
  const body = ratios(run).map(({ what, over }) => [what, ...peers.map((name) => times(over[name]))]);
  return [['', ...peers.map((name) => `to ${name}`)], ...body];
}

/** Aligned columns: the first to the left, figures to the right. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map((row) => {
    const cells = row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)));
    return `  ${cells.join('   ')}`.trimEnd();
  });
}
