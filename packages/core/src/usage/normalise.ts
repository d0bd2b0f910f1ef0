import { AMOUNT_MAX } from '../units.ts';
import { normaliseAnthropic } from './anthropic.ts';
import { normaliseGoogle, normaliseGoogleEmbeddings } from './google.ts';
import { normaliseEmbeddings, normaliseOpenAi } from './openai.ts';
import { type Usage, type UsageDialect, usageTotal } from './usage.ts';

/**
 * Brings a provider's usage object to disjoint classes.
 *
 * The rule where a report is odd: what can be read as *more* is charged as more (a total above its parts: the excess is output),
 * what cannot be read at all gives null, so that the caller charges at the bound. Nothing odd is ever charged as less.
 *
 * @param raw the object as `JSON.parse` gave it.
 * @returns null where a needed count is missing, not a whole number from 0 to 2^53 − 1, or where the counts contradict each other.
 */
export function normaliseUsage(dialect: UsageDialect, raw: unknown): Usage | null {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return null;
  const usage = READERS[dialect](raw as Record<string, unknown>);
  return usage !== null && usageTotal(usage) <= AMOUNT_MAX ? usage : null;
}

const READERS: Record<UsageDialect, (raw: Record<string, unknown>) => Usage | null> = {
  'openai-chat': (raw) => normaliseOpenAi(raw, 'prompt', 'completion'),
  'openai-responses': (raw) => normaliseOpenAi(raw, 'input', 'output'),
  'openai-embeddings': normaliseEmbeddings,
  anthropic: normaliseAnthropic,
  google: normaliseGoogle,
  'google-embeddings': normaliseGoogleEmbeddings,
};
