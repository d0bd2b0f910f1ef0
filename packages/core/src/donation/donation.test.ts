import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromHex } from '../crypto/hex.ts';
import { addressOfSecretKey, signDigest } from '../crypto/secp256k1.ts';
import { fill, SAMPLE_DOMAIN } from '../receipt/sample.ts';
import type { Hex } from '../receipt/types.ts';
import { type DonationTerms, donatedKeyHash, donationDigest, donationHash, donationSigner } from './donation.ts';
import { encodeDonation, labelled } from './donation-bundle.ts';
import { type DonationReceipt, donationReceiptDigest, donorLabelHash } from './donation-receipt.ts';
import { verifyDonation } from './donation-verify.ts';
import { donorActDigest, donorActHash, donorActSigner } from './donor-act.ts';

const KEY = fromHex(fill(0x42));
const DONOR = addressOfSecretKey(KEY);
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

const TERMS: DonationTerms = {
  donor: DONOR,
  provider: 'anthropic',
  keyHash: donatedKeyHash('sk-ant-0123456789'),
  tokens: 500_000n,
  minutes: 120,
  expiry: 0,
  countConsent: true,
  holdSettle: false,
  keepExhaustedMs: 0,
  nonce: fill(0x0f),
  deadline: 1_767_225_300_000,
};
const ACT = { donor: DONOR, act: 'pause', subject: 'd-1', nonce: fill(0x0f), deadline: 1_767_225_300_000 };

const RECEIPT: Omit<DonationReceipt, 'labelHash'> = {
  id: 'd-1',
  donor: DONOR,
  provider: 'anthropic',
  host: 'api.anthropic.com',
  tokens: 500_000n,
  minutes: 120,
  expiry: 0,
  countConsent: true,
  holdSettle: false,
  keepExhaustedMs: 0,
  shreddable: true,
  simulated: false,
  givenAt: 1_767_225_000_000,
};

/** The twin that the curve allows for every signature: another s and v over the same digest by the same key. */
function malleable(signature: Hex): Hex {
  const s = BigInt(`0x${signature.slice(66, 130)}`);
  const v = Number.parseInt(signature.slice(130), 16);
  return `${signature.slice(0, 66)}${(ORDER - s).toString(16).padStart(64, '0')}${(v === 27 ? 28 : 27).toString(16)}` as Hex;
}

describe('a donor’s terms', () => {
  test('only the donor’s signature over exactly these gives the donor’s address', () => {
    const signature = signDigest(donationDigest(TERMS, SAMPLE_DOMAIN), KEY);
    expect(donationSigner(TERMS, SAMPLE_DOMAIN, signature)).toBe(DONOR);
    const others: readonly Partial<DonationTerms>[] = [
      { donor: `0x${'a1'.repeat(20)}` },
      { provider: 'openai' },
      { keyHash: donatedKeyHash('sk-ant-0123456780') },
      { tokens: 500_001n },
      { minutes: 121 },
      { expiry: 1 },
      { countConsent: false },
      { holdSettle: true },
      { keepExhaustedMs: 1 },
      { nonce: fill(0x10) },
      { deadline: TERMS.deadline + 1 },
    ];
    for (const other of others) expect(donationSigner({ ...TERMS, ...other }, SAMPLE_DOMAIN, signature)).not.toBe(DONOR);
    expect(donationSigner(TERMS, { ...SAMPLE_DOMAIN, chainId: 1n }, signature)).not.toBe(DONOR);
    expect(donationSigner(TERMS, { ...SAMPLE_DOMAIN, verifyingContract: `0x${'11'.repeat(20)}` }, signature)).not.toBe(DONOR);
  });

  test('the same of one act', () => {
    const signature = signDigest(donorActDigest(ACT, SAMPLE_DOMAIN), KEY);
    expect(donorActSigner(ACT, SAMPLE_DOMAIN, signature)).toBe(DONOR);
    for (const other of [
      { act: 'resume' },
      { subject: 'd-2' },
      { nonce: fill(0x10) },
      { deadline: 1 },
      { donor: fill(1).slice(0, 42) as Hex },
    ])
      expect(donorActSigner({ ...ACT, ...other }, SAMPLE_DOMAIN, signature)).not.toBe(DONOR);
    expect(donorActSigner(ACT, { ...SAMPLE_DOMAIN, chainId: 1n }, signature)).not.toBe(DONOR);
  });

  test('a malleable twin of a good signature is refused', () => {
    const given = signDigest(donationDigest(TERMS, SAMPLE_DOMAIN), KEY);
    expect(() => donationSigner(TERMS, SAMPLE_DOMAIN, malleable(given))).toThrow('out of range');
    const act = signDigest(donorActDigest(ACT, SAMPLE_DOMAIN), KEY);
    expect(() => donorActSigner(ACT, SAMPLE_DOMAIN, malleable(act))).toThrow('out of range');
  });

  test('hostile signatures are refused or give another address, and nothing else happens', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 0, maxLength: 70 }), (bytes) => {
        const signature = `0x${Buffer.from(bytes).toString('hex')}` as Hex;
        try {
          expect(donationSigner(TERMS, SAMPLE_DOMAIN, signature)).not.toBe(DONOR);
        } catch (error) {
          expect(error).toMatchObject({ code: 'INPUT_INVALID' });
        }
      }),
    );
  });

  test('values out of range are refused', () => {
    const bad: readonly Partial<DonationTerms>[] = [
      { tokens: -1n },
      { tokens: 2n ** 64n },
      { minutes: 1.5 },
      { minutes: -1 },
      { expiry: Number.NaN },
      { keepExhaustedMs: -1 },
      { deadline: 2 ** 60 },
      { provider: '\ud800' },
      { keyHash: '0xee' },
      { nonce: `0x${'AA'.repeat(32)}` },
      { donor: '0x' },
    ];
    for (const each of bad) expect(() => donationHash({ ...TERMS, ...each }), JSON.stringify(Object.keys(each))).toThrow();
    for (const each of [{ act: '\ud800' }, { subject: '\udc00' }, { deadline: -1 }, { nonce: '0x' as const }])
      expect(() => donorActHash({ ...ACT, ...each })).toThrow();
  });
});

