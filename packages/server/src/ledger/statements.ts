import { type Database, readSqlFolder, type Statement } from '#ground/database';

const NAMES = [
  'account_hold',
  'account_open',
  'account_read',
  'account_restore',
  'account_write',
  'epoch_at',
  'evidence_add',
  'hold_add',
  'hold_by_id',
  'hold_by_no',
  'hold_by_receipt',
  'hold_end',
  'hold_line_add',
  'idempotency_add',
  'idempotency_read',
  'lane_commit',
  'outbox_add',
  'posting_add',
  'posting_head',
  'posting_last',
  'posting_range',
  'posting_thawed',
  'receipt_add',
  'receipt_by_id',
  'reconciliation_add',
  'reconciliation_overlap',
  'replay_add',
  'replay_drop_oldest',
  'replay_drop_stale',
  'source_settle',
] as const;

export type Statements = Readonly<Record<(typeof NAMES)[number], Statement>>;

/** Prepares every statement of the hot path once: `sql/<name>.sql`. */
export function prepareStatements(db: Database): Statements {
  const texts = readSqlFolder(new URL('./sql/', import.meta.url));
  return Object.fromEntries(NAMES.map((name) => [name, db.prepare(texts.get(name) as string)])) as Statements;
}
