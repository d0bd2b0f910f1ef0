import { z } from 'zod';
import { isHex } from '../crypto/hex.ts';
import { recoverAddress } from '../crypto/secp256k1.ts';
import { textDigest } from '../crypto/signed-text.ts';
import { canonicalJson } from '../jcs.ts';
import { type Check, check } from '../receipt/check.ts';
import type { Hex } from '../receipt/types.ts';

export const BREACH_FORMAT = 'tallystick-breach/1';

const amount = z.string().regex(/^(0|[1-9][0-9]{0,18})$/, 'must be a decimal string');
const text = z.string().min(1).max(512);

/**
 * What is known of a call for which an upstream billed more than was held for it. Amounts are tokens: `bound` was held for the call and sent as
 * its limit, `actual` is what it came to, `excess` the difference; `limit`, `spent` and `overrun` are the key's after it. `head`: the head of the
 * key's chain of postings. `at`: Unix ms.
 */
export const breachSchema = z.strictObject({
  format: z.literal(BREACH_FORMAT),
  source_id: text,
  provider: text,
  hold_id: text,
  receipt_id: z.string().regex(/^[0-9a-f]{32}$/),
  bound: amount,
  actual: amount,
  excess: amount,
  limit: amount,
  spent: amount,
  overrun: amount,
  head: z.string().regex(/^[0-9a-f]{64}$/),
  at: z.int().min(0),
});

export type Breach = z.output<typeof breachSchema>;

/** What the gateway signs: its canonical JSON, as a text. @throws TallyError INPUT_INVALID */
export function breachDigest(breach: Breach): Hex {
  return textDigest(canonicalJson(breach));
}

/** Evidence as it is handed out. */
export const signedBreachSchema = z.strictObject({
  evidence: breachSchema,
  signature: z.custom<Hex>((value) => isHex(value, 65), 'must be 0x and 65 bytes of lower-case hex'),
  signer: z.custom<Hex>((value) => isHex(value, 20), 'must be 0x and 20 bytes of lower-case hex'),
});

export type SignedBreach = z.output<typeof signedBreachSchema>;

/** @param signer the gateway's signing address, learned by another way; without it the evidence is only found to be whole. */
export function verifyBreach(input: unknown, signer?: Hex): { readonly ok: boolean; readonly checks: readonly Check[] } {
  const parsed = signedBreachSchema.safeParse(input);
  if (!parsed.success) return { ok: false, checks: [{ name: 'format', ok: false, detail: z.prettifyError(parsed.error) }] };
  const { evidence, signature, ...signed } = parsed.data;
  const checks = [
    { name: 'format', ok: true, detail: evidence.format },
    check('excess', () => [
      BigInt(evidence.excess) > 0n && BigInt(evidence.actual) === BigInt(evidence.bound) + BigInt(evidence.excess),
      `${evidence.actual} tokens are ${evidence.excess} more than the ${evidence.bound} that were held.`,
    ]),
    check('signature', () => [
      recoverAddress(breachDigest(evidence), signature) === signed.signer,
      `The evidence must be signed by ${signed.signer}.`,
    ]),
    ...(signer === undefined ? [] : [{ name: 'signer', ok: signed.signer === signer, detail: `The signer must be ${signer}.` }]),
  ];
  return { ok: checks.every(({ ok }) => ok), checks };
}
