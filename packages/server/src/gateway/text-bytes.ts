import { isAscii } from 'node:buffer';
import { NORMAL_FORM_FACTOR_MAX, utf8BytesMax } from '@tallystick/core';
import type { Plan } from './providers/endpoint.ts';

/** Above this, text that is not plain ASCII is charged at the most that any text of its length can become, which takes no time to find. */
const EXACT_BYTES_MAX = 262_144;
/** The UTF-8 bytes of the longest character that one `\uXXXX` escape can stand for. */
const ESCAPED_CHARACTER_BYTES = 3;
/**
 * Providers write tool definitions and schemas anew in a syntax of their own before the model reads them: with indentation, spaces and
 * escapes, lists of numbers become up to three times as many tokens as they have bytes. So their bytes count four times in all.
 */
const SCHEMA_FACTOR = 4;
const SCHEMA_FIELDS: ReadonlySet<string> = new Set([
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

/**
 * The bytes that a call's bound rests on: the caller's text at its longest, and what providers make of schemas. What policy itself writes
 * into the body (output limit, `include_usage`) is not shown to the model.
 */
export function billableBytes(plan: Plan): number {
  let schemas = 0;
  for (const { key, valueStart, valueEnd } of plan.walked.top.members) if (SCHEMA_FIELDS.has(key)) schemas += valueEnd - valueStart;
  return textBytes(withoutMedia(plan)) + schemas * (SCHEMA_FACTOR - 1) + plan.walked.numberExpansion;
}
