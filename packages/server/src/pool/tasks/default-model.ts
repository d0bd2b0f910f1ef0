import { type ModelFacts, UNITS } from '@tallystick/core';
import { POOL_DIALECTS } from './dialects/dialects.ts';
import type { PoolKey } from './ports.ts';

/** A price for so many tokens, so that prices per different numbers compare as whole numbers. */
const PER = 1_000_000_000n;

/**
 * The model of a task that names none: of those that the keys serve and whose price is known, the cheapest by input and output together, then the
 * one that writes most, then the first of the facts. Models whose every call costs the same are for trials.
 * @returns null where the keys serve none.
 */
export function defaultModel(keys: readonly PoolKey[]): string | null {
  const served = new Map<string, ModelFacts>();
  for (const key of keys) {
    for (const [id, facts] of key.models) if (writes(facts, key) && !served.has(id)) served.set(id, facts);
  }
  const [best] = [...served.values()].sort(byPriceThenLength);
  return best?.id ?? null;
}

/** Whether the model answers conversations of text on this key. */
export function writes({ endpoints, maxOutput, fixedCost }: ModelFacts, key: Pick<PoolKey, 'dialect'>): boolean {
  return fixedCost === undefined && maxOutput.value > 0n && endpoints.includes(POOL_DIALECTS[key.dialect].endpoint);
}

function byPriceThenLength(a: ModelFacts, b: ModelFacts): number {
  const [priceA, priceB] = [priceOf(a), priceOf(b)];
  if (priceA !== priceB) return priceA === null ? 1 : priceB === null || priceA < priceB ? -1 : 1;
  const [most, other] = [a.maxOutput.value, b.maxOutput.value];
  return most === other ? 0 : most > other ? -1 : 1;
}

function priceOf({ prices }: ModelFacts): bigint | null {
  const known = prices?.value.filter(({ unit }) => unit === UNITS.input || unit === UNITS.output) ?? [];
  return known.length < 2 ? null : known.reduce((sum, { price, per }) => sum + (price * PER) / per, 0n);
}
