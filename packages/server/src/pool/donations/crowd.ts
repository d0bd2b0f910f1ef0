import { TallyError } from '@tallystick/core';
import type { Clock } from '#ground/clock';

/** Keys that all wallets together give in a minute. */
const GIFTS_MAX = 60;
const MINUTE_MS = 60_000;

/**
 * A pace for all wallets together: each costs its owner nothing, so that the pace of one stops nobody who has many, and what is given stands in the
 * books for ever. Of this host alone; donors with an account have a pace of their own only.
 */
export class Crowd {
  readonly #clock: Clock;
  /** Monotonic ms; the oldest first. */
  #at: readonly number[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws DONATION_TOO_SOON */
  enter(): void {
    const now = this.#clock.monotonicMs();
    this.#at = this.#at.filter((at) => now - at < MINUTE_MS);
    const [oldest = now] = this.#at;
    if (this.#at.length >= GIFTS_MAX) {
      const wait = { retry_after_s: Math.ceil((MINUTE_MS - (now - oldest)) / 1000) };
      throw new TallyError('DONATION_TOO_SOON', 'More keys are given now than are taken at a time.', wait);
    }
    this.#at = [...this.#at, now];
  }
}
