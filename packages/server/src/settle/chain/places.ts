import type { ChainBooks, ChainEvent, Hex } from '@tallystick/core';
import type { Contract, Contracts } from './contracts.ts';

/**
 * The contracts whose deployment the registry must still tell of. Books that reach the head and lack one of them lack their beginning: they
 * were begun after the deployment, or a node kept logs to itself.
 */
export class Places {
  readonly #missing: readonly Contract[];

  private constructor(missing: readonly Contract[]) {
    this.#missing = missing;
  }

  /** Without a registry nothing can be compared. */
  static of(contracts: Contracts): Places {
    return new Places(contracts.get('ChainRegistry') === null ? [] : contracts.all.filter(({ name }) => name !== 'ChainRegistry'));
  }

  get areKnown(): boolean {
    return this.#missing.length === 0;
  }

  /** The first of those that are missing. */
  get missing(): Contract | null {
    return this.#missing[0] ?? null;
  }

  afterEvents(events: readonly ChainEvent[]): Places {
    if (this.areKnown) return this;
    const deployed = events.filter(({ contract, name }) => contract === 'ChainRegistry' && name === 'Deployed');
    return this.#without(deployed.map(({ args }) => args['place'] as Hex));
  }

  afterBooks(books: ChainBooks): Places {
    return this.areKnown ? this : this.#without([...books.places.values()].map(({ place }) => place));
  }

  #without(told: readonly Hex[]): Places {
    return told.length === 0 ? this : new Places(this.#missing.filter(({ address }) => !told.includes(address)));
  }
}
