/** States of a donation, as the books and its record tell them together. */
export const GIFT_STATES = [
  'pending_validation',
  'active',
  'paused',
  'frozen',
  'depleted',
  'exhausted',
  'expired',
  'revoked',
  'rejected',
  'destroyed',
] as const;
export type GiftState = (typeof GIFT_STATES)[number];

/** One donated key as statistics and votes see it. Amounts are tokens. */
export type Gift = {
  readonly id: string;
  /** `0x…` or `account:<uuid>`. */
  readonly donor: string;
  /** The free form that the donor gave of itself, shown and never trusted; empty = none. */
  readonly label: string;
  readonly anonymous: boolean;
  readonly provider: string;
  /** A key of the sandbox. */
  readonly simulated: boolean;
  readonly state: GiftState;
  /** Why it is of no use any more, where it is `destroyed`; else its state. */
  readonly end: GiftState;
  /** As it was given, and never raised. */
  readonly given: bigint;
  /** What may be spent of it now. */
  readonly limit: bigint;
  readonly held: bigint;
  readonly spent: bigint;
  /** Billed beyond what was held: no part of `spent`. */
  readonly overrun: bigint;
  /** Less than this is of no use to any model that it serves. */
  readonly smallest: bigint;
  readonly at: number;
};
