/**
 * BLS signatures as the contract `BlsScheme` checks them: keys in G1, signatures in G2, the IETF's proof-of-possession scheme
 * (draft-irtf-cfrg-bls-signature), points in the encoding of EIP-2537. One signature of constant size stands for all who signed.
 */
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import { TallyError } from '../errors.ts';
import type { Hex } from '../receipt/types.ts';
import { decodeG1, decodeG2, encodeG1, encodeG2, G1_BYTES, type G1Point, G2_BYTES } from './bls-point.ts';
import { concat, utf8 } from './bytes.ts';
import { fromHex, toHex } from './hex.ts';
import { checkUint } from './packer.ts';
import { sha256 } from './sha256.ts';

const { longSignatures, G1, G2, fields } = bls12_381;
const SIGN_DST = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_';
const POSSESSION_DST = 'BLS_POP_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_';
/** Bytes of a proof: the mask, then the aggregated signature. */
const PROOF_BYTES = 1 + G2_BYTES;
/** A set of oracles. */
const MEMBERS_MAX = 5;

/** Who registers a key, and on which chain: a proof of possession is worth nothing to another operator or elsewhere. */
export type BlsOwner = { readonly operator: Hex; readonly chainId: bigint };

/**
 * The IETF's `KeyGen` (draft-irtf-cfrg-bls-signature-04, section 2.3; EIP-2333's `hkdf_mod_r`).
 * @param seed at least 32 bytes that nobody can guess.
 * @returns the secret key, 32 bytes.
 * @throws TallyError INPUT_INVALID
 */
export function blsSecretKey(seed: Uint8Array): Uint8Array {
  if (seed.length < 32) throw new TallyError('INPUT_INVALID', 'The seed of a BLS key must have at least 32 bytes.');
  const material = concat(seed, Uint8Array.of(0));
  const info = Uint8Array.of(0, 48);
  for (let salt = utf8('BLS-SIG-KEYGEN-SALT-'); ; ) {
    salt = sha256(salt);
    const scalar = BigInt(toHex(hkdf(nobleSha256, material, salt, info, 48))) % fields.Fr.ORDER;
    if (scalar !== 0n) return fromHex(`0x${scalar.toString(16).padStart(64, '0')}`, 32);
  }
}

/** @param secretKey 32 bytes. @returns 128 bytes. @throws TallyError INPUT_INVALID */
export function blsPublicKey(secretKey: Uint8Array): Hex {
  return encodeG1(withSecret(() => longSignatures.getPublicKey(secretKey)));
}

/** @returns the point of G2 (256 bytes) that is signed for `digest`. @throws TallyError INPUT_INVALID */
export function blsHashToG2(digest: Hex): Hex {
  return encodeG2(hashed(digest));
}

/** @param digest 32 bytes, bound to chain, contract and purpose (EIP-712). @returns 256 bytes. @throws TallyError INPUT_INVALID */
export function blsSign(digest: Hex, secretKey: Uint8Array): Hex {
  const point = hashed(digest);
  return encodeG2(withSecret(() => longSignatures.sign(point, secretKey)));
}

/**
 * The proof that `owner.operator` holds the key: its signature over public key ‖ operator ‖ chain id under a tag of its own. Without it a
 * key could be made from others' keys, whose aggregate its maker alone can sign for.
 * @returns 256 bytes.
 * @throws TallyError INPUT_INVALID
 */
export function blsPossession(secretKey: Uint8Array, owner: BlsOwner): Hex {
  const point = possessionPoint(blsPublicKey(secretKey), owner);
  return encodeG2(withSecret(() => longSignatures.sign(point, secretKey)));
}

/** @returns whether `possession` proves that the operator holds `publicKey`. Malformed points prove nothing. */
export function blsVerifyPossession(publicKey: Hex, possession: Hex, owner: BlsOwner): boolean {
  const point = possessionPoint(publicKey, owner);
  return refuses(() => longSignatures.verify(decodeG2(possession, 'possession'), point, decodeG1(publicKey, 'publicKey')));
}

