/** Wei per gas. `tip` never is above `max`. */
export type Fees = { readonly max: bigint; readonly tip: bigint };

/** Nodes take a replacement from 10 % (geth) or 12.5 % (others) more on, of both fields. */
const RISE_PER = 8n;

/**
 * The fee that a new transaction begins with: it still holds after the base fee has risen for five blocks in a row.
 * @param cap neither field ever passes its own. A tip is paid whole, whatever the base fee: a node's word for it counts up to half of the cap,
 * and the other half is left for rises.
 */
export function firstFees(baseFee: bigint, tip: bigint, cap: Fees): Fees {
  const offered = smaller(tip, cap.tip / 2n);
  const most = smaller(baseFee * 2n + offered, cap.max);
  return { max: most, tip: smaller(offered, most) };
}

/**
 * The fee that replaces `last`: both fields by an eighth more at least, and no less than what a new transaction would offer now.
 * @returns null where a cap leaves no room for that.
 */
export function risenFees(last: Fees, now: Fees, cap: Fees): Fees | null {
  const tip = larger(risen(last.tip), now.tip);
  const max = larger(larger(risen(last.max), now.max), tip);
  const most = smaller(max, cap.max);
  if (most < risen(last.max)) return null;
  const mostTip = smaller(smaller(tip, cap.tip), most);
  return mostTip < risen(last.tip) ? null : { max: most, tip: mostTip };
}

function risen(fee: bigint): bigint {
  return fee + (fee + RISE_PER - 1n) / RISE_PER + (fee === 0n ? 1n : 0n);
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
