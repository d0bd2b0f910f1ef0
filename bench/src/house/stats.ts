/** Nearest rank: the smallest value that at least `share` of all values do not exceed. Exact, nothing interpolated. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) throw new RangeError('there is no percentile of nothing');
  const rank = Math.ceil(share * sorted.length);
  return sorted[Math.min(sorted.length, Math.max(1, rank)) - 1] as number;
}

/** The middle value; of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('there is no median of nothing');
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] as number) + upper) / 2;
}

/** A figure over all rounds: the median, and how far the rounds lay apart. */
export type Spread = { readonly median: number; readonly min: number; readonly max: number };

export function spread(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/**
 * The ratio within each round, so that what slows the machine down for a while slows both sides, then the spread of those ratios.
 * @returns null where a round has no ratio: what is divided by is not above zero, so noise is larger than the figure.
 */
export function ratio(over: readonly number[], under: readonly number[]): Spread | null {
  if (over.length !== under.length) throw new RangeError('a ratio needs both sides of every round');
  if (over.length === 0 || under.some((value) => !(value > 0))) return null;
  return spread(over.map((value, round) => value / (under[round] as number)));
}

export function differences(a: readonly number[], b: readonly number[]): number[] {
  if (a.length !== b.length) throw new RangeError('a difference needs both sides of every round');
  return a.map((value, round) => value - (b[round] as number));
}

/** Milliseconds, exact over all that was measured in one phase. */
export type Latency = { readonly p50: number; readonly p95: number; readonly p99: number };

/** @param values in any order, at least one. */
export function latencyOf(values: ArrayLike<number>): Latency {
  const sorted = Float64Array.from(values).sort();
  return { p50: percentile(sorted, 0.5), p95: percentile(sorted, 0.95), p99: percentile(sorted, 0.99) };
}