/** @returns the sum of the signatures: that of all who made one. @throws TallyError INPUT_INVALID */
export function blsAggregate(signatures: readonly Hex[]): Hex {
  if (signatures.length === 0) throw new TallyError('INPUT_INVALID', 'There is no signature to aggregate.');
  let sum = G2.Point.ZERO;
  for (const signature of signatures) sum = sum.add(decodeG2(signature, 'signature'));
  if (sum.is0()) throw new TallyError('INPUT_INVALID', 'The signatures cancel each other out.');
  return encodeG2(sum);
}

/**
 * @param members places in the set of those whose signatures were aggregated, each once, in any order.
 * @returns the proof as the contracts take it: mask (1 byte) ‖ signature.
 * @throws TallyError INPUT_INVALID
 */
export function blsEncodeProof(members: readonly number[], signature: Hex): Hex {
  let mask = 0;
  for (const member of members) {
    const inSet = Number.isInteger(member) && member >= 0 && member < MEMBERS_MAX;
    if (!inSet || (mask & (1 << member)) !== 0) throw new TallyError('INPUT_INVALID', 'A member is not in the set, or there twice.');
    mask |= 1 << member;
  }
  if (mask === 0) throw new TallyError('INPUT_INVALID', 'A proof needs members.');
  return toHex(concat(Uint8Array.of(mask), fromHex(signature, G2_BYTES, 'signature')));
}

/** @returns whether `signature` is the aggregate over `digest` of all of `publicKeys`. Their possession must have been checked before. */
export function blsVerify(digest: Hex, publicKeys: readonly Hex[], signature: Hex): boolean {
  const point = hashed(digest);
  return refuses(() => {
    const sum = publicKeys.reduce<G1Point>((total, key) => total.add(decodeG1(key, 'publicKey')), G1.Point.ZERO);
    return !sum.is0() && longSignatures.verify(decodeG2(signature, 'signature'), point, sum);
  });
}

/**
 * What `BlsScheme.verify` does.
 * @param publicKeys of the whole set, in its order.
 * @returns the mask of the members that signed (bit i is member i); 0 where the proof proves nothing.
 */
export function blsVerifyProof(digest: Hex, publicKeys: readonly Hex[], proof: Hex): number {
  if (proof.length !== 2 + 2 * PROOF_BYTES) return 0;
  const mask = Number.parseInt(proof.slice(2, 4), 16);
  if (!(mask > 0) || mask >> publicKeys.length !== 0) return 0;
  const signers = publicKeys.filter((_, i) => (mask & (1 << i)) !== 0);
  return blsVerify(digest, signers, `0x${proof.slice(4)}`) ? mask : 0;
}

function hashed(digest: Hex) {
  return longSignatures.hash(fromHex(digest, 32, 'digest'), SIGN_DST);
}

function possessionPoint(publicKey: Hex, { operator, chainId }: BlsOwner) {
  const chain = `0x${checkUint(256, chainId, 'chainId').toString(16).padStart(64, '0')}` as const;
  const message = concat(fromHex(publicKey, G1_BYTES, 'publicKey'), fromHex(operator, 20, 'operator'), fromHex(chain, 32));
  return longSignatures.hash(message, POSSESSION_DST);
}

/** The library's own errors may quote their input, which is a secret here: they are replaced, not chained. */
function withSecret<T>(run: () => T): T {
  try {
    return run();
  } catch {
    throw new TallyError('INPUT_INVALID', 'The secret key is not a key of BLS12-381.');
  }
}

/** A malformed point is an answer (no), not an accident. */
function refuses(check: () => boolean): boolean {
  try {
    return check();
  } catch (cause) {
    if (cause instanceof TallyError && cause.code === 'INPUT_INVALID') return false;
    throw cause;
  }
}
