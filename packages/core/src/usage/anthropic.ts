import { details, optionalCount, requiredCount } from './count.ts';
import type { Usage } from './usage.ts';

/**
 * `{input_tokens, cache_creation_input_tokens, cache_read_input_tokens, cache_creation: {ephemeral_5m_input_tokens, ephemeral_1h_input_tokens},
 * output_tokens}`. `input_tokens` excludes both cache fields; thinking is inside `output_tokens`.
 */
export function normaliseAnthropic(raw: Record<string, unknown>): Usage | null {
  const input = requiredCount(raw, 'input_tokens');
  const output = requiredCount(raw, 'output_tokens');
  const read = optionalCount(raw, 'cache_read_input_tokens');
  const written = optionalCount(raw, 'cache_creation_input_tokens');
  const split = details(raw, 'cache_creation');
  if (input === null || output === null || read === null || written === null || split === null) return null;
  const short = optionalCount(split, 'ephemeral_5m_input_tokens');
  const long = optionalCount(split, 'ephemeral_1h_input_tokens');
  if (short === null || long === null || hasHiddenPasses(raw)) return null;
  // Without a split all writes live five minutes (the default). With one, what it leaves out is charged as the dearer class.
  const isSplit = short + long > 0n;
  const unsplit = written > short + long ? written - short - long : 0n;
  return {
    input,
    cached_input: read,
    cache_write_5m: isSplit ? short : unsplit,
    cache_write_1h: isSplit ? long + unsplit : 0n,
    output,
    reasoning: 0n,
  };
}

/** With `iterations` the top-level counts leave passes out; a sum of passes is not proven here, so it is charged at the bound. */
function hasHiddenPasses(raw: Record<string, unknown>): boolean {
  const passes = raw.iterations;
  return passes !== undefined && passes !== null && !(Array.isArray(passes) && passes.length <= 1);
}
