import type { HoldLine, HoldResult, KeyRow } from '#ledger';
import type { Source } from './sources.ts';

type Not = Exclude<HoldResult, { result: 'created' }>;

/** Less time than this is left: no call is begun with it. */
const CALL_MS_MIN = 1_000n;

/**
 * What a hold of the pool names beside the source and the key: the source's minutes, for as long as the call may take, and its gates, with
 * nothing. A validation passes them: it finds out whether a key works, which is no use of the pool.
 */
export function gateLines({ row }: Source, { use }: KeyRow, deadlineMs: number): readonly HoldLine[] {
  if (use !== 'pool') return [];
  const gates = row.groups.map((accountId) => ({ accountId, amount: 0n }));
  return row.minutesAccountId === null ? gates : [...gates, { accountId: row.minutesAccountId, amount: BigInt(deadlineMs) }];
}

/**
 * What a refusal for want of a source's minutes comes to: less time for the call, where enough of it is left; where calls that are running hold
 * what is left, to come again, since they give back what they do not take.
 */
export function minutesLeft(not: Not, { row }: Source): { readonly deadlineMs: number } | { readonly not: Not } {
  if (not.result !== 'refused' || not.refusal.code !== 'CAP_EXCEEDED' || not.refusal.accountId !== row.minutesAccountId) return { not };
  const { available, held } = not.refusal;
  if (held === 0n && available >= CALL_MS_MIN) return { deadlineMs: Number(available) };
  if (available + held < CALL_MS_MIN) return { not };
  return { not: { ...not, refusal: { ...not.refusal, code: 'CAP_BUSY' } } };
}
