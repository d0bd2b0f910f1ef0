import type { Standing } from './standing.ts';
import { isAccepted } from './sums.ts';

export type LeaderRow = {
  readonly rank: number;
  /** `0x…` or `account:<uuid>`, or `anonymous`: several rows may be that. */
  readonly donor: string;
  /** The names that the donor gave of itself, shown and never trusted. */
  readonly labels: readonly string[];
  readonly keys: number;
  readonly given_tokens: number;
  readonly used_tokens: number;
  readonly tasks_helped: number;
  readonly simulated: boolean;
};

export const ANONYMOUS = 'anonymous';
const LABELS_MAX = 4;

/**
 * Donors by what they gave, then by what was used of it, then who came first. What a donor gave anonymously is a row of its own, so that it tells
 * nothing of who else it is.
 * @param helped task ids by donation id.
 */
export function leaderboard(standings: readonly Standing[], helped: ReadonlyMap<string, ReadonlySet<string>>): readonly LeaderRow[] {
  const rows = new Map<string, Standing[]>();
  for (const standing of standings.filter(isAccepted)) {
    const row = `${standing.anonymous ? ANONYMOUS : 'named'} ${standing.donor}`;
    rows.set(row, [...(rows.get(row) ?? []), standing]);
  }
  return [...rows.values()]
    .map((gifts) => ({ gifts, given: total(gifts, 'given'), used: total(gifts, 'spent'), first: Math.min(...gifts.map(({ at }) => at)) }))
    .sort((a, b) => compare(b.given, a.given) || compare(b.used, a.used) || a.first - b.first || compareIds(a.gifts, b.gifts))
    .map(({ gifts, given, used }, at) => {
      const anonymous = gifts[0]?.anonymous === true;
      const labels = anonymous ? [] : [...new Set(gifts.map(({ label }) => label).filter((label) => label !== ''))];
      return {
        rank: at + 1,
        donor: anonymous ? ANONYMOUS : (gifts[0]?.donor ?? ''),
        labels: labels.slice(0, LABELS_MAX),
        keys: gifts.length,
        given_tokens: Number(given),
        used_tokens: Number(used),
        tasks_helped: new Set(gifts.flatMap(({ id }) => [...(helped.get(id) ?? [])])).size,
        simulated: gifts.every(({ simulated }) => simulated),
      };
    });
}

function total(gifts: readonly Standing[], name: 'given' | 'spent'): bigint {
  return gifts.reduce((sum, gift) => sum + gift[name], 0n);
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareIds([a]: readonly Standing[], [b]: readonly Standing[]): number {
  return (a?.id ?? '') < (b?.id ?? '') ? -1 : 1;
}
