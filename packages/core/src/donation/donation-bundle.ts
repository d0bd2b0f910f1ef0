import { z } from 'zod';
import { isHex } from '../crypto/hex.ts';
import type { Domain, Hex } from '../receipt/types.ts';
import { type DonationReceipt, donorLabelHash } from './donation-receipt.ts';

export const DONATION_FORMAT = 'tallystick-donation/1';
/** A bundle is about a kilobyte; what is longer is not parsed. */
export const DONATION_CHARS_MAX = 16_384;
const TEXT_MAX = 256;

const hex = (bytes: number) => z.custom<Hex>((value) => isHex(value, bytes), `must be 0x and ${bytes} bytes of lower-case hex`);
/** Integers over 32 bits are decimal strings: one value has one spelling. */
const decimal = (bits: number) =>
  z
    .string()
    .regex(/^(0|[1-9][0-9]{0,77})$/, 'must be a decimal string')
    .transform((text) => BigInt(text))
    .refine((value) => value < 1n << BigInt(bits), `must be below 2^${bits}`);
const time = z.int().min(0);
const text = z.string().min(1).max(TEXT_MAX);

const receipt = z.strictObject({
  id: text,
  donor: text,
  labelHash: hex(32),
  provider: text,
  host: text,
  tokens: decimal(64),
  minutes: time,
  expiry: time,
  countConsent: z.boolean(),
  holdSettle: z.boolean(),
  keepExhaustedMs: time,
  shreddable: z.boolean(),
  simulated: z.boolean(),
  givenAt: time,
});

/** A donation receipt with all that is needed to verify it offline. Nothing stands in it that no check covers; unknown members are refused. */
export const donationBundleSchema = z.strictObject({
  format: z.literal(DONATION_FORMAT),
  receipt,
  /** As the donor gave it; null where there was none. `labelHash` covers it. */
  label: z.string().min(1).max(TEXT_MAX).nullable(),
  domain: z.strictObject({ chainId: decimal(256), verifyingContract: hex(20) }),
  signature: hex(65),
  signer: hex(20),
});

/** The bundle as JSON: integers over 32 bits are decimal strings. */
export type DonationBundleJson = z.input<typeof donationBundleSchema>;
/** The bundle as values. */
export type DonationBundle = z.output<typeof donationBundleSchema>;

type DonationParts = {
  /** Without `labelHash`, which is made of `label`. */
  readonly receipt: Omit<DonationReceipt, 'labelHash'>;
  readonly label: string | null;
  readonly domain: Domain;
};

/** @returns the receipt with its label's hash in it: what is signed. @throws TallyError INPUT_INVALID */
export function labelled({ receipt: rest, label }: Pick<DonationParts, 'receipt' | 'label'>): DonationReceipt {
  return { ...rest, labelHash: donorLabelHash(label) };
}

/** @returns the JSON form, a plain value for `JSON.stringify`. Whether it is *true* is for `verifyDonation`. */
export function encodeDonation(parts: DonationParts & { readonly signature: Hex; readonly signer: Hex }): DonationBundleJson {
  const { label, domain, signature, signer } = parts;
  const whole = labelled(parts);
  const { chainId, verifyingContract } = domain;
  const bundle: DonationBundleJson = {
    format: DONATION_FORMAT,
    receipt: { ...whole, tokens: String(whole.tokens) },
    label,
    domain: { chainId: String(chainId), verifyingContract },
    signature,
    signer,
  };
  // In a pair with the reader: what is handed out is what the strict schema takes in.
  donationBundleSchema.parse(bundle);
  return bundle;
}
