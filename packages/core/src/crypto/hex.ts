import { TallyError } from '../errors.ts';
import type { Hex } from '../receipt/types.ts';

const DIGITS = '0123456789abcdef';
/** Value of a lower-case hex digit by character code; 255 = not one. */
const NIBBLE = new Uint8Array(128).fill(255);
for (let value = 0; value < 16; value++) NIBBLE[DIGITS.charCodeAt(value)] = value;

const PAIRS: readonly string[] = Array.from({ length: 256 }, (_, byte) => `${DIGITS[byte >> 4]}${DIGITS[byte & 15]}`);

/** @returns `bytes` as 0x-prefixed lower-case hex. */
export function toHex(bytes: Uint8Array): Hex {
  let out = '0x';
  for (const byte of bytes) out += PAIRS[byte];
  return out as Hex;
}

/**
 * Writes the hex digits of `text` into `out` at `at`. Only lower case is taken: one value has one spelling, in JSON and in a hash.
 * @throws TallyError INPUT_INVALID where `text` is not exactly `length` bytes of hex.
 */
export function writeHex(text: string, length: number, out: Uint8Array, at: number, name: string): void {
  if (typeof text !== 'string' || text.length !== 2 + 2 * length || !text.startsWith('0x')) throw invalid(name, length);
  for (let i = 0; i < length; i++) {
    const high = NIBBLE[text.charCodeAt(2 + 2 * i)] ?? 255;
    const low = NIBBLE[text.charCodeAt(3 + 2 * i)] ?? 255;
    if ((high | low) > 15) throw invalid(name, length);
    out[at + i] = (high << 4) | low;
  }
}

/**
 * @param length the exact number of bytes that `text` must have; absent = any.
 * @throws TallyError INPUT_INVALID
 */
export function fromHex(text: Hex, length?: number, name = 'hex'): Uint8Array {
  const bytes = length ?? Math.max(0, Math.floor((text.length - 2) / 2));
  const out = new Uint8Array(bytes);
  writeHex(text, bytes, out, 0, name);
  return out;
}

/** @returns whether `value` is 0x and exactly `length` bytes of lower-case hex. */
export function isHex(value: unknown, length: number): value is Hex {
  return typeof value === 'string' && value.length === 2 + 2 * length && /^0x[0-9a-f]*$/.test(value);
}

function invalid(name: string, length: number): TallyError {
  return new TallyError('INPUT_INVALID', `${name} must be 0x and ${length} bytes of lower-case hex.`, { name });
}
