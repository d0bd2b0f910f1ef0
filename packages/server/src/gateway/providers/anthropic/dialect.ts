import type { IncomingHttpHeaders } from 'node:http';
import { TallyError } from '@tallystick/core';
import { asName, asObject, type Json } from '../../stream/json.ts';
import type { Dialect, SaidError } from '../dialect.ts';
import { allowedBetas } from './betas.ts';
import { anthropicError } from './errors.ts';

/**
 * The versions of the API, newest first (https://platform.claude.com/docs/en/api/versioning). They differ in what they refuse, not in what
 * is billed. The older one stands in where a caller names none: it takes all that the newer one takes.
 */
export const VERSIONS = ['2026-10-21', '2023-06-01'] as const;
const DEFAULT_VERSION = VERSIONS[1];

export const ANTHROPIC: Dialect = {
  name: 'anthropic',
  errorBody: anthropicError,
  errorFrame: (error, callId) => Buffer.from(`event: error\ndata: ${JSON.stringify(anthropicError(error, callId))}\n\n`),
  idHeaders: (callId) => ({ 'request-id': callId }),
  limitHeaders: (limit, remaining) => ({
    'anthropic-ratelimit-tokens-limit': String(limit),
    'anthropic-ratelimit-tokens-remaining': String(remaining),
  }),
  passedHeaders,
  secretHeader: (secret) => ['x-api-key', secret],
  readError,
};

/** The version, which the provider insists on, is added where a caller leaves it out. */
function passedHeaders(headers: IncomingHttpHeaders): readonly string[] {
  const given = headers['anthropic-version'] ?? DEFAULT_VERSION;
  const version = VERSIONS.find((known) => known === given);
  if (version === undefined) {
    const known = VERSIONS.map((each) => `\`${each}\``).join(' or ');
    throw new TallyError('FIELD_INVALID', `The header \`anthropic-version\` must be ${known}.`, { field: 'anthropic-version' });
  }
  const betas = allowedBetas(headers['anthropic-beta']);
  return ['anthropic-version', version, ...(betas.length === 0 ? [] : ['anthropic-beta', betas.join(',')])];
}

/** `{type: 'error', error: {type, message}}`. An empty account is told as a bad request. */
function readError(body: Json): SaidError {
  const error = asObject(body.error);
  const message = typeof error?.message === 'string' ? error.message : null;
  const type = asName(error?.type);
  const keyAtFault = type === 'billing_error' || (message !== null && /^Your credit balance is too low/i.test(message));
  return { code: type, message, keyAtFault, retryAfterMs: null };
}
