import { type ErrorCode, type ErrorFacts, type Hex, TallyError } from '@tallystick/core';
import type { Config } from '#ground/config';
import type { MetricsJson } from '#ground/metrics';
import type { BooksAt, KeyRow, SourceRow, WriterMessage, WriterReply } from '#ledger';
import type { CallersKeys } from '../callers.ts';

/** All that a worker is told at its start. No key of the vault's secrets, of permits or of the books' chains is in it. */
export type WorkerStart = {
  readonly config: Config;
  readonly keys: CallersKeys;
  readonly sources: readonly SourceRow[];
  readonly principals: readonly KeyRow[];
  readonly sandboxUrl: string | null;
  readonly books: { readonly at: BooksAt; readonly bookId: string; readonly laneId: Hex; readonly epoch: string };
};

/** What an operator has changed. */
export type Change =
  | { readonly kind: 'source-added'; readonly row: SourceRow }
  | { readonly kind: 'source-removed'; readonly id: string }
  | { readonly kind: 'key-added'; readonly key: KeyRow };

/** `drain`: no new calls, `graceMs` for those that run; done when all are settled. */
export type Question = Change | { readonly kind: 'metrics' } | { readonly kind: 'drain'; readonly graceMs: number };

export type ToWorker =
  | { readonly kind: 'start'; readonly start: WorkerStart }
  | { readonly kind: 'ask'; readonly id: number; readonly question: Question }
  | { readonly kind: 'ledger'; readonly reply: WriterReply }
  | { readonly kind: 'ledger-ended' }
  /** The secret of a hold's source comes beside it, before the ledger says that there is the hold. */
  | { readonly kind: 'secret'; readonly holdId: string }
  | { readonly kind: 'no-secret'; readonly holdId: string; readonly fault: Fault }
  /** To a request that was passed on; the body comes beside it, or, where it is a stream, in parts after it. */
  | {
      readonly kind: 'answer';
      readonly id: number;
      readonly status: number;
      readonly headers: readonly (readonly [string, string])[];
      readonly isStream: boolean;
    }
  | { readonly kind: 'answer-part'; readonly id: number }
  | { readonly kind: 'answer-end'; readonly id: number; readonly isWhole: boolean }
  | { readonly kind: 'end' };

export type FromWorker =
  /** It takes connections. */
  | { readonly kind: 'up' }
  | { readonly kind: 'failed'; readonly fault: Fault }
  | { readonly kind: 'done'; readonly id: number; readonly metrics?: MetricsJson }
  | { readonly kind: 'ledger'; readonly message: WriterMessage }
  | { readonly kind: 'suspend'; readonly id: string; readonly isSuspended: boolean }
  | { readonly kind: 'over'; readonly callId: string }
  /** No caller's request; the body comes beside it. */
  | { readonly kind: 'request'; readonly id: number; readonly method: string; readonly path: string; readonly headers: readonly string[] }
  /** Nobody waits for the answer to that any more. */
  | { readonly kind: 'request-left'; readonly id: number }
  /** The connection that it was handed, and that one of them has ended. */
  | { readonly kind: 'taken' }
  | { readonly kind: 'left' };

/** An error as it crosses to another process. */
export type Fault = { readonly code: ErrorCode; readonly message: string; readonly facts: ErrorFacts };

export function faultOf(cause: unknown, code: ErrorCode): Fault {
  const { code: shown, message, facts } = cause instanceof TallyError ? cause : new TallyError(code);
  return { code: shown, message, facts };
}

export function errorOf({ code, message, facts }: Fault): TallyError {
  return new TallyError(code, message, facts);
}
