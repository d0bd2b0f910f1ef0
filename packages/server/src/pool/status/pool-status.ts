import type { LockoutView } from '../governance/lockout.ts';
import type { StopView } from '../governance/stops.ts';
import { STANDING_STATES, type Standing } from './standing.ts';
import { isAccepted, type Sums, sumsOf } from './sums.ts';

/** All that is told of the pool to everyone. The first six names of `PoolStatus` and of `ProviderStatus` are the source document's own. */
export type PoolStatus = {
  readonly total_keys_donated: number;
  readonly total_tokens_donated: number;
  readonly total_tokens_used: number;
  readonly total_tokens_remaining: number;
  readonly utilization_percent: number;
  readonly by_provider: Readonly<Record<string, ProviderStatus>>;
  /** Every donated token is in one place: donated = used + held + remaining + lapsed, remaining = available + dust + paused + frozen. */
  readonly tokens: Readonly<Record<string, number>>;
  readonly keys_by_state: Readonly<Record<string, number>>;
  /** Given, and not yet known to work: in no total. */
  readonly pending: { readonly keys: number; readonly tokens: number };
  /** Of the totals, what is simulated: keys of the sandbox. */
  readonly simulated: { readonly keys: number; readonly tokens_donated: number; readonly tokens_used: number };
  readonly lockout: { readonly locked: boolean; readonly launched_at: number; readonly unlocks_at: number; readonly override: boolean };
  /** `all`: every call of this gateway, the pool's among them. */
  readonly stops: { readonly all: boolean; readonly pool: StopStatus; readonly providers: Readonly<Record<string, StopStatus>> };
  readonly tasks: Readonly<Record<string, number>>;
  readonly switches: number;
  readonly breaches: number;
  readonly at: number;
};

export type StopStatus = { readonly stopped: boolean; readonly reason: string | null };

export type ProviderStatus = {
  readonly total_keys: number;
  readonly active_keys: number;
  readonly depleted_keys: number;
  readonly donated_tokens: number;
  readonly used_tokens: number;
  readonly remaining_tokens: number;
  readonly held_tokens: number;
  readonly lapsed_tokens: number;
  readonly simulated: boolean;
};

export type StatusParts = {
  readonly standings: readonly Standing[];
  readonly lockout: LockoutView;
  readonly stops: readonly StopView[];
  readonly isStopped: boolean;
  readonly tasks: ReadonlyMap<string, number>;
  readonly switches: number;
  readonly breaches: number;
  readonly now: number;
};

export function poolStatus({ standings, lockout, stops, ...rest }: StatusParts): PoolStatus {
  const accepted = standings.filter(isAccepted);
  const pending = standings.filter(({ state }) => state === 'pending_validation');
  const simulated = accepted.filter((each) => each.simulated);
  const sums = sumsOf(accepted);
  const ofSimulated = sumsOf(simulated);
  return {
    total_keys_donated: accepted.length,
    total_tokens_donated: Number(sums.given),
    total_tokens_used: Number(sums.used),
    total_tokens_remaining: Number(sums.remaining),
    utilization_percent: percent(sums),
    by_provider: byProvider(accepted),
    tokens: Object.fromEntries(Object.entries(sums).map(([name, amount]) => [name === 'given' ? 'donated' : name, Number(amount)])),
    keys_by_state: keysByState(standings),
    pending: { keys: pending.length, tokens: Number(pending.reduce((sum, { given }) => sum + given, 0n)) },
    simulated: { keys: simulated.length, tokens_donated: Number(ofSimulated.given), tokens_used: Number(ofSimulated.used) },
    lockout: {
      locked: lockout.locked,
      launched_at: lockout.launchedAt,
      unlocks_at: lockout.unlocksAt,
      override: lockout.override,
    },
    stops: stopsOf(stops, rest.isStopped),
    tasks: Object.fromEntries(rest.tasks),
    switches: rest.switches,
    breaches: rest.breaches,
    at: rest.now,
  };
}

/** With one decimal, rounded down: what is not used up does not read as 100. */
function percent({ given, used }: Pick<Sums, 'given' | 'used'>): number {
  return given === 0n ? 0 : Number((used * 1_000n) / given) / 10;
}

function byProvider(accepted: readonly Standing[]): Readonly<Record<string, ProviderStatus>> {
  const names = [...new Set(accepted.map(({ provider }) => provider))].sort();
  return Object.fromEntries(names.map((name) => [name, providerStatus(accepted.filter(({ provider }) => provider === name))]));
}

function providerStatus(keys: readonly Standing[]): ProviderStatus {
  const sums = sumsOf(keys);
  return {
    total_keys: keys.length,
    active_keys: keys.filter(({ state }) => state === 'active').length,
    depleted_keys: keys.filter(({ end }) => end === 'depleted' || end === 'exhausted').length,
    donated_tokens: Number(sums.given),
    used_tokens: Number(sums.used),
    remaining_tokens: Number(sums.remaining),
    held_tokens: Number(sums.held),
    lapsed_tokens: Number(sums.lapsed),
    simulated: keys.every(({ simulated }) => simulated),
  };
}

function keysByState(standings: readonly Standing[]): Readonly<Record<string, number>> {
  const counts = STANDING_STATES.map((state) => [state, standings.filter((each) => each.state === state).length] as const);
  return Object.fromEntries(counts);
}

function stopsOf(stops: readonly StopView[], all: boolean): PoolStatus['stops'] {
  const { scope: _, ...pool } = stops.find(({ scope }) => scope === 'pool') ?? { scope: 'pool', stopped: false, reason: null };
  const providers = stops.flatMap(({ scope, stopped, reason }) =>
    scope.startsWith('provider:') ? [[scope.slice('provider:'.length), { stopped, reason }] as const] : [],
  );
  return { all, pool, providers: Object.fromEntries(providers) };
}
