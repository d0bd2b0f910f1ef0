import type { PoolKey } from './ports.ts';
import type { Room } from './sizes.ts';

/** A key is left at a turn's end when this much of what it has left would not do, so that a turn that runs longer than planned still fits. */
const SAFE_PERCENT = 90n;
const SAFE_BUFFER = 5_000n;

/** ⌊90 % of what is left⌋ − 5,000, tokens; never below 0. */
export function safeLimit(left: bigint): bigint {
  const safe = (left * SAFE_PERCENT) / 100n - SAFE_BUFFER;
  return safe > 0n ? safe : 0n;
}

/** The last tenth of a limit, rounded up: what the ledger keeps free of every hold that rests on a count. */
export function guardBand(limit: bigint): bigint {
  return (limit + 9n) / 10n;
}

/** All that a key has left. */
export function wholeRoom({ left, limit }: Pick<PoolKey, 'left' | 'limit'>): Room {
  return { proved: left, counted: left - guardBand(limit) };
}

export function safeRoom(key: Pick<PoolKey, 'left' | 'limit'>): Room {
  return lesser(wholeRoom(key), { proved: safeLimit(key.left), counted: safeLimit(key.left) });
}

export function lesser(a: Room, b: Room): Room {
  return { proved: a.proved < b.proved ? a.proved : b.proved, counted: a.counted < b.counted ? a.counted : b.counted };
}
