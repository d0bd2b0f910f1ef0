import { TallyError } from '@tallystick/core';
import type { Clock } from '#ground/clock';
import type { Ticket, Vault } from '#vault';

/** A secret that nobody has asked for by then is wiped: by then its hold may not be sent any more either. */
const KEPT_MS = 2000;

type Carried = { readonly secret: Buffer; readonly at: number } | { readonly error: TallyError; readonly at: number };

/**
 * The vault as a worker has it: each secret was opened where the vault is, with the permit of its hold, and has come along with that hold.
 * It is given out once, and wiped.
 */
export class CarriedSecrets implements Pick<Vault, 'open'> {
  readonly #clock: Clock;
  readonly #byHold = new Map<string, Carried>();
  readonly #sweep: NodeJS.Timeout;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#sweep = setInterval(() => this.#wipe(), KEPT_MS);
    this.#sweep.unref();
  }

  /** @param secret copied. */
  put(holdId: string, secret: Buffer): void {
    const own = Buffer.allocUnsafeSlow(secret.length);
    secret.copy(own);
    this.#byHold.set(holdId, { secret: own, at: this.#clock.monotonicMs() });
  }

  /** The vault does not open it. */
  refuse(holdId: string, error: TallyError): void {
    this.#byHold.set(holdId, { error, at: this.#clock.monotonicMs() });
  }

  /** @throws what the vault threw, SECRET_UNAVAILABLE where it was given out before, and whatever `use` throws. */
  open<T>({ holdId }: Ticket, use: (secret: Buffer) => T): T {
    const carried = this.#byHold.get(holdId);
    this.#byHold.delete(holdId);
    if (carried === undefined) throw new TallyError('SECRET_UNAVAILABLE', 'The permit has been used.', { reason: 'permit_spent' });
    if ('error' in carried) throw carried.error;
    try {
      return use(carried.secret);
    } finally {
      carried.secret.fill(0);
    }
  }

  #wipe(): void {
    const before = this.#clock.monotonicMs() - KEPT_MS;
    for (const [holdId, carried] of this.#byHold) {
      if (carried.at > before) return;
      if ('secret' in carried) carried.secret.fill(0);
      this.#byHold.delete(holdId);
    }
  }
}
