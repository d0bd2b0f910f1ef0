import type { AccountBalance } from '#ledger';
import type { CallId, Held } from './admission.ts';

/** What every answer says of its call, also a refusal. */
export function idHeaders(id: CallId): Record<string, string> {
  return { 'x-tally-call-id': id.callId, 'x-request-id': id.callId };
}

/** What the answer to a call with a hold says: its receipt, what it held, and what is left under the tightest cap. */
export function answerHeaders(held: Held, overheadMs: number): Record<string, string> {
  const tightest = held.balances
    .filter(({ asset }) => asset === 'tokens')
    .reduce<AccountBalance | null>((a, b) => (a !== null && left(a) <= left(b) ? a : b), null);
  return {
    ...idHeaders(held),
    'x-tally-receipt': held.receiptId,
    'x-tally-held': String(held.bound.total),
    'x-tally-proof': held.bound.proof,
    'x-tally-output-limit': `${held.output}; ${held.outputBy}`,
    'x-tally-overhead-ms': overheadMs.toFixed(2),
    ...(held.source.row.mode === 1 ? { 'x-tally-mode': 'sandbox' } : {}),
    ...(tightest === null
      ? {}
      : { 'x-ratelimit-limit-tokens': String(tightest.limit), 'x-ratelimit-remaining-tokens': String(left(tightest)) }),
  };
}

function left({ limit, held, spent, overrun }: AccountBalance): bigint {
  const rest = limit - held - spent - overrun;
  return rest > 0n ? rest : 0n;
}
