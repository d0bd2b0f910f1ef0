/** What a transaction of the deployment offers for gas. A node names the prices, and a node may lie. */
import { TallyError } from '@tallystick/core';

/** Wei per gas. `tip` never is above `max`. */
export type Fees = { readonly max: bigint; readonly tip: bigint };

const GWEI = 1_000_000_000n;
/** Never passed, unless the command says otherwise. */
export const FEE_MAX = 20n * GWEI;
/** What is offered above the base fee is paid whatever the base fee is, so it has a bound of its own. */
export const TIP_MAX = GWEI;
const TIP_MIN = GWEI / 1_000n;

/** It still holds after the base fee has risen for five blocks in a row. @throws DEPLOY_REFUSED where the chain asks for more than `feeMax`. */
export function feesFor(baseFee: bigint, asked: bigint, feeMax: bigint): Fees {
  if (baseFee >= feeMax) {
    throw new TallyError(
      'DEPLOY_REFUSED',
      `The chain’s base fee is ${gwei(baseFee)} gwei, and ${gwei(feeMax)} are the most to be paid. Wait, or raise it with --max-fee.`,
    );
  }
  const tip = smaller(larger(asked, TIP_MIN), TIP_MAX);
  const max = smaller(baseFee * 2n + tip, feeMax);
  return { max, tip: smaller(tip, max) };
}

/** Twice as much, so that any node takes it instead of what waits. @returns null where the bounds leave no room for it. */
export function twice({ max, tip }: Fees, feeMax: bigint): Fees | null {
  const raised = { max: smaller(max * 2n, feeMax), tip: smaller(tip * 2n, TIP_MAX) };
  return raised.max * 4n < max * 5n || raised.tip * 4n < tip * 5n ? null : raised;
}

/** Rounded up. */
export function gwei(wei: bigint): string {
  const thousandths = (wei * 1_000n + GWEI - 1n) / GWEI;
  return `${thousandths / 1_000n}.${String(thousandths % 1_000n).padStart(3, '0')}`.replace(/\.?0+$/, '');
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
