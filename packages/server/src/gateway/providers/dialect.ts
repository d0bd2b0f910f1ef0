import type { IncomingHttpHeaders } from 'node:http';
import type { TallyError } from '@tallystick/core';
import type { Json } from '../stream/json.ts';

export type DialectName = 'openai' | 'anthropic' | 'google';

/** What an upstream's error body says, whatever its shape. */
export type SaidError = {
  /** The code that the facts on unbilled refusals are listed by. */
  readonly code: string | null;
  readonly message: string | null;
  /** It is the source's own key or account that is at fault, not the request. */
  readonly keyAtFault: boolean;
  /** When the body says that the request may be made again, in ms from now; null where it does not. Headers come first. */
  readonly retryAfterMs: number | null;
};

/** How one provider's SDKs speak, apart from bodies and streams: keys, errors, headers. */
export type Dialect = {
  readonly name: DialectName;
  /** The body of an error answer. `callId` where the dialect has a place for it. */
  errorBody(error: TallyError, callId: string | null): Readonly<Record<string, unknown>>;
  /** An error inside a stream that has begun, as its official SDK raises it. */
  errorFrame(error: TallyError, callId: string | null): Buffer;
  /** The id of the answer, and what is left under the tightest cap, in the dialect's own headers. */
  idHeaders(callId: string): Readonly<Record<string, string>>;
  limitHeaders(limit: bigint, remaining: bigint): Readonly<Record<string, string>>;
  /** Headers of the caller that go on to the upstream; all others stay here. @throws FIELD_NOT_ALLOWED, FIELD_INVALID naming the header. */
  passedHeaders(headers: IncomingHttpHeaders): readonly string[];
  /** The header that carries the source's secret upstream: name and value. */
  secretHeader(secret: string): readonly [string, string];
  readError(body: Json): SaidError;
};
