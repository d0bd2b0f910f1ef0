import type { PoolKey } from './ports.ts';
import { lesser, safeRoom, wholeRoom } from './room.ts';
import { inputOf, outputWithin, type Room, type Size, windowLeft } from './sizes.ts';

/** A key with what the next turn comes to on it. */
export type Candidate = { readonly key: PoolKey; readonly size: Size };

export type Picked =
  | { readonly kind: 'key'; readonly key: PoolKey; readonly output: bigint }
  /** The budget has no room for another turn. */
  | { readonly kind: 'budget_used' }
  /** The conversation is too long for the model's window, or for every key. */
  | { readonly kind: 'too_long' }
  /** No key has room, however short the conversation is. */
  | { readonly kind: 'no_room' };

export type PickOptions = {
  readonly candidates: readonly Candidate[];
  /** The key of the last turn. */
  readonly current: string | null;
  readonly budget: Room;
  readonly turnOutputMin: bigint;
};

/** A turn for less output than this costs more in repeated input than it brings. Tokens. */
const OUTPUT_FLOOR = 64n;
const INPUT_PER_OUTPUT = 8n;

/**
 * The key of the next turn and its output limit. The current one goes on while its safe limit covers the turn's need; else the key with the best
 * fit does: the smallest whose safe limit covers it, so that few remainders stay. Near the end, when none does, what is left over on the fullest
 * key is used up to the hold's own bound.
 */
export function pick({ candidates, current, budget, turnOutputMin }: PickOptions): Picked {
  const able = candidates.filter(({ size }) => windowLeft(size) >= floorOf(size, turnOutputMin));
  if (able.length === 0) return { kind: candidates.length === 0 ? 'no_room' : 'too_long' };
  const paid = able.filter(({ size }) => isEnough(size, budget, turnOutputMin));
  if (paid.length === 0) return { kind: 'budget_used' };
  const safe = paid.flatMap(({ key, size }) => {
    const output = outputFor(size, lesser(safeRoom(key), budget));
    return output !== null && output >= wishOf(size, budget, turnOutputMin) ? [{ kind: 'key' as const, key, output }] : [];
  });
  const best = safe.find(({ key }) => key.id === current) ?? safe.sort(bySmallest)[0];
  return best ?? fullest(paid, current, budget, turnOutputMin) ?? { kind: 'too_long' };
}

/** Output that the window and the room allow. */
export function outputFor(size: Size, room: Room): bigint | null {
  const within = outputWithin(size, room);
  const left = windowLeft(size);
  return within === null || within <= left ? within : left;
}

export function isEnough(size: Size, room: Room, turnOutputMin: bigint): boolean {
  const output = outputFor(size, room);
  return output !== null && output >= floorOf(size, turnOutputMin);
}

/** The least output that a turn is made for. */
function floorOf(size: Size, turnOutputMin: bigint): bigint {
  const share = inputOf(size) / INPUT_PER_OUTPUT;
  return least(share > OUTPUT_FLOOR ? share : OUTPUT_FLOOR, turnOutputMin, size.facts.maxOutput.value);
}

/** The output that a turn should have room for: no more than the model can write and the budget can pay. */
function wishOf(size: Size, budget: Room, turnOutputMin: bigint): bigint {
  return least(turnOutputMin, size.facts.maxOutput.value, outputFor(size, budget) ?? 0n);
}

function fullest(paid: readonly Candidate[], current: string | null, budget: Room, turnOutputMin: bigint): Picked | null {
  const left = paid.flatMap(({ key, size }) => {
    const room = lesser(wholeRoom(key), budget);
    return isEnough(size, room, turnOutputMin) ? [{ kind: 'key' as const, key, output: outputFor(size, room) ?? 0n }] : [];
  });
  left.sort((a, b) => (a.output === b.output ? sooner(a.key.id, b.key.id, current) : a.output > b.output ? -1 : 1));
  return left[0] ?? null;
}

function sooner(a: string, b: string, current: string | null): number {
  if (a === current || b === current) return a === current ? -1 : 1;
  return a < b ? -1 : 1;
}

function bySmallest(a: { readonly key: PoolKey }, b: { readonly key: PoolKey }): number {
  if (a.key.left === b.key.left) return a.key.id < b.key.id ? -1 : 1;
  return a.key.left < b.key.left ? -1 : 1;
}

function least(...values: readonly [bigint, ...bigint[]]): bigint {
  return values.reduce((a, b) => (a < b ? a : b));
}
