import { createSecretKey, type KeyObject } from 'node:crypto';
import { TallyError } from '@tallystick/core';
import { type Database, migrate, openWriter, type SqlRow } from '#ground/database';
import { connectPostgres } from '#ground/postgres';
import { checkSafety } from '#ground/postgres-safety';
import type { PgSession } from '#ground/postgres-session';
import { accountRow } from '../account-row.ts';
import { chainKeyCheck } from '../chain.ts';
import { findBooks } from './find-books.ts';
import { migratePg } from './migrate.ts';
import { createPartitions, PARTITIONED } from './partitions.ts';
import { unreadable } from './reads.ts';
import { rowSeal } from './seal.ts';
import { CONNECT } from './settings.ts';

export type ImportOptions = {
  /** Secret: it may have a password in it. */
  readonly url: string;
  /** Books of the SQLite engine, a copy that may be written to: an older one is brought up to date first. */
  readonly file: string;
  readonly bookId: string;
  readonly laneIds: readonly string[];
  readonly chainKey: Buffer;
  /** Unix ms. */
  readonly now: number;
};

/** What is sent at once: so many rows, or so many bytes of texts. */
const ROWS_MAX = 1_000;
const BYTES_MAX = 4_194_304;
/** A whole statement may take long; the import is one transaction of many. */
const STATEMENT_MS = 3_600_000;

/** In the order in which they are filled. Columns of another name, and those that the database numbers itself, are not taken. */
const TABLES: readonly (readonly [table: string, without: readonly string[]])[] = [
  ...['epochs', 'lanes', 'accounts', 'postings', 'holds', 'hold_lines', 'receipts', 'receipt_groups', 'outbox'].map(
    (table) => [table, []] as const,
  ),
  ['evidence', ['evidence_no']],
  ...['idempotency', 'sources', 'keys', 'reconciliations', 'records', 'reservations', 'reservation_lines', 'reservation_holds'].map(
    (table) => [table, []] as const,
  ),
  ['replays', ['replay_no']],
];

/** A row's columns that are not in the file, or not as they are to be. */
type Added = Readonly<Record<string, (row: SqlRow) => string | bigint>>;

/**
 * Fills a database that has no books with those of a file, all or none. Nothing of them is checked here: who opens the books next audits
 * every account.
 * @throws TallyError BACKUP_INVALID, CONFIG_INVALID, LEDGER_UNAVAILABLE
 */
export async function importFile(options: ImportOptions): Promise<void> {
  const connect = { ...CONNECT, applicationName: 'tallystick restore', statementTimeoutMs: STATEMENT_MS, answerTimeoutMs: STATEMENT_MS };
  const session = await connectPostgres(options.url, connect).catch(unreadable);
  const db = openWriter(options.file);
  try {
    migrate(db, new URL('../sql/migrations/', import.meta.url), options.now);
    await checkSafety(session);
    if ((await findBooks(session, options.bookId)) !== null)
      throw new TallyError('BACKUP_INVALID', 'The database has books already: a restore needs an empty one.');
    await migratePg(session, options.now);
    await createPartitions(session, monthsOf(db));
    await session.query('BEGIN', []);
    await fill(session, db, options);
    await session.query('COMMIT', []);
  } catch (error) {
    throw error instanceof TallyError ? error : unreadable(error);
  } finally {
    db.close();
    await session.close();
  }
}

function monthsOf(db: Database): readonly number[] {
  const months = PARTITIONED.flatMap((table) => db.prepare(`SELECT DISTINCT month FROM ${table}`).all() as SqlRow[]);
  return [...new Set(months.map(({ month }) => Number(month)))];
}

async function fill(session: PgSession, db: Database, { bookId, laneIds, chainKey, now }: ImportOptions): Promise<void> {
  const key = createSecretKey(chainKey);
  const added: Readonly<Record<string, Added>> = {
    // Whoever wrote these books is no more: nobody is to wait for a sign of life.
    epochs: { ended_at: ({ ended_at }) => (ended_at as bigint | null) ?? BigInt(now) },
    lanes: { lane_index: ({ lane_id }) => laneIndex(laneIds, lane_id as string) },
    accounts: sealing(db, key, bookId),
  };
  await addBook(session, db, bookId, chainKeyCheck(key));
  for (const [table, without] of TABLES) await copyTable(session, db, table, without, added[table] ?? {});
  // The next numbers come after those that are there.
  await session.query("SELECT setval('hold_numbers', (SELECT coalesce(max(hold_no), 0) + 1 FROM holds))", []);
  await session.query("SELECT setval(pg_get_serial_sequence('lanes', 'lane_no'), (SELECT coalesce(max(lane_no), 0) + 1 FROM lanes))", []);
}

