import { verifyMessage } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { expect, it } from 'vitest';
import { fromHex } from '../crypto/hex.ts';
import { addressOfSecretKey, signDigest } from '../crypto/secp256k1.ts';
import { textDigest } from '../crypto/signed-text.ts';
import { canonicalJson } from '../jcs.ts';
import { fill } from '../receipt/sample.ts';
import { BREACH_FORMAT, type Breach, breachDigest, verifyBreach } from './breach.ts';

const KEY = fill(0x42);
const SIGNER = addressOfSecretKey(fromHex(KEY));
const EVIDENCE: Breach = {
  format: BREACH_FORMAT,
  source_id: '019a0000-0000-7000-8000-0000000d0402',
  provider: 'anthropic',
  hold_id: '019a0000-0000-7000-8000-0000000d0403',
  receipt_id: 'ab'.repeat(16),
  bound: '1000',
  actual: '1234',
  excess: '234',
  limit: '500000',
  spent: '41000',
  overrun: '234',
  head: 'cd'.repeat(32),
  at: 1_767_225_600_000,
};
const signed = (evidence: Breach) => ({ evidence, signature: signDigest(breachDigest(evidence), fromHex(KEY)), signer: SIGNER });
const failed = (input: unknown, signer?: typeof SIGNER) =>
  verifyBreach(input, signer)
    .checks.filter(({ ok }) => !ok)
    .map(({ name }) => name);

it('evidence verifies with nothing but itself, and any wallet library comes to the same verdict', async () => {
  const bundle = signed(EVIDENCE);
  expect(failed(bundle, SIGNER)).toEqual([]);
  const { signature } = bundle;
  expect(await verifyMessage({ address: SIGNER, message: canonicalJson(EVIDENCE), signature })).toBe(true);
  expect(await privateKeyToAccount(KEY).signMessage({ message: canonicalJson(EVIDENCE) })).toBe(signature);
});

it('the digest of a text counts its bytes, not its characters', async () => {
  const text = 'ü€𝄞';
  const message = await privateKeyToAccount(KEY).signMessage({ message: text });
  expect(signDigest(textDigest(text), fromHex(KEY))).toBe(message);
});

it('what was changed, or does not add up, does not verify', () => {
  const bundle = signed(EVIDENCE);
  expect(failed({ ...bundle, evidence: { ...EVIDENCE, source_id: 'another' } })).toEqual(['signature']);
  expect(failed({ ...bundle, signer: `0x${'11'.repeat(20)}` })).toEqual(['signature']);
  expect(failed(bundle, `0x${'11'.repeat(20)}`)).toEqual(['signer']);
  expect(failed(signed({ ...EVIDENCE, excess: '233' }))).toEqual(['excess']);
  expect(failed(signed({ ...EVIDENCE, actual: '1000', excess: '0' }))).toEqual(['excess']);
  for (const rubbish of [null, {}, { ...bundle, more: 1 }, { ...bundle, signature: '0x' }]) expect(failed(rubbish)).toEqual(['format']);
});
