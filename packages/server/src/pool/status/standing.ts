/** States of a donation, as the books and its record tell them together. */
export const STANDING_STATES = [
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
export type StandingState = (typeof STANDING_STATES)[number];

/** How one donation stands, for statistics and votes. Amounts are tokens. */
export type Standing = {
  readonly id: string;
  /** `0x…` or `account:<uuid>`. */
  readonly donor: string;
  /** The free form that the donor gave of itself, shown and never trusted; empty = none. */
  readonly label: string;
  readonly anonymous: boolean;
  readonly provider: string;
  /** A key of the sandbox. */
  readonly simulated: boolean;
  readonly state: StandingState;
  /** Why it is of no use any more, where it is `destroyed`; else its state. */
  readonly end: StandingState;
  /** As it was given, and never raised. */
  readonly given: bigint;
  /** What may be spent of it now. */
  readonly limit: bigint;
  readonly held: bigint;
  readonly spent: bigint;
  /** Billed beyond what was held: no part of `spent`. */
  readonly overrun: bigint;
  /** What is left is enough for a call of some model that it serves. */
  readonly isUsable: boolean;
  readonly at: number;
};
