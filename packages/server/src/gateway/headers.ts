import type { AccountBalance } from '#ledger';
import type { Held } from './hold.ts';
import type { Dialect } from './providers/dialect.ts';

export type Headers = Readonly<Record<string, string>>;

/** What every answer says of its call, also a refusal. */
export function idHeaders(callId: string, dialect: Dialect): Headers {
  return { 'x-tally-call-id': callId, ...dialect.idHeaders(callId) };
}

/** What the answer to a call with a hold says: its receipt, what it held, and what is left under the tightest cap. */
export function answerHeaders(held: Held, dialect: Dialect, overheadMs: number): Headers {
  const tightest = held.balances
    .filter(({ asset }) => asset === 'tokens')
    .reduce<AccountBalance | null>((a, b) => (a !== null && left(a) <= left(b) ? a : b), null);
  return {
    ...idHeaders(held.callId, dialect),
    'x-tally-receipt': held.receiptId,
    'x-tally-held': String(held.bound.total),
    'x-tally-proof': held.bound.proof,
    'x-tally-overhead-ms': overheadMs.toFixed(2),
    ...(held.output === 0n ? {} : { 'x-tally-output-limit': `${held.output}; ${held.outputBy}` }),
    ...(held.attempt === 1 ? {} : { 'x-tally-attempts': String(held.attempt) }),
    ...(held.source.row.mode === 1 ? { 'x-tally-mode': 'sandbox' } : {}),
    ...(tightest === null ? {} : dialect.limitHeaders(tightest.limit, left(tightest))),
  };
}

function left({ limit, held, spent, overrun }: AccountBalance): bigint {
  const rest = limit - held - spent - overrun;
  return rest > 0n ? rest : 0n;
}
