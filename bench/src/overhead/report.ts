import { type About, heading, warnings } from '../house/about.ts';
import { median } from '../house/stats.ts';
import type { SubjectName } from '../house/subjects.ts';
import { table, targetLine, times } from '../house/table.ts';
import { added, CONNECTIONS, latencies, processor, type Run, ratios, SHARES, targets, throughputs } from './figures.ts';

export type Memory = Readonly<Partial<Record<SubjectName, number | null>>>;

/** The whole report as text. @param peakMib peak memory of the processes between, over the whole run. */
export function report(runs: readonly Run[], peakMib: Memory, about: About, requests: number, books: readonly string[]): string {
  const commits = runs.flatMap(({ rounds }) => rounds.map(({ commitMs }) => commitMs));
  const rounds = runs[0]?.rounds.length ?? 0;
  const lines = [
    heading(about),
    `${rounds} rounds of ${requests} requests per phase; medians of the rounds; one durable commit ${median(commits).toFixed(3)} ms`,
    ...warnings(about),
    ...runs.flatMap(ofDialect),
    '',
    'Peak memory of the process between, over the whole run.',
    '',
    ...table([['', 'MiB'], ...Object.entries(peakMib).flatMap(([name, mib]) => (mib === null ? [] : [[name, mib.toFixed(0)]]))]),
    '',
    'Did the work get done? Tallystick’s books after the run:',
    '',
    ...books.map((line) => `  ${line}`),
  ];
  return lines.join('\n');
}

function ofDialect(run: Run): string[] {
  return [
    '',
    `== ${run.dialect}`,
    '',
    'Latency in ms. Direct: the whole of it; all others: what they add to direct.',
    '',
    ...table(latencyRows(run)),
    '',
    'Requests per second (closed loop), processor time of the process between per request.',
    '',
    ...table(workRows(run)),
    '',
    'Tallystick as a multiple of each, within a round, then the median (lowest–highest round).',
    '',
    ...table(ratioRows(run)),
    '',
    ...targets(run).map(targetLine),
  ];
}

function latencyRows(run: Run): string[][] {
  const columns = CONNECTIONS.flatMap((connections) => SHARES.map((share) => ({ connections, share })));
  const head = ['', ...columns.map(({ connections, share }) => `${share} at ${connections}`)];
  const body = run.subjects.map((name) => [
    name,
    ...columns.map(({ connections, share }) => {
      const values = name === 'direct' ? latencies(run, name, connections, share) : added(run, name, connections, share);
      return median(values).toFixed(2);
    }),
  ]);
  return [head, ...body];
}

function workRows(run: Run): string[][] {
  const body = run.subjects.map((name) => {
    const spent = processor(run, name);
    return [
      name,
      ...CONNECTIONS.map((connections) => median(throughputs(run, name, connections)).toFixed(0)),
      spent === null ? '–' : `${(median(spent) * 1000).toFixed(0)} µs`,
    ];
  });
  return [['', 'req/s at 1', 'req/s at 32', 'processor'], ...body];
}

function ratioRows(run: Run): string[][] {
  const peers = run.subjects.filter((name) => name !== 'Tallystick');
  const body = ratios(run).map(({ what, over }) => [what, ...peers.map((name) => times(over[name]))]);
  return [['', ...peers.map((name) => `to ${name}`)], ...body];
}
