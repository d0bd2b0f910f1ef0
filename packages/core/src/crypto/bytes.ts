import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { TallyError } from '../errors.ts';

/** @returns the parts, one after the other. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return concatBytes(...parts);
}

/**
 * @returns the UTF-8 bytes of `text`.
 * @throws TallyError INPUT_INVALID on a lone surrogate: it would silently become U+FFFD, so that two texts had one hash.
 */
export function utf8(text: string, name = 'text'): Uint8Array {
  if (!text.isWellFormed()) throw new TallyError('INPUT_INVALID', `${name} must be well-formed Unicode.`, { name });
  return utf8ToBytes(text);
}
