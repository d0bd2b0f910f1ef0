import type { Context } from '../context.ts';
import type { Column } from '../table.ts';
import { time } from '../time.ts';

/** A source as the daemon shows it: amounts are decimal strings of tokens, times Unix ms. */
export type SourceView = {
  readonly id: string;
  readonly name: string;
  readonly provider: string;
  readonly base_url: string;
  readonly sandbox: boolean;
  readonly settle: string;
  readonly count_consent: boolean;
  readonly state: string;
  readonly state_reason: string | null;
  readonly ceiling: string;
  readonly limit: string;
  readonly held: string;
  readonly spent: string;
  readonly overrun: string;
  readonly left: string;
  readonly expires_at: number | null;
  readonly created_at: number;
  readonly secret: string;
};

export const SOURCE_COLUMNS: readonly Column[] = [
  { head: 'id' },
  { head: 'name' },
  { head: 'provider' },
  { head: 'state' },
  { head: 'limit', number: true },
  { head: 'held', number: true },
  { head: 'spent', number: true },
  { head: 'overrun', number: true },
  { head: 'left', number: true },
  { head: 'secret' },
];

export function sourceRow(source: SourceView): readonly string[] {
  const { id, name, provider, state, limit, held, spent, overrun, left, secret } = source;
  return [id, name, provider, state, limit, held, spent, overrun, left, secret];
}

export function printSource({ out }: Context, source: SourceView): void {
  const { state, state_reason: reason, overrun } = source;
  out.fields(source, [
    ['id', source.id],
    ['name', source.name],
    ['provider', source.provider + (source.sandbox ? ' (SANDBOX: simulated answers)' : '')],
    ['base url', source.base_url],
    ['state', reason === null || state === 'active' ? state : `${state} (${reason})`],
    ['cap', source.ceiling],
    ['limit', source.limit],
    ['held', source.held],
    ['spent', source.spent],
    ...(overrun === '0' ? [] : [['overrun', overrun] as const]),
    ['left', source.left],
    ['settle', source.settle],
    ...(source.count_consent ? [['bounds', 'by the provider’s own count where no proof fits'] as const] : []),
    ['secret', source.secret],
    ['created', time(source.created_at)],
    ['expires', time(source.expires_at)],
  ]);
}
