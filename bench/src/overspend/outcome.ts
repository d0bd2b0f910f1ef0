import { LIMIT_TOKENS } from './gateway.ts';

/** What became of one lot, all tokens. */
export type Outcome = {
  readonly billed: number;
  /** Billed beyond the limit. */
  readonly overspent: number;
  /** Spent in the gateway's own books for calls whose outcome it does not know, and not billed. */
  readonly unknown: number;
  /** Neither billed nor spent, and yet not to be had. */
  readonly lost: number;
  /** Whether the smallest call was refused in the end; otherwise there is no knowing how much more it would let through. */
  readonly isRefused: boolean;
};

/** @param billed by the upstream, when the gateway refuses the smallest call. @param booked what the gateway's books say is spent. */
export function outcomeOf(billed: number, booked: number | null, isRefused: boolean): Outcome {
  const unusable = isRefused ? Math.max(0, LIMIT_TOKENS - billed) : 0;
  const unknown = booked === null ? 0 : Math.min(unusable, Math.max(0, booked - billed));
  return { billed, overspent: Math.max(0, billed - LIMIT_TOKENS), unknown, lost: unusable - unknown, isRefused };
}
