import { median, ratio, type Spread } from '../house/stats.ts';
import { type Target, times } from '../house/table.ts';
import type { Phase } from './load.ts';
import type { Spread as Accounts } from './requests.ts';

export const CLIENTS = [1, 8, 32, 128, 512] as const;
/** Pairs per second. */
export const PAIRS = ({ pairsPerSecond }: Phase) => pairsPerSecond;

export const SPREADS: readonly Accounts[] = ['hot', 'cold'];

export type Setting = { readonly clients: number; readonly spread: Accounts };
/** What is measured, and what stands beside it: in each round one right after the other. */
export type Side = 'mine' | 'other';
export type Both = Readonly<Record<Side, Phase>>;
export type Measured = { readonly setting: Setting; readonly rounds: readonly Both[] };

/** All that was measured on one engine. */
export type Run = { readonly engine: string; readonly measured: readonly Measured[] };

export function settings(clients: readonly number[]): readonly Setting[] {
  return SPREADS.flatMap((spread) => clients.map((number) => ({ clients: number, spread })));
}

/** One figure of one side, in every round. */
function each({ rounds }: Measured, side: Side, of: (phase: Phase) => number): number[] {
  return rounds.map((both) => of(both[side]));
}

export function middle(measured: Measured, side: Side, of: (phase: Phase) => number): number {
  return median(each(measured, side, of));
}

/** A figure of mine as a multiple of the other's: within each round first, then the median. */
export function beside(measured: Measured, of: (phase: Phase) => number): Spread | null {
  return ratio(each(measured, 'mine', of), each(measured, 'other', of));
}

/** What of the bare loop's pairs per second the ledger is to reach. */
const SHARE = 0.5;

/** The project's own target, for hot and for cold accounts: reached where it is at every number of clients. */
export function targets({ measured }: Run): readonly Target[] {
  return SPREADS.map((spread) => {
    const here = measured.filter(({ setting }) => setting.spread === spread);
    return target(`pairs/s on ${spread} accounts ≥ ${SHARE} × the bare loop's`, here, PAIRS, (share) => share >= SHARE);
  });
}

/** What many receipts may change: a fifth. */
const FLAT = 0.2;

/** Whether books with many receipts are as quick as books with few. */
export function flatTargets(measured: readonly Measured[]): readonly Target[] {
  return [
    target(`pairs/s ≥ ${1 - FLAT} × those of books with few receipts`, measured, PAIRS, (share) => share >= 1 - FLAT),
    target(
      `p99 of a hold ≤ ${1 + FLAT} × that of books with few receipts`,
      measured,
      ({ hold }) => hold.p99,
      (share) => share <= 1 + FLAT,
    ),
  ];
}

function target(what: string, measured: readonly Measured[], of: (phase: Phase) => number, suffices: (share: number) => boolean): Target {
  const parts = measured.map((one) => ({ ...one.setting, share: beside(one, of) }));
  return {
    what,
    figure: parts.map(({ clients, spread, share }) => `${spread} at ${clients} ${times(share)}`).join(', '),
    reached: parts.length > 0 && parts.every(({ share }) => share !== null && suffices(share.median)),
  };
}
