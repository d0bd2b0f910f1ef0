import { count, details, optionalCount, requiredCount } from './count.ts';
import type { Usage } from './usage.ts';

/** A usage object as `JSON.parse` gave it. */
export type RawUsage = Readonly<Record<string, unknown>>;

/**
 * `{input_tokens, cache_creation_input_tokens, cache_read_input_tokens, cache_creation: {ephemeral_5m_input_tokens, ephemeral_1h_input_tokens},
 * output_tokens, output_tokens_details: {thinking_tokens}}`. `input_tokens` excludes both cache fields; thinking is inside `output_tokens`.
 */
export function normaliseAnthropic(raw: RawUsage): Usage | null {
  const input = requiredCount(raw, 'input_tokens');
  const output = requiredCount(raw, 'output_tokens');
  const outDetails = details(raw, 'output_tokens_details');
  const read = optionalCount(raw, 'cache_read_input_tokens');
  const writes = cacheWrites(raw);
  if (input === null || output === null || outDetails === null || read === null || writes === null) return null;
  const thinking = optionalCount(outDetails, 'thinking_tokens');
  if (thinking === null || thinking > output || hasHiddenPasses(raw) || hasServerTools(raw)) return null;
  return { input, cached_input: read, ...writes, output: output - thinking, reasoning: thinking };
}

/** Without a split all writes live five minutes (the default). With one, what it leaves out is charged as the dearer class. */
function cacheWrites(raw: RawUsage): Pick<Usage, 'cache_write_5m' | 'cache_write_1h'> | null {
  const written = optionalCount(raw, 'cache_creation_input_tokens');
  const split = details(raw, 'cache_creation');
  if (written === null || split === null) return null;
  const short = optionalCount(split, 'ephemeral_5m_input_tokens');
  const long = optionalCount(split, 'ephemeral_1h_input_tokens');
  if (short === null || long === null) return null;
  const isSplit = CACHE_LIVES.some((name) => count(split, name) !== 'absent');
  const unsplit = written > short + long ? written - short - long : 0n;
  return { cache_write_5m: isSplit ? short : unsplit, cache_write_1h: isSplit ? long + unsplit : 0n };
}

/**
 * With `iterations` the top-level counts leave passes out (compaction, advisors, fallbacks); a sum of passes is not proven here, so
 * anything but a single pass of the model itself is charged at the bound.
 */
function hasHiddenPasses(raw: RawUsage): boolean {
  const passes = raw.iterations;
  if (passes === undefined || passes === null) return false;
  if (!Array.isArray(passes) || passes.length > 1) return true;
  const [pass] = passes as (RawUsage | null)[];
  return pass !== undefined && (pass?.type !== 'message' || COUNTED.some((name) => !isSameCount(pass, raw, name)));
}

/** A count that the pass has is the one of the whole. */
function isSameCount(pass: RawUsage, raw: RawUsage, name: string): boolean {
  const counted = count(pass, name);
  return counted === 'absent' || counted === count(raw, name);
}

/** Tools that run at the provider are billed by the request, which no class of tokens shows. */
function hasServerTools(raw: RawUsage): boolean {
  const tools = details(raw, 'server_tool_use');
  return tools === null || Object.keys(tools).some((name) => optionalCount(tools, name) !== 0n);
}

const CACHE_LIVES = ['ephemeral_5m_input_tokens', 'ephemeral_1h_input_tokens'] as const;
const COUNTED = ['input_tokens', 'output_tokens', 'cache_read_input_tokens', 'cache_creation_input_tokens'] as const;
const FIELDS = [...COUNTED, ...['output_tokens_details', 'iterations', 'server_tool_use']];

/**
 * Lays a later report on the same answer over the earlier ones: counts are cumulative, so what it has replaces, and what it lacks (absent
 * or null) is inherited; the split of cache writes member by member. Keeps only what `normaliseUsage` reads, so memory stays bounded.
 */
export function overlayAnthropicUsage(kept: RawUsage, next: RawUsage): RawUsage {
  const keptSplit = details(kept, 'cache_creation');
  const nextSplit = details(next, 'cache_creation');
  const split = keptSplit === null || nextSplit === null ? 'unreadable' : overlay(keptSplit, nextSplit, CACHE_LIVES);
  return { ...overlay(kept, next, FIELDS), cache_creation: split };
}

function overlay(kept: RawUsage, next: RawUsage, names: readonly string[]): RawUsage {
  const laid: Record<string, unknown> = {};
  for (const name of names) laid[name] = own(next, name) ?? own(kept, name);
  return laid;
}

function own(from: RawUsage, name: string): unknown {
  return Object.hasOwn(from, name) ? from[name] : undefined;
}
