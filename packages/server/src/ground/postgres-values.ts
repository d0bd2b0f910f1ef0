/** A value as PostgreSQL gives it: every integer a bigint; numeric, times and what else has no kind of its own here as text. */
export type PgValue = null | bigint | string | boolean | Buffer;
export type PgRow = Record<string, PgValue>;

type Scalar = null | bigint | number | string | boolean | Uint8Array;
/** A parameter: a scalar, or an array of them for `int8[]`, `text[]`, `bytea[]` … */
export type PgParam = Scalar | readonly Scalar[];

/** A parameter that no statement could carry unchanged. Found before anything is sent, so that one bad value spoils nothing else. */
export class PgValueError extends Error {
  constructor(problem: string) {
    super(`The value cannot be stored: ${problem}.`);
    this.name = 'PgValueError';
  }
}

/**
 * As the wire wants it: text, or bytes for bytea.
 * @throws PgValueError for text with NUL or half a surrogate pair (the first PostgreSQL refuses, the second UTF-8 would silently replace)
 * and for numbers that are not finite.
 */
export function encodeParam(value: PgParam): string | Buffer | null {
  if (value === null) return null;
  if (value instanceof Uint8Array) return bufferOf(value);
  return isArray(value) ? `{${value.map(encodeElement).join(',')}}` : encodeText(value);
}

/** `Array.isArray` does not narrow a readonly array. */
function isArray(value: PgParam): value is readonly Scalar[] {
  return Array.isArray(value);
}

/** Text is always quoted: unquoted, the word NULL would be a null, and blanks would be lost. */
function encodeElement(value: Scalar): string {
  if (value === null) return 'NULL';
  if (value instanceof Uint8Array) return `"\\\\x${bufferOf(value).toString('hex')}"`;
  const text = encodeText(value);
  return typeof value === 'string' ? `"${text.replace(/["\\]/g, '\\$&')}"` : text;
}

function encodeText(value: bigint | number | string | boolean): string {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new PgValueError('it is not a finite number');
  if (typeof value === 'string') {
    if (value.includes('\0')) throw new PgValueError('the text holds a NUL character');
    if (!value.isWellFormed()) throw new PgValueError('the text holds half a surrogate pair');
  }
  return String(value);
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export type Decode = (text: string) => PgValue;

const asText: Decode = (text) => text;

/** By type OID (PostgreSQL's `pg_type.dat`): bool, bytea, int8, int2, int4, oid. Text form, with `bytea_output = hex`. */
const DECODERS: ReadonlyMap<number, Decode> = new Map<number, Decode>([
  [16, (text) => text === 't'],
  [17, (text) => Buffer.from(text.slice(2), 'hex')],
  [20, BigInt],
  [21, BigInt],
  [23, BigInt],
  [26, BigInt],
]);

export function decoderOf(typeOid: number): Decode {
  return DECODERS.get(typeOid) ?? asText;
}
