import type { Receipt } from './types.ts';

/**
 * What a receipt adds to the sum of its tree, credit base units. A credit (kind 4) adds 0: credits have their own sum, so a root's
 * total is charges only and a give-back can never read as a charge. The credit's own amount is bound by the receipt's hash.
 */
export function leafAmount(receipt: Pick<Receipt, 'kind' | 'amount'>): bigint {
  return receipt.kind === 4 ? 0n : receipt.amount;
}
