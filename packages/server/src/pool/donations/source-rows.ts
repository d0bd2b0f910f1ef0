import type { ModelFacts } from '@tallystick/core';
import type { Ledger } from '#ledger';
import { modelsAt } from './providers.ts';

/** What the books say of a donated source for good. `models`: all that it serves, as it was given: a provider's entry may have changed since. */
export type Kept = { readonly models: readonly ModelFacts[]; readonly minutesAccountId: string | null };

/** Rows of donated sources never change, so each is read once. */
export class SourceRows {
  readonly #ledger: Pick<Ledger, 'sources'>;
  readonly #byId = new Map<string, Kept>();

  constructor(ledger: Pick<Ledger, 'sources'>) {
    this.#ledger = ledger;
  }

  /** Null where there is no such source. */
  async find(id: string): Promise<Kept | null> {
    if (!this.#byId.has(id)) await this.#read();
    return this.#byId.get(id) ?? null;
  }

  /** Ids of all of them, as the books have them now. */
  async ids(): Promise<readonly string[]> {
    await this.#read();
    return [...this.#byId.keys()];
  }

  async #read(): Promise<void> {
    for (const row of await this.#ledger.sources()) {
      if (!row.pool || this.#byId.has(row.id)) continue;
      this.#byId.set(row.id, { models: modelsAt({ dialect: row.provider, models: row.models }), minutesAccountId: row.minutesAccountId });
    }
  }
}
