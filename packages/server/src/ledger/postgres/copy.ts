import type { Database, SqlRow } from '#ground/database';
import { migrate, openWriter } from '#ground/database';
import type { PgSession } from '#ground/postgres-session';
import { ARCHIVE_LOCK } from './locks.ts';
import { sqlRows } from './rows.ts';

const PAGE = 1_000;
/** A row of these may have megabytes. */
const LARGE_PAGE = 16;

/** Tables in an order that a reader can follow; the columns are those that the file's own schema has. */
const TABLES = [
  ...['books', 'epochs', 'lanes', 'accounts', 'postings', 'holds', 'hold_lines', 'receipts', 'receipt_groups', 'outbox', 'evidence'],
  ...['idempotency', 'sources', 'keys', 'replays', 'reconciliations', 'archives', 'archive_lanes', 'records'],
  ...['reservations', 'reservation_lines', 'reservation_holds'],
] as const;

/**
 * Copies the books, in one snapshot, into a file that the SQLite engine opens: a backup that needs no server to be looked at.
 * @param to `file` must not exist.
 */
export async function copyToFile(session: PgSession, to: { bookId: string; hostId: string; file: string }): Promise<void> {
  const db = openWriter(to.file);
  try {
    migrate(db, new URL('../sql/migrations/', import.meta.url), 0);
    // Given back with the session.
    await session.query('SELECT pg_advisory_lock_shared($1)', [ARCHIVE_LOCK]);
    await session.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', []);
    for (const table of TABLES) await copyTable(session, db, table, to);
    await session.query('COMMIT');
  } finally {
    db.close();
  }
}

async function copyTable(
  session: PgSession,
  db: Database,
  table: string,
  { bookId, hostId }: { bookId: string; hostId: string },
): Promise<void> {
  const columns = (db.prepare(`SELECT name FROM pragma_table_info('${table}')`).all() as SqlRow[]).map(({ name }) => name as string);
  const add = db.prepare(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`);
  const rowsAtOnce = table === 'replays' || table === 'records' ? LARGE_PAGE : PAGE;
  db.exec('BEGIN IMMEDIATE');
  for await (const page of session.pages(selectOf(table, columns), table === 'books' ? [bookId, hostId] : [bookId], rowsAtOnce)) {
    for (const row of sqlRows(page)) add.run(...columns.map((column) => row[column] as SqlRow[string]));
  }
  db.exec('COMMIT');
}

function selectOf(table: string, columns: readonly string[]): string {
  const names = columns.map((column) => `t.${column}`).join(', ');
  if (table === 'books') {
    const generation = '(SELECT generation FROM generations g WHERE g.book_id = $1 AND g.host_id = $2)';
    return `SELECT ${names.replace('t.generation', `coalesce(${generation}, 0) AS generation`)} FROM books t WHERE t.book_id = $1`;
  }
  if (table === 'hold_lines') return `SELECT ${names} FROM hold_lines t JOIN holds h ON h.hold_no = t.hold_no WHERE h.book_id = $1`;
  if (table === 'receipt_groups') return `SELECT ${names} FROM receipt_groups t JOIN lanes l ON l.lane_no = t.lane_no WHERE l.book_id = $1`;
  return `SELECT ${names} FROM ${table} t WHERE t.book_id = $1`;
}
