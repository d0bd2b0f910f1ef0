import type { NotReturned } from '../reconciliation.ts';
import type { IntervalSums } from './interval.ts';

export type Judged = { readonly returned: bigint; readonly added: bigint; readonly notReturned: NotReturned | null };

/**
 * What an interval's comparison changes: only what is certain either way.
 *
 * - **Too much** were all calls inside, less the provider's total: whatever calls at the edges add to that total only lowers this. Of it
 *   comes back what was posted for unknown outcomes, nothing that was metered: an answer's own usage is better evidence than an export.
 *   An export below what the answers reported leaves calls out, and says nothing about the others.
 * - **Missing** is what the provider has beyond all calls inside and at the edges.
 */
export function judge(sums: IntervalSums, providerTotal: bigint, returnMax: bigint, settlesByHold: boolean): Judged {
  const missing = providerTotal - sums.inside - sums.edge;
  const excess = sums.inside - providerTotal;
  const added = missing > 0n ? missing : 0n;
  const notReturned = reason(sums, providerTotal, settlesByHold);
  if (notReturned !== null) return { returned: 0n, added, notReturned };
  return { returned: [sums.ambiguous, returnMax].reduce((least, bound) => (bound < least ? bound : least), excess), added, notReturned };
}

function reason({ inside, reported, ambiguous }: IntervalSums, providerTotal: bigint, settlesByHold: boolean): NotReturned | null {
  if (settlesByHold) return 'settles_by_hold';
  if (providerTotal >= inside) return 'not_below';
  if (providerTotal < reported) return 'incomplete';
  return ambiguous === 0n ? 'nothing_ambiguous' : null;
}
