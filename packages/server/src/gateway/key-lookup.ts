import type { Clock } from '#ground/clock';
import type { KeyRow, Ledger } from '#ledger';

/** A key that was not found is not asked for again for so long; who follows the books knows it by then, if it was made meanwhile. */
const UNKNOWN_MS = 1_000;
/** Hashes that are remembered as unknown. */
const UNKNOWN_MAX = 1_024;
/** Questions in a second, after as many at once: whoever guesses keys asks no more of the books than that. */
const ASKED_PER_S = 50;

/**
 * Looks once into the books for a key that this process does not know: another may have made it a moment ago. Beyond the limits it is
 * simply not known yet.
 */
export class KeyLookup {
  readonly #ledger: Pick<Ledger, 'keyOf'>;
  readonly #clock: Clock;
  readonly #asking = new Map<string, Promise<KeyRow | null>>();
  /** When each was not found, monotonic ms; the oldest first. */
  readonly #unknown = new Map<string, number>();
  #left = ASKED_PER_S;
  #refilledAt: number;

  constructor(ledger: Pick<Ledger, 'keyOf'>, clock: Clock) {
    this.#ledger = ledger;
    this.#clock = clock;
    this.#refilledAt = clock.monotonicMs();
  }

  /** @throws LEDGER_UNAVAILABLE: whether there is such a key cannot be told now. */
  find(hash: string): Promise<KeyRow | null> {
    const running = this.#asking.get(hash);
    if (running !== undefined) return running;
    const now = this.#clock.monotonicMs();
    if (!this.#mayAsk(hash, now)) return Promise.resolve(null);
    const asking = this.#ask(hash, now).finally(() => this.#asking.delete(hash));
    this.#asking.set(hash, asking);
    return asking;
  }

  async #ask(hash: string, now: number): Promise<KeyRow | null> {
    const found = await this.#ledger.keyOf(hash);
    if (found !== null) return found;
    this.#unknown.delete(hash);
    this.#unknown.set(hash, now);
    const [oldest] = this.#unknown.keys();
    if (this.#unknown.size > UNKNOWN_MAX && oldest !== undefined) this.#unknown.delete(oldest);
    return null;
  }

  #mayAsk(hash: string, now: number): boolean {
    if (now - (this.#unknown.get(hash) ?? Number.NEGATIVE_INFINITY) < UNKNOWN_MS) return false;
    this.#left = Math.min(ASKED_PER_S, this.#left + ((now - this.#refilledAt) * ASKED_PER_S) / 1_000);
    this.#refilledAt = now;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
