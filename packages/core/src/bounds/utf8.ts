/**
 * The text of a UTF-8 byte range with `\uXXXX` escapes decoded, as UTF-16. Bytes that are no UTF-8 read as U+FFFD each.
 * (Written out because `core` also runs where neither Buffer nor TextDecoder is typed.)
 */
export class TextBuilder {
  readonly #units = new Uint16Array(8192);
  #used = 0;
  #text = '';

  /** One UTF-16 code unit. */
  unit(code: number): void {
    if (this.#used === this.#units.length) this.#flush();
    this.#units[this.#used] = code;
    this.#used += 1;
  }

  codePoint(code: number): void {
    if (code < 0x10000) {
      this.unit(code);
    } else {
      this.unit(0xd800 + ((code - 0x10000) >> 10));
      this.unit(0xdc00 + ((code - 0x10000) & 0x3ff));
    }
  }

  /** @returns what was added since the last take. */
  take(): string {
    this.#flush();
    const text = this.#text;
    this.#text = '';
    return text;
  }

  #flush(): void {
    if (this.#used === 0) return;
    this.#text += String.fromCharCode.apply(null, this.#units.subarray(0, this.#used) as unknown as number[]);
    this.#used = 0;
  }
}

/**
 * Reads one multi-byte sequence at `at` (a byte ≥ 0x80).
 * @returns code × 8 + length, or U+FFFD × 8 + 1 where it is malformed. (One number: this runs once per character.)
 */
export function readMultiByte(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] as number;
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4) return BAD;
  let code = lead & (0xff >> (length + 1));
  for (let i = 1; i < length; i += 1) {
    const next = at + i < bytes.length ? (bytes[at + i] as number) : 0;
    if ((next & 0xc0) !== 0x80) return BAD;
    code = code * 64 + (next & 0x3f);
  }
  if (code < (length === 4 ? 0x10000 : length === 3 ? 0x800 : 0x80) || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return BAD;
  return code * 8 + length;
}

const BAD = 0xfffd * 8 + 1;

/** @returns the UTF-8 length of a string in bytes; a lone surrogate counts 3, as its replacement does. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) bytes += 1;
    else if (unit < 0x800) bytes += 2;
    else if (unit >= 0xd800 && unit <= 0xdbff && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      bytes += 4;
      i += 1;
    } else bytes += 3;
  }
  return bytes;
}
