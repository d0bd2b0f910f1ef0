import { TallyError } from '../errors.ts';
import type { ModelFacts } from '../facts/types.ts';
import { embeds, smallestBound } from './bounds.ts';

/** The least that a request has: a word or two in its JSON. */
const TEXT_BYTES = 64;

/** @returns the smallest cap under which any call of the model is proven to fit, tokens; null where nothing is proven of it. */
export function smallestCap(facts: ModelFacts): bigint | null {
  const [endpoint] = facts.endpoints;
  if (endpoint === undefined) return null;
  const maxOutputPerChoice = embeds(endpoint) ? 0n : 1n;
  const least = { textBytes: TEXT_BYTES, messages: 1, tools: 0, choices: 1, inputs: 1, images: 0, opaque: false };
  try {
    return smallestBound({ facts, endpoint, maxOutputPerChoice, ...least }).total;
  } catch (error) {
    if (error instanceof TallyError) return null;
    throw error;
  }
}
