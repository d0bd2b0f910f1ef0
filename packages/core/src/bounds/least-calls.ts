import { TallyError } from '../errors.ts';
import type { ModelFacts } from '../facts/types.ts';
import { embeds } from './bounds.ts';
import { countBound, isCountable } from './count-bound.ts';
import type { BoundInputs } from './inputs.ts';
import { smallestCap } from './smallest-cap.ts';

/** What the least call of a model holds. `proved`: by a proof · `counted`: by the provider's count, where one is sent; null = not at all. */
export type LeastCall = { readonly proved: bigint | null; readonly counted: bigint | null };

/** The least that a model can be asked for, tokens. */
export function leastCall(facts: ModelFacts): LeastCall {
  return { proved: smallestCap(facts), counted: leastCounted(facts) };
}

/** A count is never below one token of input, and one of output is the least that is asked for. */
function leastCounted(facts: ModelFacts): bigint | null {
  const [endpoint] = facts.endpoints;
  if (endpoint === undefined || !isCountable(facts)) return null;
  const maxOutputPerChoice = embeds(endpoint) ? 0n : 1n;
  const rest = { textBytes: 1, messages: 1, tools: 0, choices: 1, inputs: 1, images: 0, opaque: false };
  const inputs: BoundInputs = { facts, endpoint, maxOutputPerChoice, ...rest };
  try {
    return countBound(inputs, 1n).total;
  } catch (error) {
    if (error instanceof TallyError) return null;
    throw error;
  }
}

/**
 * What still fits on an account. `left`: tokens under its limit that are neither held nor spent · `guard`: of them, what stays free of calls
 * that only a count bounds · `countConsent`: whether such calls are made at all.
 */
export type Room = { readonly left: bigint; readonly guard: bigint; readonly countConsent: boolean };

/** @returns whether any call of any of the models could still be placed. */
export function fitsAnyCall(models: readonly ModelFacts[], { left, guard, countConsent }: Room): boolean {
  return models.some((facts) => {
    const { proved, counted } = leastCall(facts);
    return (proved !== null && proved <= left) || (countConsent && counted !== null && counted + guard <= left);
  });
}

/** @returns the least cap under which some call could be placed, tokens; null where no model can be called at all. */
export function leastCap(models: readonly ModelFacts[], countConsent: boolean): bigint | null {
  const caps = models.flatMap((facts) => {
    const { proved, counted } = leastCall(facts);
    // The guard band is a tenth of the cap itself, rounded up: nine tenths must hold the call.
    const guarded = countConsent && counted !== null ? (counted * 10n + 8n) / 9n : null;
    return [proved, guarded].filter((cap) => cap !== null);
  });
  return caps.reduce<bigint | null>((least, cap) => (least === null || cap < least ? cap : least), null);
}
