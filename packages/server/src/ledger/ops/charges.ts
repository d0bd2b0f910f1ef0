import type { AccountRow } from '../account-row.ts';
import type { PostingKind } from '../chain.ts';
import { operatorAccount } from '../operator.ts';
import type { Settlement } from '../protocol.ts';

/** One posting that settling makes. */
export type Charge = { readonly kind: PostingKind; readonly contraId: string; readonly amount: bigint };

/** Sums stay below 2^63: what an upstream claims beyond any sense is recorded as this much overrun. */
const OVERRUN_MAX = 2n ** 62n - 1n;

/**
 * What one line of a hold is charged.
 *
 * | outcome  | source            | budget of tokens        | credits              |
 * |----------|-------------------|-------------------------|----------------------|
 * | metered  | `tokens`          | `tokens`                | `credits`            |
 * | bound    | its whole hold    | its whole hold          | its whole hold       |
 * | burned   | its whole hold    | `tokens`, ≤ its hold    | `credits`, ≤ its hold|
 * | released | 0                 | 0                       | 0                    |
 *
 * Of milliseconds: what is known, whatever the outcome. Where it is not, of a burn the source's whole hold and nothing of a budget's. A group is
 * a gate: it is charged nothing, so that nothing that an upstream claims can ever fill it.
 *
 * Beyond the hold is overrun. Of a burned source hold, what was not delivered goes to the operator account `ambiguous`.
 * @param held this line's part of the hold.
 */
export function chargesOf(row: AccountRow, held: bigint, s: Settlement): readonly Charge[] {
  if (row.kind === 'group') return [];
  const metered = meteredOf(row, held, s);
  const paid = paidOf(row, held, metered, s);
  const source = row.kind === 'source' || row.kind === 'minutes';
  const within = paid < held ? paid : held;
  const charges: Charge[] = [];
  const delivered = source && s.outcome === 'burned' && metered < within ? metered : within;
  if (delivered > 0n) charges.push({ kind: 'spend', contraId: operatorAccount(source ? 'served' : 'used', row.asset), amount: delivered });
  if (within > delivered)
    charges.push({ kind: 'ambiguous', contraId: operatorAccount('ambiguous', row.asset), amount: within - delivered });
  if (paid > held)
    charges.push({
      kind: 'overrun',
      contraId: operatorAccount(source ? 'overrun' : 'excess', row.asset),
      amount: overrunOf(row, paid - held),
    });
  // A source has a posting for every receipt, so that every receipt is tied into its chain.
  if (row.kind === 'source' && charges.length === 0) charges.push({ kind: 'release', contraId: '', amount: 0n });
  return charges;
}

function meteredOf(row: AccountRow, held: bigint, s: Settlement): bigint {
  if (row.asset === 'tokens') return s.tokens;
  if (row.asset === 'credits') return s.credits;
  return s.ms ?? (s.outcome === 'burned' ? 0n : held);
}

function paidOf(row: AccountRow, held: bigint, metered: bigint, { outcome, ms }: Settlement): bigint {
  if (outcome === 'released') return 0n;
  if (outcome === 'metered') return metered;
  if (row.asset === 'ms' && ms !== undefined) return metered;
  if (outcome === 'bound' || row.kind === 'source' || row.kind === 'minutes') return held;
  return metered < held ? metered : held;
}

function overrunOf(row: AccountRow, excess: bigint): bigint {
  const room = OVERRUN_MAX - row.overrun;
  return excess < room ? excess : room;
}
