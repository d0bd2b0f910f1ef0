import { concat, utf8 } from '../crypto/bytes.ts';
import { fromHex, toHex } from '../crypto/hex.ts';
import { hmacSha256, sha256 } from '../crypto/sha256.ts';
import { TallyError } from '../errors.ts';
import type { Hex } from './types.ts';

export type ContentPurpose = 'request' | 'response';

/** Why salts: a prompt is often guessable, and a bare hash of it on a public receipt would confirm the guess. */
const SALT_LABEL = utf8('tallystick/v1/salt');
const PSEUDONYM_TAG = 'tallystick/v1/pseudonym';

/**
 * The tenant's salt key, derived by gateway and caller alike from what both know: nothing further has to be stored or handed over.
 * @param virtualKey the whole virtual key as the caller sends it.
 * @returns 32 bytes: HMAC-SHA-256(key = utf8(virtualKey), 'tallystick/v1/salt').
 */
export function saltKeyOf(virtualKey: string): Uint8Array {
  return hmacSha256(utf8(virtualKey, 'virtualKey'), SALT_LABEL);
}

/**
 * @param callId as it stands in the receipt.
 * @returns 32 bytes: HMAC-SHA-256(saltKey, callId ‖ utf8(purpose)).
 * @throws TallyError INPUT_INVALID
 */
export function contentSalt(saltKey: Uint8Array, callId: Hex, purpose: ContentPurpose): Uint8Array {
  if (saltKey.length !== 32) throw new TallyError('INPUT_INVALID', 'saltKey must be 32 bytes.');
  return hmacSha256(saltKey, fromHex(callId, 32, 'callId'), utf8(purpose));
}

/** SHA-256(salt ‖ bytes). @throws TallyError INPUT_INVALID */
export function requestHash(saltKey: Uint8Array, callId: Hex, bytes: Uint8Array): Hex {
  return toHex(sha256(contentSalt(saltKey, callId, 'request'), bytes));
}

/**
 * What follows the delivered bytes in the hash: u64 length ‖ u8 complete. At the end, so that a stream is hashed as it passes.
 * @param length bytes delivered. @param complete whether the answer reached its own end.
 */
export function responseTrailer(length: number, complete: boolean): Uint8Array {
  if (!Number.isSafeInteger(length) || length < 0) throw new TallyError('INPUT_INVALID', 'length must be a whole number of bytes.');
  const trailer = new Uint8Array(9);
  new DataView(trailer.buffer).setBigUint64(0, BigInt(length));
  trailer[8] = complete ? 1 : 0;
  return trailer;
}

/** SHA-256(salt ‖ bytes delivered ‖ u64 length ‖ u8 complete). @throws TallyError INPUT_INVALID */
export function responseHash(saltKey: Uint8Array, callId: Hex, bytes: Uint8Array, complete: boolean): Hex {
  return toHex(sha256(contentSalt(saltKey, callId, 'response'), bytes, responseTrailer(bytes.length, complete)));
}

/**
 * The form in which an internal id appears on a receipt: HMAC-SHA-256(key, tag, purpose, id), every part with its u32 length before it,
 * so that no two different triples have one preimage and an id has unlinkable pseudonyms for different purposes.
 * @param key 32 secret bytes of the installation.
 * @throws TallyError INPUT_INVALID
 */
export function pseudonym(key: Uint8Array, purpose: string, id: string): Hex {
  if (key.length !== 32) throw new TallyError('INPUT_INVALID', 'key must be 32 bytes.');
  return toHex(hmacSha256(key, ...[PSEUDONYM_TAG, purpose, id].map(lengthPrefixed)));
}

function lengthPrefixed(text: string): Uint8Array {
  const bytes = utf8(text);
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, bytes.length);
  return concat(length, bytes);
}
