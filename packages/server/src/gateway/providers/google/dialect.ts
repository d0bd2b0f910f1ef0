import { asArray, asName, asObject, type Json } from '../../stream/json.ts';
import type { Dialect, SaidError } from '../dialect.ts';
import { googleError } from './errors.ts';

/** A wrong key is told as a bad request, with one of these reasons. */
const KEY_REASONS: ReadonlySet<string> = new Set(['API_KEY_INVALID', 'API_KEY_SERVICE_BLOCKED', 'CONSUMER_INVALID', 'SERVICE_DISABLED']);

const DAY_S = 86_400;

export const GOOGLE: Dialect = {
  name: 'google',
  errorBody: googleError,
  errorFrame: (error) => Buffer.from(`data: ${JSON.stringify(googleError(error))}\n\n`),
  idHeaders: (callId) => ({ 'x-request-id': callId }),
  limitHeaders: () => ({}),
  passedHeaders: () => [],
  secretHeader: (secret) => ['x-goog-api-key', secret],
  readError,
};

/** `{error: {code, message, status, details: [{reason} | {retryDelay}]}}`. */
function readError(body: Json): SaidError {
  const error = asObject(body.error);
  const details = asArray(error?.details).map(asObject);
  const reasons = details.map((detail) => asName(detail?.['reason']));
  const delay = details.map((detail) => detail?.['retryDelay']).find((each) => typeof each === 'string');
  return {
    code: asName(error?.status),
    message: typeof error?.message === 'string' ? error.message : null,
    retryAfterMs: typeof delay === 'string' ? durationMs(delay) : null,
    keyAtFault: reasons.some((reason) => reason !== null && KEY_REASONS.has(reason)),
  };
}

/** A google.protobuf.Duration in JSON: seconds with a fraction and an `s`. @returns whole ms, rounded up; null where it is none, or more than a day. */
function durationMs(text: string): number | null {
  const seconds = Number(/^(\d{1,6}(?:\.\d{1,9})?)s$/.exec(text)?.[1] ?? Number.NaN);
  return seconds <= DAY_S ? Math.ceil(seconds * 1000) : null;
}
