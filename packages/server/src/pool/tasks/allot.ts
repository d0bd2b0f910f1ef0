import type { Share } from './types.ts';

/** A key that could give something. */
export type Giver = { readonly id: string; readonly left: bigint };

/** A remainder below this is dust: too little for a turn of any length. Tokens. */
export const DUST = 16_384n;
/** Sets that are looked at before the best one so far is taken: the search ends in milliseconds, whatever keys there are. */
const STEPS_MAX = 20_000;

/**
 * Which keys carry so many tokens: the fewest that cover it; of those sets the one that leaves least dust; then one that empties all its keys,
 * else the one that leaves most; then the first by size and id. The remainder stays on the largest key of the set, so that no share is small.
 * The same keys always give the same answer.
 *
 * @param keysMax at most so many. @returns the shares, largest first; null where the keys do not cover it.
 */
export function allot(givers: readonly Giver[], tokens: bigint, keysMax: number): readonly Share[] | null {
  const sorted = givers.filter(({ left }) => left > 0n).sort(bySize);
  const count = fewest(sorted, tokens);
  if (count === null || count > keysMax) return null;
  const best = new Search(sorted, tokens, count).run();
  const [first, ...others] = best;
  if (first === undefined) return null;
  const rest = total(best) - tokens;
  const shares = [{ keyId: first.id, amount: first.left - rest }, ...others.map(({ id, left }) => ({ keyId: id, amount: left }))];
  return shares.sort((a, b) => (a.amount === b.amount ? byId(a.keyId, b.keyId) : a.amount > b.amount ? -1 : 1));
}

/** Tokens that all of them have, for who is told that it does not do. */
export function total(givers: readonly Giver[]): bigint {
  return givers.reduce((sum, { left }) => sum + left, 0n);
}

function fewest(sorted: readonly Giver[], tokens: bigint): number | null {
  let sum = 0n;
  for (const [at, { left }] of sorted.entries()) {
    sum += left;
    if (sum >= tokens) return at + 1;
  }
  return null;
}

/** @returns whether a remainder is better than another. Less dust first; then nothing left, else as much as can be. */
export function isBetterRest(a: bigint, b: bigint): boolean {
  const [dustA, dustB] = [dustOf(a), dustOf(b)];
  if (dustA !== dustB) return dustA < dustB;
  if (a === 0n || b === 0n) return a === 0n && b !== 0n;
  return a > b;
}

function dustOf(rest: bigint): bigint {
  return rest < DUST ? rest : 0n;
}

/** Sets of one size, largest keys first, cut where the rest of the keys cannot cover what is missing. */
class Search {
  readonly #sorted: readonly Giver[];
  readonly #tokens: bigint;
  readonly #count: number;
  readonly #sums: readonly bigint[];
  #best: readonly Giver[];
  #bestRest: bigint;
  #steps = 0;

  constructor(sorted: readonly Giver[], tokens: bigint, count: number) {
    this.#sorted = sorted;
    this.#tokens = tokens;
    this.#count = count;
    this.#best = sorted.slice(0, count);
    this.#bestRest = total(this.#best) - tokens;
    const sums = [0n];
    for (const { left } of sorted) sums.push((sums.at(-1) ?? 0n) + left);
    this.#sums = sums;
  }

  run(): readonly Giver[] {
    this.#from(0, [], 0n);
    return this.#best;
  }

  #from(at: number, chosen: readonly Giver[], sum: bigint): void {
    const missing = this.#count - chosen.length;
    if (missing === 0) {
      this.#take(chosen, sum - this.#tokens);
      return;
    }
    for (let i = at; i + missing <= this.#sorted.length; i += 1) {
      // The keys are sorted: what the next ones cannot cover, none after them can.
      const most = (this.#sums[i + missing] ?? 0n) - (this.#sums[i] ?? 0n);
      if (sum + most < this.#tokens || this.#bestRest === 0n || this.#steps >= STEPS_MAX) return;
      this.#steps += 1;
      const giver = this.#sorted[i];
      if (giver !== undefined) this.#from(i + 1, [...chosen, giver], sum + giver.left);
    }
  }

  #take(chosen: readonly Giver[], rest: bigint): void {
    if (rest < 0n || !isBetterRest(rest, this.#bestRest)) return;
    this.#best = chosen;
    this.#bestRest = rest;
  }
}

function bySize(a: Giver, b: Giver): number {
  return a.left === b.left ? byId(a.id, b.id) : a.left > b.left ? -1 : 1;
}

function byId(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
