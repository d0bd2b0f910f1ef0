import type { Ledger } from '#ledger';

const PAGE = 500;

/**
 * Which sources calls were settled on, from the outbox. Where it goes on is not kept over restarts: each start looks at all donations, and
 * reads the outbox from its last change of an account on.
 */
export class Settled {
  readonly #ledger: Pick<Ledger, 'outbox' | 'changesEnd'>;
  #after = 0n;

  constructor(ledger: Pick<Ledger, 'outbox' | 'changesEnd'>) {
    this.#ledger = ledger;
  }

  async begin(): Promise<void> {
    this.#after = await this.#ledger.changesEnd();
  }

  /** Goes on only when `use` has resolved: what fails is told again. */
  async take(use: (sourceIds: ReadonlySet<string>) => Promise<void>): Promise<void> {
    for (;;) {
      const events = await this.#ledger.outbox(this.#after, PAGE);
      const last = events.at(-1);
      if (last === undefined) return;
      const settled = events.filter(({ topic }) => topic === 'receipt.settled');
      await use(new Set(settled.map(({ body }) => (JSON.parse(body) as { sourceId: string }).sourceId)));
      this.#after = last.seq;
      if (events.length < PAGE) return;
    }
  }
}
