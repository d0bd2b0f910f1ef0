import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { TallyError } from '../errors.ts';
import type { Hex } from '../receipt/types.ts';
import { fromHex, toHex } from './hex.ts';

const ORDER = secp256k1.Point.Fn.ORDER;
const HALF_ORDER = ORDER >> 1n;

/**
 * @param publicKey 33 bytes compressed or 65 bytes uncompressed.
 * @returns the Ethereum address: the last 20 bytes of keccak-256 over the uncompressed point without its prefix byte.
 * @throws TallyError INPUT_INVALID
 */
export function addressOfPublicKey(publicKey: Uint8Array): Hex {
  return guarded('The public key is not a point of secp256k1.', () => addressOfPoint(secp256k1.Point.fromBytes(publicKey).toBytes(false)));
}

/** @param secretKey 32 bytes. @throws TallyError INPUT_INVALID */
export function addressOfSecretKey(secretKey: Uint8Array): Hex {
  return guarded('The secret key is not a key of secp256k1.', () => addressOfPoint(secp256k1.getPublicKey(secretKey, false)));
}

/**
 * Signs a 32-byte digest. Deterministic (RFC 6979), low s: the same digest and key always give the same bytes.
 * @param secretKey 32 bytes.
 * @returns 65 bytes r ‖ s ‖ v, v = 27 or 28.
 * @throws TallyError INPUT_INVALID
 */
export function signDigest(digest: Hex, secretKey: Uint8Array): Hex {
  const message = fromHex(digest, 32, 'digest');
  const signed = guarded('The secret key is not a key of secp256k1.', () =>
    secp256k1.sign(message, secretKey, { prehash: false, lowS: true, format: 'recovered' }),
  );
  // noble puts the recovery bit first; 2 and 3 need an r above the field's rest, which nobody has ever found.
  const recovery = signed[0] as number;
  if (recovery > 1) throw new TallyError('INTERNAL', 'The signature cannot be expressed with v = 27 or 28.');
  const out = new Uint8Array(65);
  out.set(signed.subarray(1), 0);
  out[64] = 27 + recovery;
  return toHex(out);
}

/**
 * @param signature 65 bytes r ‖ s ‖ v. Refused: another length, v other than 27 or 28, r or s zero or not below the order, and a high s
 * (the malleable twin that OpenZeppelin's `ECDSA` refuses as well).
 * @returns the address of the key that signed `digest`. Any well-formed signature recovers to *some* address: compare it.
 * @throws TallyError INPUT_INVALID
 */
export function recoverAddress(digest: Hex, signature: Hex): Hex {
  const message = fromHex(digest, 32, 'digest');
  const bytes = fromHex(signature, 65, 'signature');
  const v = bytes[64] as number;
  const r = BigInt(toHex(bytes.subarray(0, 32)));
  const s = BigInt(toHex(bytes.subarray(32, 64)));
  if (v !== 27 && v !== 28) throw new TallyError('INPUT_INVALID', 'The signature’s v must be 27 or 28.');
  if (r === 0n || r >= ORDER || s === 0n || s > HALF_ORDER)
    throw new TallyError('INPUT_INVALID', 'The signature’s r or s is out of range.');
  return guarded('The signature recovers to no key.', () =>
    addressOfPoint(new secp256k1.Signature(r, s, v - 27).recoverPublicKey(message).toBytes(false)),
  );
}

/**
 * @returns the address in lower case, as it stands in everything that is hashed. The EIP-55 checksum of a mixed-case one is not checked.
 * @throws TallyError INPUT_INVALID
 */
export function normalizeAddress(address: string): Hex {
  if (!/^0x[0-9a-fA-F]{40}$/.test(address)) throw new TallyError('INPUT_INVALID', 'An address must be 0x and 40 hex digits.');
  return address.toLowerCase() as Hex;
}

function addressOfPoint(uncompressed: Uint8Array): Hex {
  return toHex(keccak_256(uncompressed.subarray(1)).subarray(12));
}

/** The library's own errors may quote their input, which can be a secret: they are replaced, not chained. */
function guarded<T>(what: string, run: () => T): T {
  try {
    return run();
  } catch {
    throw new TallyError('INPUT_INVALID', what);
  }
}
