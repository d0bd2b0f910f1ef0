import { expect, test } from 'vitest';
import { fromHex } from '../crypto/hex.ts';
import { addressOfSecretKey, signDigest } from '../crypto/secp256k1.ts';
import { fill, SAMPLE_DOMAIN } from '../receipt/sample.ts';
import { reconcileConsentDigest, reconcileConsentHash, reconcileConsentSigner } from './reconcile-consent.ts';

const TERMS = { id: 'src_1', from: 1_767_225_600_000, to: 1_767_312_000_000, amount: 1_500n, exportHash: fill(0xee) };

test('only the donor’s signature over exactly these terms gives the donor’s address', () => {
  const key = fromHex(fill(0x42));
  const signature = signDigest(reconcileConsentDigest(TERMS, SAMPLE_DOMAIN), key);
  expect(reconcileConsentSigner(TERMS, SAMPLE_DOMAIN, signature)).toBe(addressOfSecretKey(key));
  const others = [{ id: 'src_2' }, { from: TERMS.from + 1 }, { to: TERMS.to + 1 }, { amount: 1_501n }, { exportHash: fill(0xef) }];
  for (const other of others) {
    expect(reconcileConsentSigner({ ...TERMS, ...other }, SAMPLE_DOMAIN, signature)).not.toBe(addressOfSecretKey(key));
  }
  expect(reconcileConsentSigner(TERMS, { ...SAMPLE_DOMAIN, chainId: 1n }, signature)).not.toBe(addressOfSecretKey(key));
});

test('terms out of range are refused', () => {
  for (const bad of [
    { from: -1 },
    { to: 1.5 },
    { amount: 2n ** 64n },
    { amount: -1n },
    { exportHash: '0xee' as const },
    { id: '\ud800' },
  ]) {
    expect(() => reconcileConsentHash({ ...TERMS, ...bad })).toThrow();
  }
});
