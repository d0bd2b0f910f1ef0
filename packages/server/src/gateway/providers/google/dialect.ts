import { asArray, asName, asObject, type Json } from '../../stream/json.ts';
import type { Dialect, SaidError } from '../dialect.ts';
import { googleError } from './errors.ts';

/** A wrong key is told as a bad request, with one of these reasons. */
const KEY_REASONS: ReadonlySet<string> = new Set(['API_KEY_INVALID', 'API_KEY_SERVICE_BLOCKED', 'CONSUMER_INVALID', 'SERVICE_DISABLED']);

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

/** `{error: {code, message, status, details: [{reason}]}}`; some answers stand in an array of one. */
function readError(body: Json): SaidError {
  const error = asObject(body.error);
  const reasons = asArray(error?.details).map((detail) => asName(asObject(detail)?.reason));
  return {
    code: asName(error?.status),
    message: typeof error?.message === 'string' ? error.message : null,
    keyAtFault: reasons.some((reason) => reason !== null && KEY_REASONS.has(reason)),
  };
}
