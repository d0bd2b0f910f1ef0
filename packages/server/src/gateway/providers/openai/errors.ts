import type { ErrorCode, TallyError } from '@tallystick/core';
import { unlocking } from '../unlocking.ts';

/** The body of an error in the OpenAI dialect: `error.code` is ours, `error.type` is one that its SDKs know. */
export function openAiError(error: TallyError): { readonly error: Readonly<Record<string, unknown>> } {
  const param = error.facts['field'];
  return {
    error: {
      message: `${error.message}${/[.!?]$/.test(error.message) ? '' : '.'} ${error.fix}`,
      type: typeOf(error.code, error.status),
      param: typeof param === 'string' ? param : null,
      code: error.code,
      ...unlocking(error),
    },
  };
}

function typeOf(code: ErrorCode, status: number): string {
  if (code === 'CAP_EXCEEDED') return 'insufficient_quota';
  if (status === 401) return 'authentication_error';
  if (status === 403) return 'permission_error';
  if (status === 404) return 'not_found_error';
  if (status === 429) return 'rate_limit_error';
  return status < 500 ? 'invalid_request_error' : 'api_error';
}
