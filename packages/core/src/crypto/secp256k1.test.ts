import { secp256k1 } from '@noble/curves/secp256k1.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fill } from '../receipt/sample.ts';
import type { Hex } from '../receipt/types.ts';
import { fromHex, toHex } from './hex.ts';
import { addressOfPublicKey, addressOfSecretKey, normalizeAddress, recoverAddress, signDigest } from './secp256k1.ts';

const KEY = fromHex(fill(0x42));
const DIGEST = fill(0x99);
const ORDER = secp256k1.Point.Fn.ORDER;

function join(r: bigint, s: bigint, v: number): Hex {
  return `0x${r.toString(16).padStart(64, '0')}${s.toString(16).padStart(64, '0')}${v.toString(16).padStart(2, '0')}`;
}

test('what a key signs recovers to its address, and another digest does not', () => {
  const digest = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex);
  fc.assert(
    fc.property(digest, digest, (one, other) => {
      const signature = signDigest(one, KEY);
      expect(recoverAddress(one, signature)).toBe(addressOfSecretKey(KEY));
      if (one !== other) expect(recoverAddress(other, signature)).not.toBe(addressOfSecretKey(KEY));
    }),
    { numRuns: 25 },
  );
});

test('signing is deterministic and low-s', () => {
  const signature = signDigest(DIGEST, KEY);
  expect(signDigest(DIGEST, KEY)).toBe(signature);
  expect(BigInt(`0x${signature.slice(66, 130)}`)).toBeLessThanOrEqual(ORDER / 2n);
});

test('the address does not depend on how the public key is written', () => {
  expect(addressOfPublicKey(secp256k1.getPublicKey(KEY, true))).toBe(addressOfSecretKey(KEY));
  expect(addressOfPublicKey(secp256k1.getPublicKey(KEY, false))).toBe(addressOfSecretKey(KEY));
});

test('malleable, zero, overlong and misnumbered signatures are refused', () => {
  const good = signDigest(DIGEST, KEY);
  const r = BigInt(good.slice(0, 66));
  const s = BigInt(`0x${good.slice(66, 130)}`);
  const v = Number.parseInt(good.slice(130), 16);
  expect(recoverAddress(DIGEST, join(r, s, v))).toBe(addressOfSecretKey(KEY));
  expect(() => recoverAddress(DIGEST, join(r, ORDER - s, 55 - v))).toThrow(/out of range/);
  for (const [badR, badS] of [
    [0n, s],
    [r, 0n],
    [ORDER, s],
    [ORDER + 1n, s],
    [r, ORDER],
  ] as const) {
    expect(() => recoverAddress(DIGEST, join(badR, badS, v))).toThrow(/out of range/);
  }
  for (const badV of [0, 1, 26, 29, 255]) expect(() => recoverAddress(DIGEST, join(r, s, badV))).toThrow(/27 or 28/);
  for (const bad of [good.slice(0, -2), `${good}00`, '0x', good.toUpperCase()]) {
    expect(() => recoverAddress(DIGEST, bad as Hex)).toThrow(/65 bytes/);
  }
  // r = 5 is no x of a point on the curve.
  expect(() => recoverAddress(DIGEST, join(5n, s, v))).toThrow(/no key/);
});

test('a key that is none is refused without being quoted', () => {
  const bad = new Uint8Array(32).fill(0xff);
  for (const run of [
    () => signDigest(DIGEST, bad),
    () => addressOfSecretKey(bad),
    () => addressOfPublicKey(bad),
    () => signDigest(DIGEST, new Uint8Array(31)),
  ]) {
    expect(run).toThrow(/is not a (key|point) of secp256k1/);
  }
});

test('addresses are lower-cased, nothing else is taken', () => {
  expect(normalizeAddress('0xABCDEF0123456789abcdef0123456789ABCDEF01')).toBe('0xabcdef0123456789abcdef0123456789abcdef01');
  for (const bad of ['', '0x', 'abcdef0123456789abcdef0123456789abcdef01', '0xabcdef0123456789abcdef0123456789abcdef0']) {
    expect(() => normalizeAddress(bad)).toThrow(/40 hex digits/);
  }
});
