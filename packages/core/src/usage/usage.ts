/**
 * Billable usage of one call, normalised: disjoint classes, in what the provider bills.
 * The sum of all classes is the count that a token cap is charged with.
 */
export type Usage = {
  /** Uncached input tokens. */
  readonly input: bigint;
  /** Input tokens read from the provider's prompt cache. */
  readonly cached_input: bigint;
  readonly cache_write_5m: bigint;
  readonly cache_write_1h: bigint;
  /** Visible output tokens. */
  readonly output: bigint;
  /** Hidden reasoning tokens. */
  readonly reasoning: bigint;
};

/** Which shape of usage object the provider sends. */
export type UsageDialect = 'openai-chat' | 'openai-responses' | 'openai-embeddings' | 'anthropic' | 'google' | 'google-embeddings';

/** @returns the tokens a cap is charged with: the sum of all classes. */
export function usageTotal(usage: Usage): bigint {
  return usage.input + usage.cached_input + usage.cache_write_5m + usage.cache_write_1h + usage.output + usage.reasoning;
}
