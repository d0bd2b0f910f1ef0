import type { Ending } from './checks.ts';
import type { HalfYear } from './year.ts';

/** What the document of the pool foresaw for a half-year, beside which the played one is printed. */
const FORESEEN = {
  donated: 150_000_000,
  used: 87_300_000,
  tasks: 432,
  switches: 89,
  destroyed: 156,
  active: 44,
  by: { anthropic: 53_000_000, openai: 24_300_000, google: 10_000_000 },
} as const;

type Row = readonly [what: string, foreseen: number | string, found: number | string];

/** The half-year in a table. @param share of the whole year that was played. */
export function reportOf(year: HalfYear, { status, donations, tasks, sources }: Ending, share: number): string {
  const { stage, community, providers, restarts, work, plan } = year;
  const billed = [...stage.upstream.billed].reduce((sum, [, tokens]) => sum + tokens, 0);
  const overrun = [...sources.values()].reduce((sum, source) => sum + Number(source.overrun), 0);
  const ends = (as: string) => donations.filter(({ end }) => end?.as === as).length;
  const of = (value: number) => Math.round(value * share);
  const turns = tasks.reduce((sum, each) => sum + each.turns.length, 0);
  const rows: readonly Row[] = [
    ['keys donated', of(200), status.total_keys_donated],
    ['tokens donated', of(FORESEEN.donated), status.total_tokens_donated],
    ['tokens used', of(FORESEEN.used), status.total_tokens_used],
    ['  billed by the providers', '', billed - overrun],
    ['  held for calls of unknown outcome, and spent', '', status.total_tokens_used - (billed - overrun)],
    ['  beyond what was sent, by one liar', '', overrun],
    ...Object.entries(FORESEEN.by).map(
      ([provider, used]): Row => [`  ${provider}`, of(used), Number(status.by_provider[provider]?.['used_tokens'])],
    ),
    ['utilisation, %', 58.2, status.utilization_percent],
    ['tasks done', of(FORESEEN.tasks), status.tasks['done'] ?? 0],
    ['  set going again after a failure', 0, work.failures.length],
    ['turns', '', turns],
    ['switches', of(FORESEEN.switches), status.switches],
    ['keys destroyed', of(FORESEEN.destroyed), donations.filter(({ state }) => state === 'destroyed').length - ends('rejected')],
    ...['depleted', 'exhausted', 'expired', 'revoked'].map((as): Row => [`  ${as}`, '', ends(as)]),
    ['keys active', of(FORESEEN.active), donations.filter(({ state }) => state === 'active').length],
    // The last tenth of a key stays free of counted calls, so most keys end as a remainder and not at nothing.
    ['  used up but for a sixth', '', donations.filter((each) => each.state === 'active' && each.spent * 6 >= each.limit * 5).length],
    ['tokens lapsed with them', '', status.tokens.lapsed],
    ['restarts, clean and killed', '', `${restarts.clean} and ${restarts.killed}`],
    ['clock set wrong', '', year.clockJumps],
    ['refused before the end of the lockout', '', year.refused],
    ['donors', '', new Set([...community.kept.values()].map(({ gift }) => gift.donor)).size],
  ];
  const faults = Object.entries(providers.faults).map(([kind, count]) => `${kind} ${count}`);
  const lines = rows.map(([what, foreseen, found]) => `${what.padEnd(48)}${show(foreseen)}${show(found)}`);
  return [
    `a half-year, seed ${plan.seed}${' '.repeat(20)}`.padEnd(48) + show('foreseen') + show('found'),
    ...lines,
    `faults: ${faults.join(', ')}`,
  ].join('\n');
}

function show(value: number | string): string {
  return (typeof value === 'number' ? value.toLocaleString('en') : value).padStart(16);
}
