import { TallyError } from '@tallystick/core';
import { renderPath } from '../../body/path.ts';

const HEADER = 'anthropic-beta';
const BETAS_MAX = 32;
const HEADER_CHARS_MAX = 2048;

/** Betas that change neither what bounds a call nor who pays for it: the fields that they open are judged in the body. */
export const BETAS_ALLOWED: ReadonlySet<string> = new Set([
  'computer-use-2025-01-24',
  'computer-use-2025-11-24',
  'effort-2025-11-24',
  'extended-cache-ttl-2025-04-11',
  'fine-grained-tool-streaming-2025-05-14',
  // The answer ends where the window does, and the window bounds the call.
  'model-context-window-exceeded-2025-08-26',
  'pdfs-2024-09-25',
  'prompt-caching-2024-07-31',
  'structured-outputs-2025-11-13',
  'structured-outputs-2025-12-15',
  'task-budgets-2026-03-13',
  'thinking-token-count-2026-05-13',
  'token-counting-2024-11-01',
  'token-efficient-tools-2025-02-19',
]);

const SERVER_TOOLS = 'tools that run at the provider have no bound';
const STORED = 'what is stored at the provider has no bound that can be known before the call';
const PASSES = 'it makes the provider run further passes over the history';
const PAYER = 'who pays is decided here';
/** The SDKs' tool runners ask for it of their own accord. */
const THREADS = 'message-threads';

/** By what the name begins with, up to its date. */
export const BETAS_REFUSED: readonly (readonly [string, string])[] = [
  ['context-1m', 'it lifts the window that bounds the call, at another price'],
  ['interleaved-thinking', 'thinking between tool calls may then go beyond `max_tokens`'],
  ['output-', 'it lifts the output limit that the bound is computed from'],
  ['fast-mode', 'fast output has another price'],
  ['context-management', PASSES],
  ['compact', PASSES],
  ['server-side-fallback', 'another model would answer at another price'],
  ['fallback-credit', 'another model would answer at another price'],
  ['files-api', STORED],
  ['skills', STORED],
  [THREADS, STORED],
  ['agent-memory', STORED],
  ['managed-agents', STORED],
  ['code-execution', SERVER_TOOLS],
  ['mcp-', SERVER_TOOLS],
  ['web-fetch', SERVER_TOOLS],
  ['advisor-tool', SERVER_TOOLS],
  ['advanced-tool-use', SERVER_TOOLS],
  ['tool-search', SERVER_TOOLS],
  ['user-profiles', PAYER],
  ['oauth', PAYER],
];

/**
 * The betas that a caller asks for, each once, as they may be sent on.
 * @param header as Node gives it: comma-separated names, a list where it stands several times.
 * @throws TallyError FIELD_NOT_ALLOWED naming the first beta that is not known to leave the bounds as they are · FIELD_INVALID: too many.
 */
export function allowedBetas(header: string | string[] | undefined): readonly string[] {
  const text = Array.isArray(header) ? header.join(',') : (header ?? '');
  const names = text.length > HEADER_CHARS_MAX ? null : namesIn(text);
  if (names === null || names.length > BETAS_MAX) {
    const message = `The header \`${HEADER}\` must name at most ${BETAS_MAX} betas in ${HEADER_CHARS_MAX} characters.`;
    throw new TallyError('FIELD_INVALID', message, { field: HEADER });
  }
  const unknown = names.find((name) => !BETAS_ALLOWED.has(name));
  if (unknown === undefined) return [...new Set(names)];
  const [, reason] = BETAS_REFUSED.find(([start]) => unknown.startsWith(start)) ?? [];
  const why = reason ?? 'what it does to the cost of a call is not known here';
  const facts = unknown.startsWith(THREADS) ? { field: HEADER, unsupported: 'thread' } : { field: HEADER };
  throw new TallyError('FIELD_NOT_ALLOWED', `\`${renderPath([unknown])}\` in the header \`${HEADER}\` is not allowed: ${why}.`, facts);
}

function namesIn(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}
