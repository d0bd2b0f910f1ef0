import type { DialectName } from '../dialects/dialect.ts';
import { differences, type Latency, median, ratio, type Spread } from '../house/stats.ts';
import type { SubjectName } from '../house/subjects.ts';
import { type Target, times } from '../house/table.ts';

export const CONNECTIONS = [1, 32] as const;
export type Connections = (typeof CONNECTIONS)[number];
export const SHARES = ['p50', 'p95', 'p99'] as const;
export type Share = (typeof SHARES)[number];

/** One phase: one subject at one number of connections. Times in ms. */
export type Phase = { readonly latency: Latency; readonly requestsPerSecond: number; readonly processorMsPerRequest: number | null };
export type Phases = Readonly<Record<Connections, Phase>>;

/** One round: every subject once, and the disk. */
export type Round = { readonly commitMs: number; readonly phases: Readonly<Partial<Record<SubjectName, Phases>>> };

/** All rounds of one dialect, with the subjects that serve it, in order. */
export type Run = { readonly dialect: DialectName; readonly subjects: readonly SubjectName[]; readonly rounds: readonly Round[] };

function each<T>({ rounds }: Run, name: SubjectName, of: (phases: Phases) => T): T[] {
  return rounds.map(({ phases }) => {
    const own = phases[name];
    if (own === undefined) throw new RangeError(`${name} was not measured`);
    return of(own);
  });
}

export function latencies(run: Run, name: SubjectName, connections: Connections, share: Share): number[] {
  return each(run, name, (phases) => phases[connections].latency[share]);
}

/** What a subject adds to the direct way, per round, ms. */
export function added(run: Run, name: SubjectName, connections: Connections, share: Share): number[] {
  return differences(latencies(run, name, connections, share), latencies(run, 'direct', connections, share));
}

export function throughputs(run: Run, name: SubjectName, connections: Connections): number[] {
  return each(run, name, (phases) => phases[connections].requestsPerSecond);
}

/** Processor time per request of the process between, at 32 connections; null where there is none or the system does not tell. */
export function processor(run: Run, name: SubjectName): number[] | null {
  const values = each(run, name, (phases) => phases[32].processorMsPerRequest);
  return values.every((value) => value !== null) ? (values as number[]) : null;
}

export type RatioRow = { readonly what: string; readonly over: Readonly<Partial<Record<SubjectName, Spread | null>>> };

/** Tallystick's figures as multiples of each peer's: within each round first, then the median. */
export function ratios(run: Run): readonly RatioRow[] {
  const peers = run.subjects.filter((name) => name !== 'Tallystick');
  const row = (what: string, of: (name: SubjectName) => number[] | null): RatioRow => {
    const mine = of('Tallystick');
    const over = peers.map((name) => {
      const theirs = of(name);
      return [name, mine === null || theirs === null ? null : ratio(mine, theirs)] as const;
    });
    return { what, over: Object.fromEntries(over) };
  };
  const addedBy = (connections: Connections, share: Share) => (name: SubjectName) =>
    name === 'direct' ? null : added(run, name, connections, share);
  return [
    row('requests/s, 1 connection', (name) => throughputs(run, name, 1)),
    row('requests/s, 32 connections', (name) => throughputs(run, name, 32)),
    ...CONNECTIONS.flatMap((connections) =>
      SHARES.map((share) =>
        row(`added ${share}, ${connections === 1 ? '1 connection' : `${connections} connections`}`, addedBy(connections, share)),
      ),
    ),
    row('processor time per request', (name) => processor(run, name)),
  ];
}

/** What a call may cost beyond the pass-through and its one durable commit. */
const ALLOWANCE_MS = 0.2;
const PORTKEY_FACTOR = 5;

/** The project's own targets, each with what was measured. */
export function targets(run: Run): readonly Target[] {
  const commits = run.rounds.map(({ commitMs }) => commitMs);
  const mine = added(run, 'Tallystick', 1, 'p50');
  const allowed = added(run, 'pass-through', 1, 'p50').map((value, round) => value + (commits[round] as number) + ALLOWANCE_MS);
  const used = ratio(mine, allowed);
  const first: Target = {
    what: `added p50 at 1 connection ≤ pass-through's + one durable commit + ${ALLOWANCE_MS} ms`,
    figure: `${median(mine).toFixed(2)} ms of ${median(allowed).toFixed(2)} ms, ${times(used)}`,
    reached: used !== null && used.median <= 1,
  };
  return run.subjects.includes('Portkey') ? [first, ...besidePortkey(run)] : [first];
}

function besidePortkey(run: Run): readonly Target[] {
  const factor = ratio(throughputs(run, 'Tallystick', 32), throughputs(run, 'Portkey', 32));
  return [
    {
      what: `requests/s at 32 connections ≥ ${PORTKEY_FACTOR} × Portkey's`,
      figure: times(factor),
      reached: factor !== null && factor.median >= PORTKEY_FACTOR,
    },
    ...CONNECTIONS.map((connections) => belowPortkey(run, connections)),
  ];
}

function belowPortkey(run: Run, connections: Connections): Target {
  const parts = SHARES.map((share) => {
    const beside = ratio(added(run, 'Tallystick', connections, share), added(run, 'Portkey', connections, share));
    return { text: `${share} ${times(beside)}`, reached: beside !== null && beside.median < 1 };
  });
  return {
    what: `added latency at ${connections} ${connections === 1 ? 'connection' : 'connections'} below Portkey's`,
    figure: parts.map(({ text }) => text).join(', '),
    reached: parts.every(({ reached }) => reached),
  };
}
