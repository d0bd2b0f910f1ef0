import { type Check, type DonationBundle, type Hex, verifyDonation } from '@tallystick/core';
import type { Finding } from '../report.ts';

export const DAY_MS = 86_400_000;

/** What is given, as the daemon takes it. */
export type Terms = {
  readonly provider: string;
  readonly donated_tokens: number;
  readonly donated_minutes?: number;
  readonly expires_at?: number;
  readonly count_consent: boolean;
  readonly settle: 'metered' | 'hold';
  readonly keep_exhausted_days: number;
  readonly anonymous: boolean;
};

/** What a donor asked for, and the id that came back. `donor`: null where it is an account, whose id the donor need not know. */
export type Asked = { readonly id: string; readonly donor: Hex | null; readonly label: string | null; readonly terms: Terms };

/** Whether a donation receipt is whole, signed by the gateway, and says what was asked. */
export function checkGiven(receipt: unknown, asked: Asked, signer: Hex): readonly Check[] {
  const { checks, bundle } = verifyDonation(receipt, { signer });
  return bundle === null ? checks : [...checks, termsCheck(bundle, asked)];
}

/** A check's detail says what must hold; where it does not, the line must not read as if it did. */
export function failedOf(checks: readonly Check[]): readonly Finding[] {
  return checks.filter(({ ok }) => !ok).map(({ name, detail }) => ({ check: name, ok: false, detail: `Does not hold: ${detail}` }));
}

function termsCheck({ receipt, label }: DonationBundle, asked: Asked): Check {
  const { terms, donor } = asked;
  const pairs: readonly (readonly [name: string, said: unknown, wanted: unknown])[] = [
    ['id', receipt.id, asked.id],
    ['donor', receipt.donor, donor ?? receipt.donor],
    ['label', label, asked.label],
    ['provider', receipt.provider, terms.provider],
    ['tokens', receipt.tokens, BigInt(terms.donated_tokens)],
    ['minutes', receipt.minutes, terms.donated_minutes ?? 0],
    ['expiry', receipt.expiry, terms.expires_at ?? 0],
    ['countConsent', receipt.countConsent, terms.count_consent],
    ['holdSettle', receipt.holdSettle, terms.settle === 'hold'],
    ['keepExhaustedMs', receipt.keepExhaustedMs, terms.keep_exhausted_days * DAY_MS],
  ];
  const other = pairs.filter(([, said, wanted]) => said !== wanted).map(([name]) => name);
  return {
    name: 'terms',
    ok: other.length === 0,
    detail: `It says what was asked for${other.length === 0 ? '' : `; it does not in ${other.join(', ')}`}.`,
  };
}
