import { details, optionalCount, requiredCount } from './count.ts';
import type { Usage } from './usage.ts';

/**
 * Chat: `{prompt_tokens, completion_tokens, total_tokens, prompt_tokens_details: {cached_tokens}, completion_tokens_details: {reasoning_tokens}}`.
 * Responses: the same with `input` and `output`. Cached tokens are inside the prompt, reasoning tokens inside the completion;
 * rejected prediction tokens are inside the completion too. Audio tokens are inside both.
 *
 * Some compatible servers count reasoning *outside* the completion: their total is then larger than the two parts, or the
 * reasoning larger than the completion. Both are charged in full.
 */
export function normaliseOpenAi(raw: Record<string, unknown>, inName: string, outName: string): Usage | null {
  const prompt = requiredCount(raw, `${inName}_tokens`);
  const completion = requiredCount(raw, `${outName}_tokens`);
  const inDetails = details(raw, `${inName}_tokens_details`);
  const outDetails = details(raw, `${outName}_tokens_details`);
  if (prompt === null || completion === null || inDetails === null || outDetails === null) return null;
  const cached = optionalCount(inDetails, 'cached_tokens');
  const reasoning = optionalCount(outDetails, 'reasoning_tokens');
  const total = totalOf(raw, prompt + completion);
  if (cached === null || reasoning === null || total === null || cached > prompt) return null;
  const input = { input: prompt - cached, cached_input: cached, cache_write_5m: 0n, cache_write_1h: 0n };
  if (reasoning > completion) {
    // Only a total that shows the two to be disjoint makes sense of this; anything else is charged at the bound.
    const disjoint = prompt + completion + reasoning;
    return total >= disjoint ? { ...input, output: completion + (total - disjoint), reasoning } : null;
  }
  const excess = total - prompt - completion;
  return { ...input, output: completion - reasoning + excess, reasoning };
}

/** Embeddings: `{prompt_tokens, total_tokens}`. There is no output, so an excess of the total is input. */
export function normaliseEmbeddings(raw: Record<string, unknown>): Usage | null {
  const prompt = requiredCount(raw, 'prompt_tokens');
  const completion = optionalCount(raw, 'completion_tokens');
  if (prompt === null || completion === null) return null;
  const total = totalOf(raw, prompt + completion);
  if (total === null) return null;
  return { input: total - completion, cached_input: 0n, cache_write_5m: 0n, cache_write_1h: 0n, output: completion, reasoning: 0n };
}

/** @returns the reported total, the sum of the parts where it is left out, or null where it is unusable or below its parts. */
function totalOf(raw: Record<string, unknown>, parts: bigint): bigint | null {
  if (raw.total_tokens === undefined || raw.total_tokens === null) return parts;
  const total = requiredCount(raw, 'total_tokens');
  return total === null || total < parts ? null : total;
}
