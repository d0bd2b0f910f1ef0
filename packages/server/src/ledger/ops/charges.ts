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
 * Beyond the hold is overrun. Of a burned source hold, what was not delivered goes to the operator account `ambiguous`.
 * @param held this line's part of the hold.
 */
export function chargesOf(row: AccountRow, held: bigint, s: Settlement): readonly Charge[] {
  const metered = meteredOf(row, held, s);
  const paid = paidOf(row, held, metered, s.outcome);
  const source = row.kind === 'source';
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
  if (source && charges.length === 0) charges.push({ kind: 'release', contraId: '', amount: 0n });
  return charges;
}

function meteredOf(row: AccountRow, held: bigint, s: Settlement): bigint {
  if (row.asset === 'tokens') return s.tokens;
  return row.asset === 'credits' ? s.credits : (s.ms ?? held);
}

function paidOf(row: AccountRow, held: bigint, metered: bigint, outcome: Settlement['outcome']): bigint {
  if (outcome === 'released') return 0n;
  if (outcome === 'metered') return metered;
  if (outcome === 'bound' || row.kind === 'source') return held;
  return metered < held ? metered : held;
}

function overrunOf(row: AccountRow, excess: bigint): bigint {
  const room = OVERRUN_MAX - row.overrun;
  return excess < room ? excess : room;
}
