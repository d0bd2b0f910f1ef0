import { bodyInvalid } from './path.ts';
import type { JsonType } from './schema.ts';

/** 1 where a byte may stand in a string as it is: ASCII but `"`, `\` and control characters. */
const PLAIN = new Uint8Array(256).map((_, byte) => (byte >= 0x20 && byte < 0x80 && byte !== 0x22 && byte !== 0x5c ? 1 : 0));
const SIMPLE_ESCAPES = new Set([...'"\\/bfnrt'].map((char) => char.charCodeAt(0)));
/** Longer numbers are refused: parsers differ on them, and none is needed. */
const NUMBER_BYTES_MAX = 1024;
/** The most digits that printing a double without an exponent can take. */
const EXPANSION_MAX = 1100;

/**
 * Reads JSON tokens (RFC 8259) from bytes, one position going forward. Stricter than most parsers where parsers differ: no byte
 * order mark, no bad UTF-8, no number that overflows a double. Throws BODY_INVALID with the byte offset.
 */
export class Lexer {
  readonly bytes: Buffer;
  pos = 0;
  /** Of the last string read: whether it holds an escape, and whether one of them is a surrogate without its pair. */
  escaped = false;
  loneSurrogate = false;
  /** Of the last number read: whether it is plain digits, without fraction and exponent. */
  integer = false;
  /** Summed over all numbers: see `WalkedBody.numberExpansion`. */
  numberExpansion = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) throw bodyInvalid(0, 'it begins with a byte order mark');
  }

  skipSpace(): void {
    const { bytes } = this;
    for (;;) {
      const byte = bytes[this.pos];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
      this.pos += 1;
    }
  }

  /** @returns the byte at the position, or −1 at the end. */
  peek(): number {
    return this.bytes[this.pos] ?? -1;
  }

  /** Whether these ASCII characters stand at the offset, as they are. */
  startsWith(offset: number, text: string): boolean {
    return this.bytes.toString('latin1', offset, offset + text.length) === text;
  }

  /** Takes one structural byte. */
  expect(byte: number, what: string): void {
    if (this.peek() !== byte) throw this.unexpected(what);
    this.pos += 1;
  }

  /** @returns the type of the value that begins at the position. */
  typeHere(): JsonType {
    const byte = this.peek();
    if (byte === 0x22) return 'string';
    if (byte === 0x7b) return 'object';
    if (byte === 0x5b) return 'array';
    if (byte === 0x2d || isDigit(byte)) return 'number';
    if (byte === 0x74 || byte === 0x66) return 'boolean';
    if (byte === 0x6e) return 'null';
    throw this.unexpected('a value');
  }

  /** Reads `true`, `false` or `null`. */
  literal(): boolean | null {
    for (const [word, value] of LITERALS) {
      if (this.bytes[this.pos] !== word[0]) continue;
      for (let i = 1; i < word.length; i += 1) {
        if (this.bytes[this.pos + i] !== word[i]) throw bodyInvalid(this.pos, 'a word is not true, false or null');
      }
      this.pos += word.length;
      return value;
    }
    throw this.unexpected('a value');
  }

  /** Reads a number. @returns its value as a double; its text is from the old position to the new. */
  number(): number {
    const start = this.pos;
    if (this.peek() === 0x2d) this.pos += 1;
    if (this.peek() === 0x30) {
      this.pos += 1;
      if (isDigit(this.peek())) throw bodyInvalid(start, 'a number has a leading zero');
    } else this.#digits(start);
    this.integer = true;
    if (this.peek() === 0x2e) {
      this.integer = false;
      this.pos += 1;
      this.#digits(start);
    }
    const exponentAt = this.#exponent(start);
    if (this.pos - start > NUMBER_BYTES_MAX) throw bodyInvalid(start, `a number is longer than ${NUMBER_BYTES_MAX} bytes`);
    const value = this.#valueFrom(start);
    if (!Number.isFinite(value)) throw bodyInvalid(start, 'a number is larger than a double can be');
    if (exponentAt >= 0) {
      const exponent = Math.abs(Number(this.bytes.toString('latin1', exponentAt, this.pos)));
      this.numberExpansion += Math.min(exponent, EXPANSION_MAX);
    }
    return value;
  }

  /** Reads a string. Its raw content is between the quotes: from the old position + 1 to the new − 1. */
  string(): void {
    const { bytes } = this;
    this.escaped = false;
    this.loneSurrogate = false;
    let at = this.pos + 1;
    for (;;) {
      while (PLAIN[bytes[at] as number] === 1) at += 1;
      const byte = bytes[at];
      if (byte === 0x22) {
        this.pos = at + 1;
        return;
      }
      if (byte === undefined) throw bodyInvalid(at, 'it ends inside a string');
      if (byte === 0x5c) at = this.#escape(at);
      else if (byte < 0x20) throw bodyInvalid(at, 'a control character stands in a string without an escape');
      else at = this.#multiByte(at);
    }
  }

  /** The text of the string token between these quotes, unescaped. */
  textOf(start: number, end: number, escaped: boolean): string {
    // The token was validated on the way, so JSON.parse of this one string cannot throw.
    if (escaped) return JSON.parse(this.bytes.toString('utf8', start, end)) as string;
    return this.bytes.toString('utf8', start + 1, end - 1);
  }

  unexpected(wanted: string): Error {
    return bodyInvalid(this.pos, this.pos >= this.bytes.length ? `it ends where ${wanted} is due` : `${wanted} is due here`);
  }

  /** The number token from `start` to the position. Short integers, by far the most, are read without a string. */
  #valueFrom(start: number): number {
    if (!this.integer || this.pos - start > 15) return Number(this.bytes.toString('latin1', start, this.pos));
    const isNegative = this.bytes[start] === 0x2d;
    let value = 0;
    for (let at = isNegative ? start + 1 : start; at < this.pos; at += 1) value = value * 10 + (this.bytes[at] as number) - 0x30;
    return isNegative ? -value : value;
  }

  #digits(start: number): void {
    if (!isDigit(this.peek())) throw bodyInvalid(start, 'a number is not written as JSON has it');
    while (isDigit(this.peek())) this.pos += 1;
  }

  /** @returns the offset of the exponent's own number, or −1 where there is none. */
  #exponent(start: number): number {
    if ((this.peek() | 0x20) !== 0x65) return -1;
    this.integer = false;
    this.pos += 1;
    const at = this.pos;
    if (this.peek() === 0x2b || this.peek() === 0x2d) this.pos += 1;
    this.#digits(start);
    return at;
  }

  /** Reads one escape at `at`, a surrogate pair as one. @returns the offset after it. */
  #escape(at: number): number {
    this.escaped = true;
    const kind = this.bytes[at + 1];
    if (kind !== undefined && SIMPLE_ESCAPES.has(kind)) return at + 2;
    const unit = this.#hexUnit(at);
    if ((unit & 0xf800) !== 0xd800) return at + 6;
    const isPair =
      unit < 0xdc00 && this.bytes[at + 6] === 0x5c && this.bytes[at + 7] === 0x75 && (this.#hexUnit(at + 6) & 0xfc00) === 0xdc00;
    if (!isPair) this.loneSurrogate = true;
    return at + (isPair ? 12 : 6);
  }

  #hexUnit(at: number): number {
    const text = this.bytes[at + 1] === 0x75 ? this.bytes.toString('latin1', at + 2, at + 6) : '';
    if (!/^[0-9a-fA-F]{4}$/.test(text)) throw bodyInvalid(at, 'an escape is not one of JSON');
    return Number.parseInt(text, 16);
  }

  /** Checks one multi-byte character (Unicode 3.9, table 3-7: no overlong forms, no surrogates). @returns the offset after it. */
  #multiByte(at: number): number {
    const { bytes } = this;
    const lead = bytes[at] as number;
    const second = bytes[at + 1] ?? 0;
    const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
    const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
    let isGood = lead >= 0xc2 && lead <= 0xf4 && second >= low && second <= high;
    for (let i = 2; i < length; i += 1) isGood = isGood && ((bytes[at + i] ?? 0) & 0xc0) === 0x80;
    if (!isGood) throw bodyInvalid(at, 'it is not UTF-8');
    return at + length;
  }
}

const LITERALS: readonly (readonly [Uint8Array, boolean | null])[] = [
  [Buffer.from('true'), true],
  [Buffer.from('false'), false],
  [Buffer.from('null'), null],
];

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