/** First, so that a daemon which opens the same database meanwhile waits for the end of it. */
async function addBook(session: PgSession, db: Database, bookId: string, keyCheck: string): Promise<void> {
  const book = db.prepare('SELECT * FROM books WHERE book_id = ?').get(bookId) as SqlRow | undefined;
  if (book === undefined) throw new TallyError('BACKUP_INVALID', 'The backup has no books of this gateway.');
  const { high } = db.prepare('SELECT coalesce(max(seq), 0) AS high FROM outbox').get() as SqlRow;
  await session.query(
    'INSERT INTO books (book_id, stopped, stop_reason, created_at, outbox_base, key_check) VALUES ($1, $2, $3, $4, $5, $6)',
    [bookId, book.stopped ?? null, book.stop_reason ?? null, book.created_at ?? null, (high as bigint) + 1n, keyCheck],
  );
}

function laneIndex(laneIds: readonly string[], laneId: string): bigint {
  const index = laneIds.indexOf(laneId);
  if (index === -1) throw new TallyError('BACKUP_INVALID', 'The backup’s books are of another gateway than its vault.');
  return BigInt(index);
}

/** What other writers know a row by is made from the row as it stands. */
function sealing(db: Database, key: KeyObject, bookId: string): Added {
  const counted = `SELECT l.account_id, count(*) AS n FROM holds h JOIN hold_lines l ON l.hold_no = h.hold_no
    WHERE h.state = 'open' AND h.proof = 'count' GROUP BY l.account_id`;
  const guarded = new Map((db.prepare(counted).all() as SqlRow[]).map(({ account_id, n }) => [account_id, n as bigint]));
  const of = ({ account_id }: SqlRow) => guarded.get(account_id ?? null) ?? 0n;
  return { guarded: of, seal: (row) => rowSeal(key, bookId, accountRow(row), of(row)) };
}

async function copyTable(session: PgSession, db: Database, table: string, without: readonly string[], added: Added): Promise<void> {
  const there = db.prepare(`SELECT name FROM pragma_table_info('${table}')`).all() as SqlRow[];
  const own = there.map(({ name }) => name as string).filter((name) => !without.includes(name) && !(name in added));
  const columns = [...own, ...Object.keys(added)];
  const types = await typesOf(session, table);
  const values = columns.map((column, at) => `$${at + 1}::${types.get(column) ?? 'text'}[]`).join(', ');
  const text = `INSERT INTO ${table} (${columns.join(', ')}) OVERRIDING SYSTEM VALUE SELECT * FROM unnest(${values})`;
  const order = without.length === 0 ? '' : ` ORDER BY ${without[0]}`;
  for (const rows of pages(db.prepare(`SELECT * FROM ${table}${order}`).iterate() as Iterable<SqlRow>)) {
    const of = (column: string) => rows.map((row) => added[column]?.(row) ?? row[column] ?? null);
    await session.query(text, columns.map(of));
  }
}

async function typesOf(session: PgSession, table: string): Promise<ReadonlyMap<string, string>> {
  const { rows } = await session.query(
    'SELECT attname::text AS name, format_type(atttypid, NULL) AS type FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0',
    [table],
  );
  return new Map(rows.map(({ name, type }) => [String(name), String(type)]));
}

function* pages(rows: Iterable<SqlRow>): Generator<readonly SqlRow[]> {
  let page: SqlRow[] = [];
  let bytes = 0;
  for (const row of rows) {
    page.push(row);
    for (const value of Object.values(row)) bytes += typeof value === 'string' || value instanceof Uint8Array ? value.length : 8;
    if (page.length < ROWS_MAX && bytes < BYTES_MAX) continue;
    yield page;
    [page, bytes] = [[], 0];
  }
  if (page.length > 0) yield page;
}
