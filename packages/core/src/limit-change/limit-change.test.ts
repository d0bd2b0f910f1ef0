import { expect, test } from 'vitest';
import { fromHex } from '../crypto/hex.ts';
import { addressOfSecretKey, signDigest } from '../crypto/secp256k1.ts';
import { fill, SAMPLE_DOMAIN } from '../receipt/sample.ts';
import { limitChangeDigest, limitChangeHash, limitChangeSigner } from './limit-change.ts';

const CHANGE = { id: 'src_1', seq: 1, limit: 500_000n, expiry: 0 };

test('only the donor’s signature over exactly these terms gives the donor’s address', () => {
  const key = fromHex(fill(0x42));
  const signature = signDigest(limitChangeDigest(CHANGE, SAMPLE_DOMAIN), key);
  expect(limitChangeSigner(CHANGE, SAMPLE_DOMAIN, signature)).toBe(addressOfSecretKey(key));
  for (const change of [{ id: 'src_2' }, { seq: 2 }, { limit: 500_001n }, { expiry: 1 }]) {
    expect(limitChangeSigner({ ...CHANGE, ...change }, SAMPLE_DOMAIN, signature)).not.toBe(addressOfSecretKey(key));
  }
  expect(limitChangeSigner(CHANGE, { ...SAMPLE_DOMAIN, chainId: 1n }, signature)).not.toBe(addressOfSecretKey(key));
});

test('terms out of range are refused', () => {
  for (const bad of [{ seq: -1 }, { seq: 1.5 }, { limit: 2n ** 64n }, { limit: -1n }, { expiry: -1 }, { id: '\ud800' }]) {
    expect(() => limitChangeHash({ ...CHANGE, ...bad })).toThrow();
  }
});
