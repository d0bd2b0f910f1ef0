import { TallyError } from '@tallystick/core';
import type { CallRequest } from './request.ts';

/**
 * The idempotency keys of calls that are being served. Between two attempts of a call the ledger knows only one that is over; that it goes
 * on is known here.
 */
export class KeysAtWork {
  readonly #names = new Map<string, number>();

  /** Runs a call. A second one under the same key is told that the first is still running, where the ledger would say that it is over. */
  async run(call: CallRequest, serve: () => Promise<void>): Promise<void> {
    const name = nameOf(call);
    if (name === null) return serve();
    const before = this.#names.get(name) ?? 0;
    this.#names.set(name, before + 1);
    try {
      await serve();
    } catch (cause) {
      if (before > 0 && cause instanceof TallyError && cause.code === 'OUTCOME_UNKNOWN')
        throw new TallyError('IN_FLIGHT', undefined, cause.facts);
      throw cause;
    } finally {
      const left = (this.#names.get(name) ?? 1) - 1;
      if (left === 0) this.#names.delete(name);
      else this.#names.set(name, left);
    }
  }
}

/** Unique as in the ledger: by virtual key, route and key. */
function nameOf({ idempotencyKey, principal, spec }: CallRequest): string | null {
  return idempotencyKey === undefined ? null : `${principal.key.id}\n${spec.route}\n${idempotencyKey}`;
}
