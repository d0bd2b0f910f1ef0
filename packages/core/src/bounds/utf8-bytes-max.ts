import { readMultiByte, TextBuilder, utf8Length } from './utf8.ts';

/** How many times longer NFC or NFKC can make a UTF-8 text: 11 (U+FDFA: 3 bytes become 33). A test walks all of Unicode. */
export const NORMAL_FORM_FACTOR_MAX = 11;
/**
 * Sorting combining marks takes quadratic time in the length of a run of them, so a longer run than this is not normalised but
 * charged at the factor above. The four letters are those that *become* marks.
 */
const LONG_MARK_RUN = /[\p{M}\u0e33\u0eb3\uff9e\uff9f]{16}/u;

/**
 * The most UTF-8 bytes that a tokenizer may see of a JSON body: as sent, with `\uXXXX` escapes decoded, and each of these in NFC and NFKC.
 * The maximum is taken per run of non-ASCII text, so it also covers a provider that treats one field so and another otherwise.
 * (Runs may be taken alone: no ASCII character composes with what stands before it, and composing never lengthens; the test shows both.)
 *
 * Takes linear time in the body, whatever it holds.
 */
export function utf8BytesMax(body: Uint8Array): number {
  const text = new TextBuilder();
  let most = 0;
  let at = 0;
  while (at < body.length) {
    const byte = body[at] as number;
    if (byte < 0x80 && byte !== BACKSLASH) {
      most += 1;
      at += 1;
    } else if (byte === BACKSLASH && escapeAt(body, at) < 0) {
      // Any other escape is longer than what it stands for. Both bytes go at once, so that `\\u0041` is not taken for an escape.
      const both = (body[at + 1] ?? 0x80) < 0x80 ? 2 : 1;
      most += both;
      at += both;
    } else {
      const end = readRun(body, at, text);
      most += longestForm(text.take(), end - at);
      at = end;
    }
  }
  return most;
}

const BACKSLASH = 0x5c;

/** Adds the run of non-ASCII characters and `\uXXXX` escapes from `start` on. @returns its end. */
function readRun(body: Uint8Array, start: number, text: TextBuilder): number {
  let at = start;
  while (at < body.length) {
    const byte = body[at] as number;
    if (byte >= 0x80) {
      const read = readMultiByte(body, at);
      text.codePoint(read >>> 3);
      at += read & 7;
    } else {
      const unit = byte === BACKSLASH ? escapeAt(body, at) : -1;
      if (unit < 0) break;
      text.unit(unit);
      at += 6;
    }
  }
  return at;
}

/** @returns the UTF-16 unit of the `\uXXXX` escape at `at`, or −1 where none stands there. */
function escapeAt(body: Uint8Array, at: number): number {
  if (body[at + 1] !== 0x75 || at + 6 > body.length) return -1;
  let unit = 0;
  for (let i = at + 2; i < at + 6; i += 1) {
    const digit = hexDigit(body[i] as number);
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function longestForm(text: string, rawBytes: number): number {
  const decoded = utf8Length(text);
  if (LONG_MARK_RUN.test(text)) return Math.max(rawBytes, decoded * NORMAL_FORM_FACTOR_MAX);
  return Math.max(rawBytes, decoded, utf8Length(text.normalize('NFC')), utf8Length(text.normalize('NFKC')));
}
