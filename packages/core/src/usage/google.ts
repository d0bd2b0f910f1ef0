import { optionalCount, requiredCount } from './count.ts';
import type { Usage } from './usage.ts';

/**
 * `usageMetadata`: `{promptTokenCount, cachedContentTokenCount, candidatesTokenCount, toolUsePromptTokenCount, thoughtsTokenCount,
 * totalTokenCount}`, where total = prompt + candidates + tool-use prompt + thoughts and cached is inside the prompt.
 * Zero members are left out by the provider, so only the prompt and the total must be there.
 */
export function normaliseGoogle(raw: Record<string, unknown>): Usage | null {
  const prompt = requiredCount(raw, 'promptTokenCount');
  const total = requiredCount(raw, 'totalTokenCount');
  const cached = optionalCount(raw, 'cachedContentTokenCount');
  const candidates = optionalCount(raw, 'candidatesTokenCount');
  const toolUse = optionalCount(raw, 'toolUsePromptTokenCount');
  const thoughts = optionalCount(raw, 'thoughtsTokenCount');
  if (prompt === null || total === null || cached === null || candidates === null || toolUse === null || thoughts === null) return null;
  const excess = total - prompt - candidates - toolUse - thoughts;
  if (cached > prompt || excess < 0n) return null;
  return {
    input: prompt - cached + toolUse,
    cached_input: cached,
    cache_write_5m: 0n,
    cache_write_1h: 0n,
    output: candidates + excess,
    reasoning: thoughts,
  };
}

/**
 * Embeddings: `{promptTokenCount, promptTokenDetails}`, without a total, since there is no output. So an excess of a total is input, and a
 * report that names other parts and no total is none.
 */
export function normaliseGoogleEmbeddings(raw: Record<string, unknown>): Usage | null {
  const usage = normaliseGoogle({ ...raw, totalTokenCount: raw['totalTokenCount'] ?? raw['promptTokenCount'] });
  return usage === null ? null : { ...usage, input: usage.input + usage.output, output: 0n };
}
