import type { Context } from '../context.ts';
import type { Column, Field } from '../table.ts';
import { time } from '../time.ts';

/** A comparison with a provider as the daemon shows it: amounts are decimal strings of tokens, times Unix ms. */
export type ReconciliationView = {
  readonly source: string;
  readonly kind: string;
  readonly from: number;
  readonly to: number;
  readonly provider_total: string;
  readonly ours: string;
  readonly edge: string;
  readonly reported: string;
  readonly ambiguous: string;
  readonly returned: string;
  readonly added: string;
  readonly export: string | null;
  readonly key_id: string | null;
  readonly at: number;
};

export type ReconciledView = ReconciliationView & {
  readonly dry_run: boolean;
  readonly why: string | null;
  readonly resumed: boolean;
  /** Whose consent is needed, and what is to be signed. */
  readonly consent: { readonly donor: string; readonly typed_data: unknown } | null;
};

export const COLUMNS: readonly Column[] = [
  { head: 'from' },
  { head: 'to' },
  { head: 'provider', number: true },
  { head: 'ours', number: true },
  { head: 'ambiguous', number: true },
  { head: 'given back', number: true },
  { head: 'added', number: true },
  { head: 'export' },
];

export function reconciliationRow(view: ReconciliationView): readonly string[] {
  const from = view.kind === 'total' ? 'the beginning' : time(view.from);
  const { provider_total, ours, ambiguous, returned, added } = view;
  return [from, time(view.to), provider_total, ours, ambiguous, returned, added, view.export ?? '-'];
}

export function printReconciled({ out }: Context, view: ReconciledView): void {
  const dry = view.dry_run;
  out.fields(view, [
    ['source', view.source],
    ['from', time(view.from)],
    ['to', time(view.to)],
    ['provider’s total', view.provider_total],
    ['our postings', view.ours],
    ['at the edges', view.edge],
    ['reported by the provider', view.reported],
    ['of unknown outcome', view.ambiguous],
    [dry ? 'would be given back' : 'given back', view.returned],
    [dry ? 'would be added' : 'added', view.added],
    ...optional('why not', view.why),
    ...optional('state', view.resumed ? `active${dry ? ', if this were no dry run' : ''}` : null),
    ['export', view.export ?? '-'],
    ...optional('key at the provider', view.key_id),
    ...optional('needs the consent of', view.consent?.donor ?? null),
    ...optional('to be signed', view.consent === null ? null : JSON.stringify(view.consent.typed_data)),
  ]);
}

function optional(name: string, value: string | null): readonly Field[] {
  return value === null ? [] : [[name, value]];
}
