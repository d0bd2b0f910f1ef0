import { TallyError } from '@tallystick/core';

/** Bytes that one request has taken of a shared budget, until it gives them back. */
export type Reservation = {
  /** @throws OVERLOADED where the budget has no room for them. */
  take(bytes: number): void;
  /** Gives back all. Idempotent. */
  release(): void;
};

/** A bound on what all requests together keep in memory: many small enough requests are otherwise as bad as one too large. */
export class ByteBudget {
  readonly #bytesMax: number;
  #taken = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get taken(): number {
    return this.#taken;
  }

  reserve(): Reservation {
    let mine = 0;
    let released = false;
    return {
      take: (bytes) => {
        if (released || this.#taken + bytes > this.#bytesMax)
          throw new TallyError('OVERLOADED', 'The gateway holds as many request bytes as it takes.');
        mine += bytes;
        this.#taken += bytes;
      },
      release: () => {
        this.#taken -= mine;
        mine = 0;
        released = true;
      },
    };
  }
}
