import type { Context } from '../../context.ts';
import { type Column, type Field, fields, table } from '../../table.ts';
import { time } from '../../time.ts';

type ReceiptView = { readonly receipt: string | null; readonly kind: string; readonly tokens: number; readonly at: number };

/** A donation as the daemon shows it: amounts are numbers of tokens, times Unix ms. */
export type DonationView = {
  readonly key_id: string;
  readonly state: string;
  readonly state_reason: string | null;
  readonly donor: string;
  readonly label: string | null;
  readonly anonymous: boolean;
  readonly provider: string;
  readonly host: string;
  readonly simulated: boolean;
  readonly donated_tokens: number;
  readonly limit: number;
  readonly held: number;
  readonly spent: number;
  readonly overrun: number;
  readonly left: number;
  readonly donated_minutes: number | null;
  readonly minutes_left: number | null;
  readonly expires_at: number | null;
  readonly count_consent: boolean;
  readonly settle: string;
  readonly given_at: number;
  readonly paused_by: readonly string[];
  readonly next_seq: number;
  readonly end: {
    readonly as: string;
    readonly by: string;
    readonly reason: string;
    readonly at: number;
    readonly destroy_at: number;
  } | null;
  readonly destruction: { readonly at: number; readonly mode: string; readonly audit_seq: number | null } | null;
  /** Only of one that is asked for by its id. */
  readonly receipts?: readonly ReceiptView[];
  readonly next?: string | null;
};

export const DONATION_COLUMNS: readonly Column[] = [
  { head: 'key id' },
  { head: 'state' },
  { head: 'provider' },
  { head: 'donated', number: true },
  { head: 'limit', number: true },
  { head: 'held', number: true },
  { head: 'spent', number: true },
  { head: 'left', number: true },
  { head: 'expires' },
];
const RECEIPT_COLUMNS: readonly Column[] = [{ head: 'receipt' }, { head: 'kind' }, { head: 'tokens', number: true }, { head: 'at' }];

export function donationRow(view: DonationView): readonly string[] {
  const { key_id, state, provider, donated_tokens, limit, held, spent, left, expires_at } = view;
  return [key_id, state, provider, ...[donated_tokens, limit, held, spent, left].map(String), time(expires_at)];
}

export function printDonation({ out }: Context, view: DonationView): void {
  const { receipts = [], next = null } = view;
  const rows = receipts.map(({ receipt, kind, tokens, at }) => [receipt ?? '-', kind, String(tokens), time(at)]);
  out.result(view, (style) =>
    [fields(donationFields(view), style), ...(rows.length === 0 ? [] : ['', table(RECEIPT_COLUMNS, rows, style)])].join('\n'),
  );
  if (next !== null) out.note(`There are older ones: --before ${next}.`);
}

function donationFields(view: DonationView): readonly Field[] {
  return [
    ['key id', view.key_id],
    ['state', view.state_reason === null ? view.state : `${view.state} (${view.state_reason})`],
    ['donor', view.donor],
    ...(view.label === null ? [] : [['label', view.label] as const]),
    ...(view.anonymous ? [['listed', 'anonymously'] as const] : []),
    ['provider', view.provider + (view.simulated ? ' (SANDBOX: simulated answers)' : '')],
    ['host', view.host],
    ['donated', String(view.donated_tokens)],
    ['limit', String(view.limit)],
    ['held', String(view.held)],
    ['spent', String(view.spent)],
    ...(view.overrun === 0 ? [] : [['overrun', String(view.overrun)] as const]),
    ['left', String(view.left)],
    ...(view.donated_minutes === null ? [] : [['minutes', `${view.minutes_left ?? 0} of ${view.donated_minutes} left`] as const]),
    ['settle', view.settle],
    ...(view.count_consent ? [['bounds', 'by the provider’s own count where no proof fits'] as const] : []),
    ...(view.paused_by.length === 0 ? [] : [['paused by', view.paused_by.join(' ')] as const]),
    ['given', time(view.given_at)],
    ['expires', time(view.expires_at)],
    ...endFields(view),
  ];
}

function endFields({ end, destruction }: DonationView): readonly Field[] {
  return [
    ...(end === null ? [] : [['ended', `${time(end.at)}, ${end.as}, by ${end.by}`] as const]),
    ...(end === null || destruction !== null ? [] : [['destroyed from', time(end.destroy_at)] as const]),
    ...(destruction === null
      ? []
      : [['destroyed', `${time(destruction.at)}, ${destruction.mode}, entry ${destruction.audit_seq ?? '-'} of the audit log`] as const]),
  ];
}