describe('a donation receipt', () => {
  const label = 'XAI7f3a9c2e';
  const sign = (more: Partial<typeof RECEIPT> = {}, name: string | null = label) => {
    const parts = { receipt: { ...RECEIPT, ...more }, label: name, domain: SAMPLE_DOMAIN };
    const signature = signDigest(donationReceiptDigest(labelled(parts), SAMPLE_DOMAIN), KEY);
    return encodeDonation({ ...parts, signature, signer: DONOR });
  };

  test('verifies as JSON text and as a value, with and without a label', () => {
    for (const bundle of [sign(), sign({}, null), sign({ donor: 'account:0199d1f0-7c1e-7a30-8a52-0123456789ac', simulated: true })]) {
      expect(verifyDonation(bundle)).toMatchObject({ ok: true });
      expect(verifyDonation(JSON.stringify(bundle), { signer: DONOR.toUpperCase().replace('0X', '0x') })).toMatchObject({ ok: true });
    }
    expect(sign({}, null).receipt.labelHash).toBe(donorLabelHash(null));
  });

  test('fails where any member is another, and says which check', () => {
    const bundle = sign();
    for (const [name, value] of Object.entries(bundle.receipt)) {
      const other =
        typeof value === 'boolean' ? !value : typeof value === 'number' ? value + 1 : name === 'tokens' ? '500001' : `${value}0`;
      const verdict = verifyDonation({ ...bundle, receipt: { ...bundle.receipt, [name]: other } });
      expect(verdict.ok, name).toBe(false);
    }
    expect(verifyDonation({ ...bundle, label: 'somebody else' }).checks.find(({ ok }) => !ok)?.name).toBe('label');
    expect(verifyDonation({ ...bundle, domain: { ...bundle.domain, chainId: '1' } }).checks.find(({ ok }) => !ok)?.name).toBe('signature');
    expect(verifyDonation({ ...bundle, signature: malleable(bundle.signature) }).ok).toBe(false);
    expect(verifyDonation(bundle, { signer: `0x${'11'.repeat(20)}` }).checks.find(({ ok }) => !ok)?.name).toBe('signer');
  });

  test('rubbish is a verdict, not an exception', () => {
    const bundle = sign();
    for (const input of ['', '{', 'null', null, 7, [], { ...bundle, more: 1 }, { ...bundle, format: 'x' }, 'x'.repeat(20_000)])
      expect(verifyDonation(input)).toMatchObject({ ok: false, bundle: null });
  });
});
