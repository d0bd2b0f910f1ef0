import { TallyError } from '@tallystick/core';
import type { Clock } from '#ground/clock';
import type { Ledger } from '#ledger';

/** How long an answer about the books is good for: anyone may ask, and each question is a turn of the writer. */
const FRESH_MS = 250;
/** Books that say nothing for so long are away. */
const ANSWER_MS = 1_500;

/** Why nothing can be held now; null where it can. */
export type BooksState = string | null;

/** Asks the books' writer whether it would commit. Questions that come together share one answer. */
export class Readiness {
  readonly #ledger: Pick<Ledger, 'ping'>;
  readonly #clock: Clock;
  #last: Promise<BooksState> = Promise.resolve(null);
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(ledger: Pick<Ledger, 'ping'>, clock: Clock) {
    this.#ledger = ledger;
    this.#clock = clock;
  }

  books(): Promise<BooksState> {
    const now = this.#clock.monotonicMs();
    if (now - this.#askedAt < FRESH_MS) return this.#last;
    this.#askedAt = now;
    this.#last = this.#ask();
    return this.#last;
  }

  async #ask(): Promise<BooksState> {
    let timer: NodeJS.Timeout | undefined;
    const silent = new Promise<BooksState>((resolve) => {
      timer = setTimeout(() => resolve('The ledger does not answer.'), ANSWER_MS);
    });
    const answer = this.#ledger.ping().then(() => null, whyOf);
    return Promise.race([answer, silent]).finally(() => clearTimeout(timer));
  }
}

/** Words of our own, never an engine's: anyone may read them. */
function whyOf(cause: unknown): string {
  return cause instanceof TallyError ? cause.message : 'The ledger failed.';
}
