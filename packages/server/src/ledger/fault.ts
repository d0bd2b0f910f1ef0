import type { ErrorCode, ErrorFacts } from '@tallystick/core';

/**
 * An answer of the writer that is an error. It crosses the thread as data and becomes a `TallyError` on the asking side, so the writer's
 * thread need not load the catalogue, and with it the whole of core, at every start.
 * Thrown before an operation has written anything, and only then.
 */
export class LedgerFault extends Error {
  readonly code: ErrorCode;
  readonly facts: ErrorFacts;

  constructor(code: ErrorCode, message: string, facts: ErrorFacts = {}) {
    super(message);
    this.code = code;
    this.facts = facts;
  }
}
