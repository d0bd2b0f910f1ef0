import { counts } from '../bounds/grades.ts';
import type { UnbilledRefusal } from './types.ts';

/** Stands in the place of a host name for the sandbox, wherever it listens. */
export const SANDBOX_HOST = 'sandbox';

const SANDBOX_SOURCE = 'The sandbox’s own code: it refuses before it counts anything.';

/** Whatever the code: the sandbox answers these statuses only from before its counter. */
function sandbox(status: number): UnbilledRefusal {
  return { host: SANDBOX_HOST, status, code: '*', source: SANDBOX_SOURCE, date: '2026-11-21', grade: 'proved' };
}

const READ_ON = '2026-11-21';

const ANTHROPIC_SOURCE =
  'https://support.claude.com/en/articles/8114526-how-will-i-be-billed and https://platform.claude.com/docs/en/api/errors';

/** `error.type`, by status: the errors with which the API says that it has not taken the request. */
const ANTHROPIC: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  529: 'overloaded_error',
};

function anthropic(status: number, code: string): UnbilledRefusal {
  return { host: 'api.anthropic.com', status, code, source: ANTHROPIC_SOURCE, date: READ_ON, grade: 'documented' };
}

/** Its page on billing names these two statuses whole, and no other. */
function google(status: number): UnbilledRefusal {
  const source = 'https://ai.google.dev/gemini-api/docs/billing';
  return { host: 'generativelanguage.googleapis.com', status, code: '*', source, date: READ_ON, grade: 'documented' };
}

/**
 * Refusals that the provider is known not to bill.
 *
 * Anthropic bills, as it says, in general only calls that succeed, but also one whose caller went away or ran out of time: so 500 and 504
 * are not listed, behind which work may lie. Google's page names 400 and 500 and no other, so neither 429 nor 503 is listed.
 *
 * Nothing is listed for api.openai.com: its public documentation of errors and rate limits describes 400, 401, 403, 404 and 429, but
 * says of none of them that it is not billed. (For another host of the same models, the vendor's support answers that a 400
 * *is* counted.) Until a page says so, such a refusal spends the whole hold, and `reconcile` gives it back.
 */
export const UNBILLED_REFUSALS: readonly UnbilledRefusal[] = [
  sandbox(400),
  sandbox(401),
  sandbox(429),
  ...Object.entries(ANTHROPIC).map(([status, code]) => anthropic(Number(status), code)),
  google(400),
  google(500),
];

/**
 * @param host the source's host name, or `SANDBOX_HOST`.
 * @param code the answer’s `error.code` (OpenAI), `error.type` (Anthropic) or `error.status` (Google); null where it has none.
 * @returns the row that lets a hold be released, or undefined: then the whole hold is spent.
 */
export function unbilledRefusal(host: string, status: number, code: string | null): UnbilledRefusal | undefined {
  return UNBILLED_REFUSALS.find(
    (row) => row.host === host && row.status === status && (row.code === '*' || row.code === code) && counts(row.grade),
  );
}
