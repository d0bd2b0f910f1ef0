import { utf8 } from './crypto/bytes.ts';
import { keccak } from './crypto/keccak.ts';
import { TallyError } from './errors.ts';
import type { Hex } from './receipt/types.ts';

/** JSON without fractions: numbers are safe integers, larger ones are decimal strings. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };
export type JsonObject = { readonly [key: string]: JsonValue };

/** Deeper is refused: hostile nesting must not exhaust the stack. */
export const JCS_DEPTH_MAX = 32;

/**
 * Canonical JSON: members sorted by UTF-16 code units, no white space, ECMAScript's string escapes.
 * Source: RFC 8785, narrowed to safe integers, so that no implementation needs its number formatting.
 * @throws TallyError INPUT_INVALID on anything else: floats, bigint, undefined, lone surrogates, class instances, depth over `JCS_DEPTH_MAX`.
 */
export function canonicalJson(value: JsonValue): string {
  return write(value, 0);
}

/** `detailHash` of a receipt: keccak-256 over the UTF-8 bytes of the canonical JSON. @throws TallyError INPUT_INVALID */
export function detailHash(detail: JsonObject): Hex {
  return keccak(utf8(canonicalJson(detail)));
}

function write(value: unknown, depth: number): string {
  if (value === null || value === true || value === false) return String(value);
  if (typeof value === 'string') return writeString(value);
  // `String` writes −0 as 0, as RFC 8785 asks.
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
  if (typeof value !== 'object') throw refused(typeof value);
  if (depth >= JCS_DEPTH_MAX) throw refused(`nesting over ${JCS_DEPTH_MAX}`);
  // `Array.from` turns holes into undefined, which is refused; `map` would skip them.
  if (Array.isArray(value)) return `[${Array.from(value, (item) => write(item, depth + 1)).join(',')}]`;
  return writeObject(value, depth);
}

function writeObject(value: object, depth: number): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw refused('class instance');
  // The default sort compares UTF-16 code units: exactly RFC 8785, section 3.2.3.
  const members = Object.keys(value)
    .sort()
    .map((key) => `${writeString(key)}:${write((value as Record<string, unknown>)[key], depth + 1)}`);
  return `{${members.join(',')}}`;
}

function writeString(value: string): string {
  if (!value.isWellFormed()) throw refused('lone surrogate');
  return JSON.stringify(value);
}

function refused(what: string): TallyError {
  return new TallyError('INPUT_INVALID', `Canonical JSON takes no ${what}.`, { what });
}
