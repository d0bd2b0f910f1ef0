import type { Hex } from '../receipt/types.ts';
import { concat, utf8 } from './bytes.ts';
import { keccak } from './keccak.ts';

/**
 * What a wallet signs as a text. Source: EIP-191, version 0x45 (`personal_sign`): keccak-256 over `"\x19Ethereum Signed Message:\n" ‖ length in
 * bytes, decimal ‖ text`. No EIP-712 digest can be one, so a key that signs both never signs one as the other.
 * @throws TallyError INPUT_INVALID on a lone surrogate
 */
export function textDigest(text: string): Hex {
  const bytes = utf8(text);
  return keccak(concat(utf8(`\x19Ethereum Signed Message:\n${bytes.length}`), bytes));
}
