import { z } from 'zod';
import { amount, type Stored } from '../store.ts';

/** How a donation ends; `destroyed` is what becomes of each of them. */
export const ENDS = ['depleted', 'exhausted', 'expired', 'revoked', 'rejected'] as const;
export type End = (typeof ENDS)[number];

/** `frozen` is the ledger's word on its source, and is not kept here. */
export const STATES = ['pending_validation', 'active', 'paused', ...ENDS, 'destroyed'] as const;
export type DonationState = (typeof STATES)[number];

const hex = (bytes: number) => z.custom<`0x${string}`>((value) => typeof value === 'string' && value.length === 2 + 2 * bytes);

/**
 * The last word of its donor on how much may be spent, kept so that whichever host has the key can bind it into the seal. `until`: the earliest
 * expiry of this and all words before it, 0 = none.
 */
const change = z.strictObject({
  seq: z.int().min(1),
  limit: amount,
  expiry: z.int().min(0),
  signature: hex(65).nullable(),
  until: z.int().min(0),
});

const validation = z.strictObject({
  attempts: z.int().min(0),
  /** Unix ms. */
  nextAt: z.int(),
  /** Of the last attempt that had one. */
  receiptId: z.string().nullable(),
  /** Why the last attempt said nothing; null where it did, or there was none. */
  unclear: z.string().nullable(),
});

const ending = z.strictObject({
  as: z.enum(ENDS),
  by: z.enum(['donor', 'operator', 'pool']),
  reason: z.string(),
  at: z.int(),
  /** From when on the key is destroyed, Unix ms: later than `at` only where calls of unknown outcome used it up. */
  destroyAt: z.int(),
});

/** That the key is gone. `auditSeq`: of the entry on its shred, in the log of the host that had it; null where none was ever sealed. */
const destruction = z.strictObject({ at: z.int(), mode: z.enum(['shreddable', 'recoverable']), auditSeq: z.int().nullable() });

/** All that is kept of a donation beside its source; never the key. */
export const donationCodec = z.strictObject({
  donor: z.string(),
  /** The name that the donor gave beside an identity: shown, never trusted. */
  label: z.string().nullable(),
  anonymous: z.boolean(),
  provider: z.string(),
  host: z.string(),
  simulated: z.boolean(),
  /** Keyed hash of provider and key: the name of the record that keeps the key from being given twice. */
  keyMac: z.string(),
  tokens: amount,
  /** 0 = no limit of time in use. */
  minutes: z.int().min(0),
  /** Unix ms; 0 = never. */
  expiry: z.int().min(0),
  countConsent: z.boolean(),
  holdSettle: z.boolean(),
  keepExhaustedMs: z.int().min(0),
  shreddable: z.boolean(),
  givenAt: z.int(),
  /** The gateway's signature under the donation receipt. */
  receipt: z.strictObject({ signature: hex(65), signer: hex(20) }),
  validation,
  pausedBy: z.array(z.enum(['donor', 'operator'])),
  change: change.nullable(),
  end: ending.nullable(),
  destruction: destruction.nullable(),
});

export type Donation = z.output<typeof donationCodec>;
export type StoredDonation = Stored<Donation>;
export type SignedChange = z.output<typeof change>;
export type Ending = z.output<typeof ending>;

export const DONATION_KIND = 'pool.donation';

/** Its source is used, or will be: neither ended nor on its way there. */
export function isLive({ state }: Pick<StoredDonation, 'state'>): boolean {
  return state === 'pending_validation' || state === 'active' || state === 'paused';
}

/** What its donor says now: the cap, or what it was lowered to, tokens. */
export function limitOf({ tokens, change }: Pick<Donation, 'tokens' | 'change'>): bigint {
  return change !== null && change.limit < tokens ? change.limit : tokens;
}

/** When it ends by itself, Unix ms; 0 = never. */
export function expiryOf({ expiry, change }: Pick<Donation, 'expiry' | 'change'>): number {
  return sooner(expiry, change?.until ?? 0);
}

/** The earlier of two expiries; 0 = never. */
export function sooner(a: number, b: number): number {
  return a === 0 || b === 0 ? Math.max(a, b) : Math.min(a, b);
}
