import type { AccountRow } from '../account-row.ts';
import { TAMPERED } from '../mend.ts';
import type { HoldRefusal } from '../types.ts';

/** Unix ms. `now` never goes back, and ends what expires; `grantNow` never jumps forward, and begins what opens. */
export type Times = { readonly now: number; readonly grantNow: number };

/** One account of a hold, what the hold needs of it, and what must stay free beside that. */
export type Need = { readonly row: AccountRow; readonly need: bigint; readonly guard: bigint };

/** What stays free of a limit where a need rests on evidence: a tenth, rounded up. `sql/account_hold.sql` has the same. */
export function guardBand(limit: bigint): bigint {
  return (limit + 9n) / 10n;
}

/**
 * Why a hold cannot be placed, or null. The same rules stand as predicates in `sql/account_hold.sql`, which decide;
 * this says which of them it is, and spares a statement where the answer is no.
 * A final refusal goes before one that waiting may cure.
 */
export function refusalOf(needs: readonly Need[], times: Times): HoldRefusal | null {
  for (const { row } of needs) {
    const refusal = standingOf(row, times);
    if (refusal !== null) return refusal;
  }
  const exceeded = needs.find(({ row, need, guard }) => row.spent + row.overrun + need + guard > row.limit);
  if (exceeded !== undefined) return capRefusal('CAP_EXCEEDED', exceeded);
  const busy = needs.find(({ row, need, guard }) => row.held + row.spent + row.overrun + need + guard > row.limit);
  return busy === undefined ? null : capRefusal('CAP_BUSY', busy);
}

/** What an account refuses every hold with, whatever is left of it; null where it is active. */
export function standingOf(row: AccountRow, { now, grantNow }: Times): HoldRefusal | null {
  const { id: accountId, kind, state, stateReason: reason } = row;
  if (state === 'frozen' && reason === TAMPERED) return { code: 'ACCOUNT_TAMPERED', accountId };
  if (state !== 'active') return { code: 'ACCOUNT_NOT_ACTIVE', accountId, kind, state, reason };
  if (row.expiresAt !== null && row.expiresAt <= BigInt(now)) {
    return { code: 'ACCOUNT_EXPIRED', accountId, kind, expiresAt: Number(row.expiresAt) };
  }
  if (row.opensAt !== null && row.opensAt > BigInt(grantNow)) {
    return { code: 'ACCOUNT_NOT_OPEN', accountId, kind, opensAt: Number(row.opensAt) };
  }
  return null;
}

function capRefusal(code: 'CAP_EXCEEDED' | 'CAP_BUSY', { row, need, guard }: Need): HoldRefusal {
  const left = row.limit - row.spent - row.overrun - row.held - guard;
  const available = left > 0n ? left : 0n;
  return { code, accountId: row.id, asset: row.asset, need, available, held: row.held, limit: row.limit };
}
