import type { AccountRow } from '../account-row.ts';
import { TAMPERED } from '../mend.ts';
import type { HoldRefusal } from '../types.ts';

/** Unix ms. `now` never goes back, and ends what expires; `grantNow` never jumps forward, and begins what opens. */
export type Times = { readonly now: number; readonly grantNow: number };

/**
 * One account of a hold, what the hold needs of it, and what must stay free beside that. `own`: the account's line in the reservation that the
 * hold is within. What is left of that is held already, and not in this hold's way: the account is judged as if it were given back first.
 */
export type Need = { readonly row: AccountRow; readonly need: bigint; readonly guard: bigint; readonly own?: OwnLine };

/** A line of the hold's own reservation. `left`: what further holds may take; 0 once the reservation has ended. */
export type OwnLine = { readonly amount: bigint; readonly held: bigint; readonly left: bigint };

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
  const beyond = needs.find(({ need, own }) => own !== undefined && need > own.left + own.held);
  if (beyond?.own !== undefined) return ownRefusal('CAP_EXCEEDED', beyond, beyond.own);
  const busy = needs.find(({ row, need, guard, own }) => row.held - (own?.left ?? 0n) + row.spent + row.overrun + need + guard > row.limit);
  if (busy !== undefined) return capRefusal('CAP_BUSY', busy);
  const taken = needs.find(({ need, own }) => own !== undefined && need > own.left);
  return taken?.own === undefined ? null : ownRefusal('CAP_BUSY', taken, taken.own);
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

/** The reservation is the limit: what is spent of it, and what it never had, is free for no hold within it. */
function ownRefusal(code: 'CAP_EXCEEDED' | 'CAP_BUSY', { row, need }: Need, { amount, held, left }: OwnLine): HoldRefusal {
  return { code, accountId: row.id, asset: row.asset, need, available: left, held, limit: amount };
}

function capRefusal(code: 'CAP_EXCEEDED' | 'CAP_BUSY', { row, need, guard, own }: Need): HoldRefusal {
  const left = row.limit - row.spent - row.overrun - row.held + (own?.left ?? 0n) - guard;
  const available = left > 0n ? left : 0n;
  return { code, accountId: row.id, asset: row.asset, need, available, held: row.held, limit: row.limit };
}
