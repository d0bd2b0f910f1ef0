import type { Standing, StandingState } from './standing.ts';

/**
 * What became of the tokens of some gifts. Whatever happens, of each gift and of all of them:
 *
 *     given = used + held + remaining + lapsed        remaining = available + dust + paused + frozen
 */
export type Sums = {
  readonly given: bigint;
  /** Charged for calls that have ended. */
  readonly used: bigint;
  /** Of calls that run, and reserved for tasks. */
  readonly held: bigint;
  /** May still be spent, at once or later. */
  readonly remaining: bigint;
  readonly available: bigint;
  /** Of active keys that have too little left for any call. */
  readonly dust: bigint;
  readonly paused: bigint;
  readonly frozen: bigint;
  /** Can never be spent any more: of keys that have ended, and what limits were lowered by. */
  readonly lapsed: bigint;
};

const NONE: Sums = { given: 0n, used: 0n, held: 0n, remaining: 0n, available: 0n, dust: 0n, paused: 0n, frozen: 0n, lapsed: 0n };

/** Given and accepted: a key that is not yet known to work, and one that does not, are no gift. */
export function isAccepted({ state, end }: Pick<Standing, 'state' | 'end'>): boolean {
  return state !== 'pending_validation' && end !== 'rejected';
}

export function sumsOf(gifts: readonly Standing[]): Sums {
  return gifts.map(sumsOfOne).reduce(add, NONE);
}

export function sumsOfOne(gift: Standing): Sums {
  const { given, spent: used, held } = gift;
  const isOver = ENDED.has(gift.state);
  // What is open when a key ends is still held until it settles.
  const free = isOver ? 0n : atLeastNothing(gift.limit - used - held - gift.overrun);
  const place = isOver ? null : placeOf(gift);
  const remaining = place === null ? 0n : free;
  const sums = { ...NONE, given, used, held, remaining, lapsed: given - used - held - remaining };
  return place === null ? sums : { ...sums, [place]: remaining };
}

const ENDED: ReadonlySet<StandingState> = new Set(['depleted', 'exhausted', 'expired', 'revoked', 'rejected', 'destroyed']);

function placeOf({ state, isUsable }: Standing): 'available' | 'dust' | 'paused' | 'frozen' {
  if (state === 'frozen') return 'frozen';
  if (state !== 'active') return 'paused';
  return isUsable ? 'available' : 'dust';
}

function add(a: Sums, b: Sums): Sums {
  const names = Object.keys(NONE) as (keyof Sums)[];
  return Object.fromEntries(names.map((name) => [name, a[name] + b[name]])) as Sums;
}

function atLeastNothing(amount: bigint): bigint {
  return amount > 0n ? amount : 0n;
}
