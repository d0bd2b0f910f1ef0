import { z } from 'zod';
import { normalizeAddress, recoverAddress } from '../crypto/secp256k1.ts';
import { type Check, check } from '../receipt/check.ts';
import { DONATION_CHARS_MAX, type DonationBundle, donationBundleSchema } from './donation-bundle.ts';
import { donationReceiptDigest, donorLabelHash } from './donation-receipt.ts';

/** `ok`: every check holds. `bundle` is there once the form is right, whatever else failed: look at `ok` before believing it. */
export type DonationVerdict = { readonly ok: boolean; readonly checks: readonly Check[]; readonly bundle: DonationBundle | null };

/**
 * Verifies a donation receipt with nothing but itself: form, label, and signature.
 *
 * What it cannot know is *whose* key `signer` is: give `expected.signer`, learned from the gateway by another way. Without it the
 * verdict says only that the receipt is whole and signed by the key that it names.
 * @param input the receipt's JSON text, or its parsed value.
 * @throws TallyError INPUT_INVALID only where `expected.signer` is not an address.
 */
export function verifyDonation(input: unknown, expected: { readonly signer?: string } = {}): DonationVerdict {
  const signer = expected.signer === undefined ? null : normalizeAddress(expected.signer);
  const read = readDonation(input);
  if (typeof read === 'string') return { ok: false, checks: [{ name: 'format', ok: false, detail: read }], bundle: null };
  const checks = [
    { name: 'format', ok: true, detail: read.format },
    check('label', () => [donorLabelHash(read.label) === read.receipt.labelHash, 'labelHash is keccak-256 of the label.']),
    check('signature', () => [
      recoverAddress(donationReceiptDigest(read.receipt, read.domain), read.signature) === read.signer,
      `The receipt must be signed by ${read.signer}.`,
    ]),
  ];
  if (signer !== null) {
    checks.push({ name: 'signer', ok: read.signer === signer, detail: `The signer must be ${signer}; it is ${read.signer}.` });
  }
  return { ok: checks.every(({ ok }) => ok), checks, bundle: read };
}

/** @returns the bundle, or what is wrong with its form. */
function readDonation(input: unknown): DonationBundle | string {
  if (typeof input === 'string' && input.length > DONATION_CHARS_MAX)
    return `A donation receipt has at most ${DONATION_CHARS_MAX} characters.`;
  let value = input;
  try {
    if (typeof input === 'string') value = JSON.parse(input);
  } catch {
    return 'This is not JSON.';
  }
  const parsed = donationBundleSchema.safeParse(value);
  return parsed.success ? parsed.data : z.prettifyError(parsed.error);
}
