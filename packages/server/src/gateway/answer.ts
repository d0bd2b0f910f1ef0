import type { ServerResponse } from 'node:http';
import type { TallyError } from '@tallystick/core';
import { openAiError } from './providers/openai/errors.ts';

/** Seconds after which a retryable refusal may be tried again. */
const RETRY_AFTER_S = 1;

export type Headers = Record<string, string>;

/** Sends a whole JSON answer. */
export function sendJson(res: ServerResponse, status: number, body: unknown, headers: Headers = {}): void {
  if (res.headersSent || res.destroyed) return;
  const bytes = Buffer.from(JSON.stringify(body));
  res.writeHead(status, { 'content-type': 'application/json', 'content-length': String(bytes.length), ...headers });
  res.end(bytes);
}

/** Sends an error in the caller's dialect. A final refusal tells SDKs not to retry. */
export function sendError(res: ServerResponse, error: TallyError, headers: Headers = {}): void {
  const retry = error.final ? { 'x-should-retry': 'false' } : { 'retry-after': String(error.facts['retry_after_s'] ?? RETRY_AFTER_S) };
  // Where the body was not read to its end, the connection cannot carry another request.
  const close = error.code === 'BODY_TOO_LARGE' || error.code === 'BODY_TIMEOUT' ? { connection: 'close' } : {};
  sendJson(res, error.status, openAiError(error), { ...headers, ...retry, ...close, 'x-tally-error': error.code });
}

/** An error inside a stream that has begun: a frame that the official SDKs raise as their own error. */
export function errorFrame(error: TallyError): Buffer {
  return Buffer.from(`data: ${JSON.stringify(openAiError(error))}\n\n`);
}
