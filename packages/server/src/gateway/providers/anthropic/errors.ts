import type { TallyError } from '@tallystick/core';
import { unlocking } from '../unlocking.ts';

/** The body of an error in the Anthropic dialect: `error.type` is one that its SDKs know, `error.code` is ours. */
export function anthropicError(error: TallyError, callId: string | null): Readonly<Record<string, unknown>> {
  const field = error.facts['field'];
  return {
    type: 'error',
    error: {
      type: typeOf(error.status),
      message: `${error.message}${/[.!?]$/.test(error.message) ? '' : '.'} ${error.fix}`,
      code: error.code,
      ...(typeof field === 'string' ? { field } : {}),
      ...unlocking(error),
      ...(refusesThread(error) ? { details: NO_THREAD } : {}),
    },
    ...(callId === null ? {} : { request_id: callId }),
  };
}

/** The provider's own words for it: on them the SDKs' tool runners send the whole conversation instead, as one without threads needs. */
const NO_THREAD = { error_code: 'thread_unsupported_request' };

/** Refused as a field of the body, or as the beta that goes with it. */
function refusesThread({ code, facts }: TallyError): boolean {
  return code === 'FIELD_NOT_ALLOWED' && (facts['field'] === 'thread' || facts['unsupported'] === 'thread');
}

/** The provider's own pairs of status and type. */
function typeOf(status: number): string {
  switch (status) {
    case 401:
      return 'authentication_error';
    case 402:
      return 'billing_error';
    case 403:
      return 'permission_error';
    case 404:
      return 'not_found_error';
    case 413:
      return 'request_too_large';
    case 429:
      return 'rate_limit_error';
    case 503:
      return 'overloaded_error';
    case 504:
      return 'timeout_error';
    default:
      return status < 500 ? 'invalid_request_error' : 'api_error';
  }
}
