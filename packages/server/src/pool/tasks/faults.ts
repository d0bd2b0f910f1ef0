/** What the code of a failed call means for the task that made it. */
export type Fault =
  /** The key has met it; another one may not. `ms`: how long it is left alone, monotonic. */
  | { readonly kind: 'key'; readonly ms: number }
  /** The caps have changed since the turn was planned, or its input is larger than was taken for it. */
  | { readonly kind: 'room' }
  /** The first call under this idempotency key is still running. */
  | { readonly kind: 'running' }
  /** A call under this idempotency key was made before, and its answer is not there. */
  | { readonly kind: 'lost' }
  /** The provider refuses the request: perhaps only this key's account. */
  | { readonly kind: 'refused' }
  /** No call of the pool goes now; it passes by itself. */
  | { readonly kind: 'wait' }
  /** Nothing will make it pass. */
  | { readonly kind: 'final' };

const FOR_GOOD = Number.POSITIVE_INFINITY;

const KEY_MS: Readonly<Record<string, number>> = {
  UPSTREAM_RATE_LIMITED: 30_000,
  UPSTREAM_OVERLOADED: 30_000,
  UPSTREAM_UNREACHABLE: 10_000,
  UPSTREAM_TIMEOUT: 10_000,
  UPSTREAM_ERROR: 10_000,
  NO_AVAILABLE_KEYS: 5_000,
  UPSTREAM_AUTH: FOR_GOOD,
  SECRET_UNAVAILABLE: FOR_GOOD,
  TAMPERED: FOR_GOOD,
  MODEL_UNKNOWN: FOR_GOOD,
};

const OTHERS: Readonly<Record<string, Fault>> = {
  CAP_EXCEEDED: { kind: 'room' },
  CAP_BUSY: { kind: 'room' },
  IN_FLIGHT: { kind: 'running' },
  OUTCOME_UNKNOWN: { kind: 'lost' },
  ALREADY_SERVED: { kind: 'lost' },
  IDEMPOTENCY_MISMATCH: { kind: 'lost' },
  UPSTREAM_REFUSED: { kind: 'refused' },
  GOVERNANCE_LOCKED: { kind: 'wait' },
  POOL_STOPPED: { kind: 'wait' },
  OVERLOADED: { kind: 'wait' },
  SHUTTING_DOWN: { kind: 'wait' },
  LEDGER_UNAVAILABLE: { kind: 'wait' },
  LEDGER_CLOSED: { kind: 'wait' },
};

export function faultOf(code: string): Fault {
  const ms = KEY_MS[code];
  return ms === undefined ? (OTHERS[code] ?? { kind: 'final' }) : { kind: 'key', ms };
}
