import { type SandboxModel, TOKENS_PER_IMAGE } from './models.ts';
import { countText } from './tokens.ts';

/** One message as it is counted: its role and all that is in it. */
export type CountedMessage = {
  readonly role: string;
  /** Every text: content parts, name, tool calls, results. */
  readonly texts: readonly string[];
  /** JSON values, as parsed: a tool call's arguments where the dialect has them as an object. */
  readonly values?: readonly unknown[];
  readonly images?: number;
  /** PDFs, and whatever else is no text and no image. */
  readonly documents?: number;
};

/** What of a request is billed as input, any dialect. */
export type Countable = {
  readonly messages: readonly CountedMessage[];
  /** The function definitions, as parsed. */
  readonly tools: readonly unknown[];
  /** The JSON schema of a structured answer, as parsed. */
  readonly schema?: unknown;
};

/** Tokens that frame a message, beside its role and texts. */
export const TOKENS_PER_MESSAGE = 3;
/** Tokens that frame a tool, beside its definition. */
export const TOKENS_PER_TOOL = 8;
/** Tokens that prime the answer, once per request. */
export const TOKENS_PRIMING = 3;
/** Tokens of a document, whatever its length. */
export const TOKENS_PER_DOCUMENT = 1_000;

/**
 * The counting rule: what the sandbox bills as input, in o200k_base tokens.
 *
 *     3                                              priming, once
 *   + 3 + tokens(role) + Σ tokens(text) + Σ json(v)  for each message; instructions, system prompts and input items count as messages
 *   + 8 + json(function)                             for each tool
 *   + json(schema)                                   for a structured answer
 *   + 256                                            for each image
 *   + 1,000                                          for each document
 *
 * `json` is {@link countJson}. Without images and documents the count never exceeds the UTF-8 bytes of the request's JSON + 16 per
 * message + 64 per tool + 64, whatever the text: a gateway may hold that bound without a tokenizer.
 *
 * @param limit stop here: what is returned above the limit is Infinity, not a count
 */
export function countInput(request: Countable, limit = Number.POSITIVE_INFINITY): number {
  const media = countMedia(request);
  return media + countWritten(request, limit - media);
}

/** What a model bills as input: the rule, but for a model whose tokenizer is its own. @param limit as of {@link countInput} */
export function inputTokens(model: SandboxModel, request: Countable, limit: number): number {
  const rate = model.tokensPerToken ?? 1;
  const media = countMedia(request);
  return media + rate * countWritten(request, Math.floor((limit - media) / rate));
}

function countMedia({ messages }: Countable): number {
  return messages.reduce((total, { images = 0, documents = 0 }) => total + images * TOKENS_PER_IMAGE + documents * TOKENS_PER_DOCUMENT, 0);
}

function countWritten(request: Countable, limit: number): number {
  let total = TOKENS_PRIMING;
  for (const message of request.messages) {
    total += TOKENS_PER_MESSAGE + countText(message.role);
    for (const text of message.texts) total += countText(text, limit - total);
    for (const value of message.values ?? []) total += countJson(value, limit - total);
    if (total > limit) return Number.POSITIVE_INFINITY;
  }
  for (const tool of request.tools) total += TOKENS_PER_TOOL + countJson(tool, limit - total);
  if (request.schema !== undefined) total += countJson(request.schema, limit - total);
  return total > limit ? Number.POSITIVE_INFINITY : total;
}

/** All that a request says in words, for the models that go by a word in it. */
export function wordsOf(request: Countable): string {
  return request.messages.flatMap((message) => message.texts).join(' ');
}

/**
 * Tokens of a JSON value, independent of how it was written: 1 for a number, boolean or null; 1 + tokens for a string;
 * 1 + Σ values for an array; 1 + Σ (1 + tokens(key) + value) for an object. Numbers count 1 because `1e20` would grow
 * to 21 digits when written out, and the count could exceed the bytes that were sent.
 */
export function countJson(value: unknown, limit = Number.POSITIVE_INFINITY): number {
  let total = 1;
  if (typeof value === 'string') return total + countText(value, limit - total);
  if (typeof value !== 'object' || value === null) return total;
  if (Array.isArray(value)) {
    for (const item of value) {
      if (total > limit) break;
      total += countJson(item, limit - total);
    }
    return total;
  }
  for (const [key, item] of Object.entries(value)) {
    if (total > limit) break;
    total += 1 + countText(key, limit - total) + countJson(item, limit - total);
  }
  return total;
}
