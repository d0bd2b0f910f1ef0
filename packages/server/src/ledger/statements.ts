import { type Database, readSqlFolder, type SqlRow } from '#ground/database';

const NAMES = [
  'account_hold',
  'account_open',
  'account_opens',
  'account_read',
  'account_restore',
  'account_write',
  'archive_add',
  'archive_lane_add',
  'archive_last',
  'archive_mark',
  'archive_state',
  'epoch_at',
  'evidence_add',
  'generation_write',
  'group_add',
  'hold_add',
  'hold_by_id',
  'hold_by_no',
  'hold_by_receipt',
  'hold_end',
  'hold_line_add',
  'idempotency_add',
  'idempotency_read',
  'key_add',
  'lane_commit',
  'lane_read',
  'lane_sign',
  'open_before',
  'outbox_add',
  'posting_add',
  'posting_first',
  'posting_head',
  'posting_last',
  'posting_range',
  'posting_thawed',
  'receipt_add',
  'receipt_range',
  'reconciliation_add',
  'reconciliation_overlap',
  'record_read',
  'record_remove',
  'record_write',
  'reservation_add',
  'reservation_end',
  'reservation_hold_add',
  'reservation_line_add',
  'reservation_line_read',
  'reservation_line_write',
  'reservation_lines_read',
  'reservation_read',
  'reservations_count',
  'replay_add',
  'replay_drop_oldest',
  'replay_drop_stale',
  'remove_events',
  'remove_postings',
  'remove_receipts',
  'remove_roots',
  'source_add',
  'source_settle',
  'stop_read',
  'stop_write',
] as const;

export type StatementName = (typeof NAMES)[number];
export type Value = null | number | bigint | string | Uint8Array;

/** One statement of the books, whatever engine is behind it. What it reads is what the transaction that runs would read now. */
export type Statement = {
  /** @returns how many rows it changed. */
  run(...values: Value[]): { readonly changes: number | bigint };
  get(...values: Value[]): SqlRow | undefined;
  all(...values: Value[]): SqlRow[];
};

export type Statements = Readonly<Record<StatementName, Statement>>;

/** Prepares every statement of the hot path once: `sql/<name>.sql`. */
export function prepareStatements(db: Database): Statements {
  const texts = readSqlFolder(new URL('./sql/', import.meta.url));
  return Object.fromEntries(NAMES.map((name) => [name, db.prepare(texts.get(name) as string) as Statement])) as Statements;
}
