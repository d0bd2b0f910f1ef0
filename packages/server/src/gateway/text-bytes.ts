import { isAscii } from 'node:buffer';
import { type ModelFacts, NORMAL_FORM_FACTOR_MAX, utf8BytesMax } from '@tallystick/core';
import type { SourceRow } from '#ledger';
import type { Plan } from './providers/endpoint.ts';

/** Above this, text that is not plain ASCII is charged at the most that any text of its length can become, which takes no time to find. */
const EXACT_BYTES_MAX = 262_144;
/** The UTF-8 bytes of the longest character that one `\uXXXX` escape can stand for. */
const ESCAPED_CHARACTER_BYTES = 3;
/**
 * Providers write tool definitions, schemas and the arguments of tools anew in a syntax of their own before the model reads them: with
 * indentation, spaces and escapes, lists of numbers become up to three times as many tokens as they have bytes in the vocabularies of
 * OpenAI, which have tokens for long runs of spaces, and up to nine times in others (Gemma's, at the greatest depth that is taken).
 */
export const RENDERED_FACTOR_OPENAI = 4;
export const RENDERED_FACTOR = 10;
export const SCHEMA_FIELDS: ReadonlySet<string> = new Set([
  'tools',
  'functions',
  'response_format',
  'text',
  'output_config',
  'output_format',
  'generationConfig',
]);

/** `utf8BytesMax`, at once for what most bodies are: plain ASCII without an escaped character has one form only. */
export function textBytes(body: Buffer): number {
  const escaped = body.includes('\\u');
  if (!escaped && isAscii(body)) return body.length;
  return body.length <= EXACT_BYTES_MAX ? utf8BytesMax(body) : roughly(body, escaped);
}

/** Never below `utf8BytesMax`: each byte beyond ASCII, and each escape, at its longest. */
function roughly(body: Buffer, escaped: boolean): number {
  let beyond = 0;
  for (const byte of body) if (byte >= 0x80) beyond += 1;
  let escapes = 0;
  for (let at = escaped ? body.indexOf('\\u') : -1; at >= 0; at = body.indexOf('\\u', at + 2)) escapes += 1;
  return body.length + (beyond + escapes * ESCAPED_CHARACTER_BYTES) * NORMAL_FORM_FACTOR_MAX;
}

/** Data of images and the like is no text: what it costs is told by its number. */
function withoutMedia({ body, walked: { media } }: Plan): Buffer {
  if (media.length === 0) return body;
  const pieces = media.map(({ start }, i) => body.subarray(media[i - 1]?.end ?? 0, start));
  return Buffer.concat([...pieces, body.subarray(media.at(-1)?.end ?? 0)]);
}

/** `text`: the caller's text at its longest, all of it. `rendered`: the bytes of what providers write anew. */
export type BillableBytes = { readonly text: number; readonly rendered: number };

/**
 * The bytes that a call's bound rests on, found once for all sources. What policy itself writes into the body (output limit,
 * `include_usage`) is not shown to the model.
 */
export function billableBytes(plan: Plan): BillableBytes {
  let rendered = plan.walked.counts.get('rendered') ?? 0;
  for (const { key, valueStart, valueEnd } of plan.walked.top.members) if (SCHEMA_FIELDS.has(key)) rendered += valueEnd - valueStart;
  return { text: textBytes(withoutMedia(plan)) + plan.walked.numberExpansion, rendered };
}

/** How many times the bytes of what is written anew count for a source. An operator's word on a tokenizer says nothing of its spaces. */
export function renderedFactor(provider: SourceRow['provider'], { tokenizer }: ModelFacts): number {
  const isOpenAi = (provider === 'openai' || provider === 'sandbox') && tokenizer.grade !== 'declared';
  return isOpenAi ? RENDERED_FACTOR_OPENAI : RENDERED_FACTOR;
}

/** UTF-8 bytes for a bound (`BoundInputs.textBytes`). */
export function boundBytes({ text, rendered }: BillableBytes, factor: number): number {
  return text + rendered * (factor - 1);
}
