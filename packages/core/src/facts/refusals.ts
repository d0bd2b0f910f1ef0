import { counts } from '../bounds/grades.ts';
import type { UnbilledRefusal } from './types.ts';

/** Stands in the place of a host name for the sandbox, wherever it listens. */
export const SANDBOX_HOST = 'sandbox';

const SANDBOX_SOURCE = 'The sandbox’s own code: it refuses before it counts anything.';

/** Whatever the code: the sandbox answers these statuses only from before its counter. */
function sandbox(status: number): UnbilledRefusal {
  return { host: SANDBOX_HOST, status, code: '*', source: SANDBOX_SOURCE, date: '2026-11-21', grade: 'proved' };
}

/**
 * Refusals that the provider is known not to bill.
 *
 * Nothing is listed for api.openai.com: its public documentation of errors and rate limits describes 400, 401, 403, 404 and 429, but
 * says of none of them that it is not billed. (For another host of the same models, the vendor's support answers that a 400
 * *is* counted.) Until a page says so, such a refusal spends the whole hold, and `reconcile` gives it back.
 */
export const UNBILLED_REFUSALS: readonly UnbilledRefusal[] = [sandbox(400), sandbox(401), sandbox(429)];

/**
 * @param host the source's host name, or `SANDBOX_HOST`.
 * @param code the `error.code` of the answer; null where it has none.
 * @returns the row that lets a hold be released, or undefined: then the whole hold is spent.
 */
export function unbilledRefusal(host: string, status: number, code: string | null): UnbilledRefusal | undefined {
  return UNBILLED_REFUSALS.find(
    (row) => row.host === host && row.status === status && (row.code === '*' || row.code === code) && counts(row.grade),
  );
}
