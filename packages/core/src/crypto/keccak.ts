import { keccak_256 } from '@noble/hashes/sha3.js';
import type { Hex } from '../receipt/types.ts';
import { toHex } from './hex.ts';

/** keccak-256 as Ethereum uses it (not FIPS SHA3-256). */
export function keccak(bytes: Uint8Array): Hex {
  return toHex(keccak_256(bytes));
}
