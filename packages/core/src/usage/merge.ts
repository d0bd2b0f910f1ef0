import type { Usage } from './usage.ts';

export const ZERO_USAGE: Usage = { input: 0n, cached_input: 0n, cache_write_5m: 0n, cache_write_1h: 0n, output: 0n, reasoning: 0n };

/**
 * Joins two reports of the *same* call (a stream may report more than once): the later one holds, except that no side may shrink.
 * Each side (prompt, answer) is taken whole from the report where it is larger, so classes stay as reported and nothing is counted twice.
 */
export function mergeUsage(kept: Usage | null, next: Usage): Usage {
  if (kept === null) return next;
  const prompt = promptOf(next) >= promptOf(kept) ? next : kept;
  const answer = answerOf(next) >= answerOf(kept) ? next : kept;
  if (prompt === answer) return prompt;
  return {
    input: prompt.input,
    cached_input: prompt.cached_input,
    cache_write_5m: prompt.cache_write_5m,
    cache_write_1h: prompt.cache_write_1h,
    output: answer.output,
    reasoning: answer.reasoning,
  };
}

/** Adds up the usage of two answers. */
export function addUsage(a: Usage, b: Usage): Usage {
  return {
    input: a.input + b.input,
    cached_input: a.cached_input + b.cached_input,
    cache_write_5m: a.cache_write_5m + b.cache_write_5m,
    cache_write_1h: a.cache_write_1h + b.cache_write_1h,
    output: a.output + b.output,
    reasoning: a.reasoning + b.reasoning,
  };
}

function promptOf(usage: Usage): bigint {
  return usage.input + usage.cached_input + usage.cache_write_5m + usage.cache_write_1h;
}

function answerOf(usage: Usage): bigint {
  return usage.output + usage.reasoning;
}
