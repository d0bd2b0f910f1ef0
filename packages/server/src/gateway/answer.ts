import type { ServerResponse } from 'node:http';
import type { TallyError } from '@tallystick/core';
import type { Headers } from './headers.ts';
import type { Dialect } from './providers/dialect.ts';

/** Seconds after which a retryable refusal may be tried again. */
const RETRY_AFTER_S = 1;

/** Sends a whole JSON answer. */
export function sendJson(res: ServerResponse, status: number, body: unknown, headers: Headers = {}): void {
  if (res.headersSent || res.destroyed) return;
  const bytes = Buffer.from(JSON.stringify(body));
  res.writeHead(status, { 'content-type': 'application/json', 'content-length': String(bytes.length), ...headers });
  res.end(bytes);
}

/** Sends an error in the caller's dialect. A final refusal tells SDKs not to retry. */
export function sendError(res: ServerResponse, dialect: Dialect, error: TallyError, callId: string, headers: Headers = {}): void {
  const retry: Headers = error.final
    ? { 'x-should-retry': 'false' }
    : { 'retry-after': String(error.facts['retry_after_s'] ?? RETRY_AFTER_S) };
  // Where the body was not read to its end, the connection cannot carry another request.
  const close: Headers = error.code === 'BODY_TOO_LARGE' || error.code === 'BODY_TIMEOUT' ? { connection: 'close' } : {};
  // Not of this call: of an earlier one with the same idempotency key.
  const { receipt } = error.facts;
  const earlier: Headers = typeof receipt === 'string' ? { 'x-tally-earlier-receipt': receipt } : {};
  sendJson(res, error.status, dialect.errorBody(error, callId), {
    ...headers,
    ...earlier,
    ...retry,
    ...close,
    'x-tally-error': error.code,
  });
}
