import { ApiError } from '../errors.ts';

/** What is wrong with one field of a request; without `field` it is the request itself. */
export type Violation = { readonly field?: string; readonly description: string };

/** Before the name of a message or an enum of theirs. */
export const TYPE_PREFIX = 'type.googleapis.com/google.ai.generativelanguage.v1beta.';

/** A body of nothing but faults would else be answered with a longer one. */
const VIOLATIONS_MAX = 100;

const DOMAIN = { domain: 'googleapis.com', metadata: { service: 'generativelanguage.googleapis.com' } };

/** The canonical name that stands beside each status. */
const NAMES: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
};

/** The `error` member of an answer. */
export function errorStatus(error: ApiError) {
  const { status, message, details } = error;
  const name = NAMES[status] ?? (status < 500 ? 'INVALID_ARGUMENT' : 'INTERNAL');
  return { code: status, message, status: name, ...(details.length === 0 ? {} : { details }) };
}

/** A 400 for a value that is well-formed and not allowed. */
export function invalidArgument(message: string): ApiError {
  return new ApiError(400, message);
}

/** A 400 because the sandbox does not do what the real API might. */
export function unsupported(field: string, why = 'is not supported'): ApiError {
  return invalidArgument(`${field} ${why} (tallystick sandbox).`);
}

/** The 400 of a body that does not fit its message: all faults at once. */
export function invalidPayload(found: readonly Violation[]): ApiError {
  const fieldViolations = found.slice(0, VIOLATIONS_MAX);
  const message = fieldViolations.map(({ description }) => description).join('\n');
  return new ApiError(400, message, { details: [{ '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations }] });
}

/** Not a 401: the real API calls a wrong key an invalid argument. */
export function invalidKey(message: string): ApiError {
  const details = [
    { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'API_KEY_INVALID', ...DOMAIN },
    { '@type': 'type.googleapis.com/google.rpc.LocalizedMessage', locale: 'en-US', message },
  ];
  return new ApiError(400, message, { details });
}

/** The 429, with how long to wait in its details: Google sends no `retry-after`. */
export function exhausted(model: string): ApiError {
  const message = `You exceeded your current quota (sandbox): limit: 1, model: ${model}\nPlease retry in 1s.`;
  const violation = {
    quotaMetric: 'generativelanguage.googleapis.com/generate_content_free_tier_requests',
    quotaId: 'GenerateRequestsPerMinutePerProjectPerModel-FreeTier',
    quotaDimensions: { location: 'global', model },
    quotaValue: '1',
  };
  const details = [
    { '@type': 'type.googleapis.com/google.rpc.QuotaFailure', violations: [violation] },
    { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '1s' },
  ];
  return new ApiError(429, message, { details });
}
