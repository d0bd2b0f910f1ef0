import {
  type Domain,
  type DonationBundleJson,
  type DonationReceipt,
  donationReceiptDigest,
  encodeDonation,
  type Hex,
  labelled,
} from '@tallystick/core';
import type { Donation } from './donation.ts';

type Terms = Omit<Donation, 'receipt' | 'validation' | 'pausedBy' | 'change' | 'end' | 'destruction' | 'anonymous' | 'keyMac'>;

function receiptOf(id: string, terms: Terms): Omit<DonationReceipt, 'labelHash'> {
  const { donor, provider, host, tokens, minutes, expiry, countConsent, holdSettle, keepExhaustedMs, shreddable, simulated, givenAt } =
    terms;
  const consents = { countConsent, holdSettle, keepExhaustedMs };
  return { id, donor, provider, host, tokens, minutes, expiry, ...consents, shreddable, simulated, givenAt };
}

/** What the gateway signs of a donation. */
export function receiptDigest(id: string, terms: Terms, domain: Domain): Hex {
  return donationReceiptDigest(labelled({ receipt: receiptOf(id, terms), label: terms.label }), domain);
}

/** The signed receipt as its donor keeps it: verifies offline. */
export function donationBundle(id: string, donation: Donation, domain: Domain): DonationBundleJson {
  return encodeDonation({ receipt: receiptOf(id, donation), label: donation.label, domain, ...donation.receipt });
}
