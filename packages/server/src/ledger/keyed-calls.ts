import type { HoldRequest, HoldResult } from './types.ts';

type AtWork = { readonly callId: string; readonly owner: object };

/**
 * The idempotency keys of calls that some process is still at work on. Between two attempts the books know only of one that is over; that
 * its call goes on is known to the process that serves it, and, where there are several, here.
 */
export class KeyedCalls {
  readonly #byName = new Map<string, AtWork>();
  readonly #nameOf = new Map<string, string>();

  /** An attempt of a call has its hold. @param owner the process that serves it. */
  placed(owner: object, { callId, ...request }: HoldRequest): void {
    const name = nameOf(request);
    if (name === null) return;
    this.#byName.set(name, { callId, owner });
    this.#nameOf.set(callId, name);
  }

  /** No further attempt of the call will be made. */
  over(callId: string): void {
    const name = this.#nameOf.get(callId);
    if (name === undefined) return;
    this.#nameOf.delete(callId);
    this.#byName.delete(name);
  }

  /** None of this process's calls goes on. */
  gone(owner: object): void {
    for (const { callId, owner: of } of [...this.#byName.values()]) if (of === owner) this.over(callId);
  }

  /**
   * What to tell a call that came second: while another process serves the first, its key is in flight, whatever became of one attempt.
   * @param owner the process that asks. Of its own calls it knows more than this.
   */
  told(owner: object, request: HoldRequest, existing: Extract<HoldResult, { result: 'existing' }>): HoldResult {
    const name = nameOf(request);
    const first = name === null ? undefined : this.#byName.get(name);
    return first === undefined || first.owner === owner ? existing : { ...existing, state: 'open' };
  }
}

/** Unique as in the books: by virtual key, route and key. */
function nameOf({ keyId, idempotency }: Pick<HoldRequest, 'keyId' | 'idempotency'>): string | null {
  return idempotency === undefined ? null : `${keyId}\n${idempotency.route}\n${idempotency.key}`;
}
