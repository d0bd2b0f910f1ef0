import type { Context } from '../../context.ts';
import { type Column, type Field, fields, table } from '../../table.ts';
import { time } from '../../time.ts';

type Lockout = { readonly locked: boolean; readonly launched_at: number; readonly unlocks_at: number; readonly override: boolean };
type Stop = { readonly stopped: boolean; readonly reason: string | null };

/** The pool as it tells everyone of itself: amounts are numbers of tokens, times Unix ms. */
export type StatusView = {
  readonly total_keys_donated: number;
  readonly utilization_percent: number;
  readonly by_provider: Readonly<
    Record<
      string,
      {
        readonly total_keys: number;
        readonly active_keys: number;
        readonly donated_tokens: number;
        readonly used_tokens: number;
        readonly held_tokens: number;
        readonly remaining_tokens: number;
        readonly lapsed_tokens: number;
        readonly simulated: boolean;
      }
    >
  >;
  readonly tokens: Readonly<Record<'donated' | 'used' | 'held' | 'remaining' | 'lapsed' | 'available', number>>;
  readonly pending: { readonly keys: number; readonly tokens: number };
  readonly lockout: Lockout;
  readonly stops: { readonly all: boolean; readonly pool: Stop; readonly providers: Readonly<Record<string, Stop>> };
  readonly tasks: Readonly<Record<string, number>>;
  readonly switches: number;
  readonly breaches: number;
};

const PROVIDERS: readonly Column[] = [
  { head: 'provider' },
  { head: 'keys', number: true },
  { head: 'active', number: true },
  { head: 'donated', number: true },
  { head: 'used', number: true },
  { head: 'held', number: true },
  { head: 'remaining', number: true },
  { head: 'lapsed', number: true },
];

export function lockoutText({ locked, override, unlocks_at }: Lockout): string {
  if (locked) return `locked until ${time(unlocks_at)}`;
  return override ? 'OVERRIDDEN: tasks run although it may be locked' : 'open';
}

export function printStatus({ out }: Context, view: StatusView): void {
  const { tokens, pending, tasks, by_provider } = view;
  const pairs: readonly Field[] = [
    ['pool', lockoutText(view.lockout)],
    ...stopFields(view.stops),
    ['keys', String(view.total_keys_donated)],
    ...(['donated', 'used', 'held', 'remaining', 'available', 'lapsed'] as const).map((name) => [name, String(tokens[name])] as const),
    ['utilization', `${view.utilization_percent} %`],
    ['being tried', `${pending.keys} keys, ${pending.tokens} tokens`],
    [
      'tasks',
      Object.entries(tasks)
        .map(([state, many]) => `${many} ${state}`)
        .join(', ') || '-',
    ],
    ['switches', String(view.switches)],
    ['breaches', String(view.breaches)],
  ];
  const rows = Object.entries(by_provider).map(([name, each]) => [
    each.simulated ? `${name} (SANDBOX)` : name,
    ...[each.total_keys, each.active_keys].map(String),
    ...[each.donated_tokens, each.used_tokens, each.held_tokens, each.remaining_tokens, each.lapsed_tokens].map(String),
  ]);
  out.result(view, (style) => [fields(pairs, style), ...(rows.length === 0 ? [] : ['', table(PROVIDERS, rows, style)])].join('\n'));
}

function stopFields({ all, pool, providers }: StatusView['stops']): readonly Field[] {
  const named = [['pool', pool] as const, ...Object.entries(providers)].filter(([, { stopped }]) => stopped);
  return [
    ...(all ? [['stopped', 'every call of this gateway'] as const] : []),
    ...named.map(([name, { reason }]) => ['stopped', `${name} (${reason ?? 'no reason given'})`] as const),
  ];
}
