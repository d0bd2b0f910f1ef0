import type { Ledger } from '#ledger';
import type { Lockout } from '../governance/lockout.ts';
import type { Stops } from '../governance/stops.ts';
import type { Helped } from './helped.ts';
import { type LeaderRow, leaderboard } from './leaderboard.ts';
import { type PoolStatus, poolStatus } from './pool-status.ts';
import type { BookStandings } from './standings.ts';

/** So long what was read is told again. */
const FRESH_MS = 1_000;

export type StatusReaderDeps = {
  readonly ledger: Pick<Ledger, 'recordStates' | 'stopReason'>;
  readonly standings: Pick<BookStandings, 'all'>;
  readonly helped: Pick<Helped, 'tasks'>;
  readonly lockout: Pick<Lockout, 'view'>;
  readonly stops: Pick<Stops, 'view'>;
  readonly clock: { wallMs(): number; monotonicMs(): number };
};

/** Keeps what was read for a moment, so that many who ask cost one reading; what fails is not kept. */
function kept<T>(clock: { monotonicMs(): number }, read: () => Promise<T>): () => Promise<T> {
  let last: { readonly at: number; readonly value: Promise<T> } | null = null;
  return () => {
    const now = clock.monotonicMs();
    if (last !== null && now - last.at < FRESH_MS) return last.value;
    const next = { at: now, value: read() };
    last = next;
    next.value.catch(() => {
      if (last === next) last = null;
    });
    return next.value;
  };
}

/** What the pool tells everyone of itself, from the books as they were at most a second ago. */
export class StatusReader {
  readonly status: () => Promise<PoolStatus>;
  readonly leaders: () => Promise<readonly LeaderRow[]>;

  constructor(deps: StatusReaderDeps) {
    this.status = kept(deps.clock, () => readStatus(deps));
    this.leaders = kept(deps.clock, async () => leaderboard(await deps.standings.all(), await deps.helped.tasks()));
  }
}

async function readStatus({ ledger, standings, lockout, stops, clock }: StatusReaderDeps): Promise<PoolStatus> {
  const [all, gates, stopReason] = await Promise.all([standings.all(), stops.view(), ledger.stopReason()]);
  const [tasks, switches, breaches] = await Promise.all(
    ['pool.task', 'pool.switch', 'pool.breach'].map((kind) => ledger.recordStates(kind)),
  );
  return poolStatus({
    standings: all,
    lockout: lockout.view(),
    stops: gates,
    isStopped: stopReason !== null,
    tasks: tasks ?? new Map(),
    switches: countOf(switches),
    breaches: countOf(breaches),
    now: clock.wallMs(),
  });
}

function countOf(states: ReadonlyMap<string, number> = new Map()): number {
  return [...states.values()].reduce((sum, count) => sum + count, 0);
}
