import { asName, asObject, type Json } from '../../stream/json.ts';
import type { Dialect, SaidError } from '../dialect.ts';
import { openAiError } from './errors.ts';

export const OPENAI: Dialect = {
  name: 'openai',
  errorBody: openAiError,
  errorFrame: (error) => Buffer.from(`data: ${JSON.stringify(openAiError(error))}\n\n`),
  idHeaders: (callId) => ({ 'x-request-id': callId }),
  limitHeaders: (limit, remaining) => ({
    'x-ratelimit-limit-tokens': String(limit),
    'x-ratelimit-remaining-tokens': String(remaining),
  }),
  passedHeaders: () => [],
  secretHeader: (secret) => ['authorization', `Bearer ${secret}`],
  readError,
};

/** `{error: {message, type, param, code}}`. */
function readError(body: Json): SaidError {
  const error = asObject(body.error);
  const code = asName(error?.code) ?? asName(error?.type);
  return { code, message: typeof error?.message === 'string' ? error.message : null, keyAtFault: false, retryAfterMs: null };
}
