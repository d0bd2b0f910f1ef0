import type { TallyError } from '@tallystick/core';
import { unlocking } from '../unlocking.ts';

/**
 * The body of an error in the Google dialect (google.rpc.Status): `status` is a canonical code; ours is the `reason` of an ErrorInfo, and
 * a refusal that may pass carries a RetryInfo.
 */
export function googleError(error: TallyError): Readonly<Record<string, unknown>> {
  const field = error.facts['field'];
  // Its values are texts.
  const { unlocks_at: at } = unlocking(error);
  const metadata = { ...(typeof field === 'string' ? { field } : {}), ...(at === undefined ? {} : { unlocks_at: String(at) }) };
  const info = {
    '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
    reason: error.code,
    domain: 'tallystick',
    ...(Object.keys(metadata).length > 0 ? { metadata } : {}),
  };
  const retry = { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: `${String(error.facts['retry_after_s'] ?? 1)}s` };
  return {
    error: {
      code: error.status,
      message: `${error.message}${/[.!?]$/.test(error.message) ? '' : '.'} ${error.fix}`,
      status: statusOf(error),
      details: error.final ? [info] : [info, retry],
    },
  };
}

const STATUSES: Readonly<Record<number, string>> = {
  401: 'UNAUTHENTICATED',
  402: 'RESOURCE_EXHAUSTED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  408: 'DEADLINE_EXCEEDED',
  409: 'ABORTED',
  422: 'FAILED_PRECONDITION',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

function statusOf({ status }: TallyError): string {
  return STATUSES[status] ?? (status < 500 ? 'INVALID_ARGUMENT' : 'INTERNAL');
}
