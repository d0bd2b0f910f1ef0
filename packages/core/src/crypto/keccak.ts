import { keccak_256 } from '@noble/hashes/sha3.js';
import { TallyError } from '../errors.ts';
import type { Hex } from '../receipt/types.ts';
import { toHex } from './hex.ts';

/** keccak-256 of bytes: 32 bytes. */
export type Keccak = (bytes: Uint8Array) => Uint8Array;

let implementation: Keccak = keccak_256;

/** keccak-256 as Ethereum uses it (not FIPS SHA3-256). */
export function keccak(bytes: Uint8Array): Hex {
  return toHex(implementation(bytes));
}

/**
 * Has this realm hash with a faster implementation of the same function, such as one in WebAssembly (ten times the speed of plain
 * JavaScript). It is compared over every length from nothing to beyond three blocks before it is used.
 * @throws TallyError INPUT_INVALID where it gives another hash than keccak-256; nothing is changed then.
 */
export function useKeccak(faster: Keccak): void {
  for (let length = 0; length <= 3 * 136 + 1; length += 1) {
    const probe = new Uint8Array(length).map((_, i) => (i * 31 + length) & 0xff);
    if (toHex(faster(probe)) !== toHex(keccak_256(probe))) throw new TallyError('INPUT_INVALID', 'This is not keccak-256.', { length });
  }
  implementation = faster;
}
