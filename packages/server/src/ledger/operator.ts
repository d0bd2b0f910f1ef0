import type { Asset } from './types.ts';

/** Ids of operator accounts start with this; no other account's does. */
export const OPERATOR_PREFIX = 'op:';

/**
 * The other side of a posting. `served`: given by sources · `used`: drawn from budgets · `ambiguous`: spent of a source with an unknown
 * outcome, less what reversals took back · `overrun`, `excess`: billed beyond the hold, of sources and of budgets · `reconciled`: raised to the provider's total.
 */
export type OperatorName = 'served' | 'used' | 'ambiguous' | 'overrun' | 'excess' | 'reconciled';

export const ASSETS: readonly Asset[] = ['tokens', 'credits', 'ms'];

/** Operator accounts whose balance is read from the postings: those of the exceptional kinds. */
export const OPERATORS_READ: readonly OperatorName[] = ['ambiguous', 'overrun', 'excess', 'reconciled'];

export function operatorAccount(name: OperatorName, asset: Asset): string {
  return `${OPERATOR_PREFIX}${name}:${asset}`;
}
