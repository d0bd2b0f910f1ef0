import { readdirSync, readFileSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';

export type Database = DatabaseSync;
export type Statement = StatementSync;
/** A row as SQLite gives it: every INTEGER as a bigint. */
export type SqlRow = Record<string, null | number | bigint | string | Uint8Array>;

/** Primary result codes after which the connection itself is fine and a later commit may work: the disk or a limit is full, or busy. */
const PASSING_CODES = new Set([5, 6, 13]);
const CONSTRAINT = 19;

/** @returns SQLite's primary result code, or undefined where the error is none of SQLite's. */
export function sqliteCode(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown } | null)?.errcode;
  return typeof code === 'number' ? code & 0xff : undefined;
}

/** Whether one statement broke a rule of the schema: the statement's fault, not the engine's. */
export function isConstraint(error: unknown): boolean {
  return sqliteCode(error) === CONSTRAINT;
}

/** Whether the engine failed as a whole but may recover (disk full, busy). */
export function isPassing(error: unknown): boolean {
  return PASSING_CODES.has(sqliteCode(error) ?? -1);
}

/**
 * The one writing connection of a file: WAL, and every commit is on disk before it returns.
 * @param pagesMax most pages (4 KiB) the file may have; 0 = the engine's own limit.
 */
export function openWriter(file: string, pagesMax = 0): Database {
  const db = new DatabaseSync(file, { readBigInts: true, enableForeignKeyConstraints: false, timeout: 2_000 });
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -65536');
  db.exec('PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA wal_autocheckpoint = 4000');
  if (pagesMax > 0) db.exec(`PRAGMA max_page_count = ${Math.trunc(pagesMax)}`);
  return db;
}

export function openReader(file: string): Database {
  const db = new DatabaseSync(file, { readOnly: true, readBigInts: true, timeout: 2_000 });
  db.exec('PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON');
  return db;
}

/**
 * A file that is written once, whole, by this connection alone, and read ever after: no journal, because what is cut short is thrown away.
 * Whoever closes it must put it on disk.
 */
export function openArchiveWriter(file: string): Database {
  const db = new DatabaseSync(file, { readBigInts: true, enableForeignKeyConstraints: false });
  db.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -65536');
  db.exec('PRAGMA trusted_schema = OFF');
  return db;
}

export type FileLock = { release(): void };

/**
 * Takes `file` for the life of this process: an open exclusive transaction is an operating-system lock, so `kill -9` frees it.
 * The file stays empty. Nothing in this process may open it by other means: closing any descriptor of it drops the lock.
 * @returns null while another connection (of any process) holds it.
 */
export function tryLockFile(file: string): FileLock | null {
  const db = new DatabaseSync(file, { timeout: 0 });
  try {
    db.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    if (!isPassing(error)) throw error;
    return null;
  }
  return { release: () => db.close() };
}

/** Reads every `*.sql` of a folder, by name without the ending, in name order. */
export function readSqlFolder(folder: URL): ReadonlyMap<string, string> {
  const path = fileURLToPath(folder);
  const names = readdirSync(path)
    .filter((name) => name.endsWith('.sql'))
    .sort();
  return new Map(names.map((name) => [name.slice(0, -4), readFileSync(new URL(name, folder), 'utf8')]));
}

export type Migration = { readonly number: number; readonly name: string; readonly sql: string };

/** The numbered migrations of a folder (`0001_name.sql` …). @throws RangeError where a number is missing or there twice. */
export function migrationsIn(folder: URL): readonly Migration[] {
  return [...readSqlFolder(folder)].map(([name, sql], at) => {
    const number = Number.parseInt(name, 10);
    if (number !== at + 1) throw new RangeError(`the migration ${name} stands where number ${at + 1} should`);
    return { number, name, sql };
  });
}

/** The file was written by a later version; migrations only go forward. */
export class SchemaTooNew extends Error {
  constructor(found: number, known: number) {
    super(`The data has schema ${found}, this version knows up to ${known}: use the later version.`);
  }
}

/**
 * Applies the numbered migrations (`0001_name.sql` …) that the file has not seen, each in its own transaction. Forward only.
 * @throws SchemaTooNew
 * @returns the schema's version.
 */
export function migrate(db: Database, folder: URL, wallMs: number): number {
  db.exec('CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT');
  const done = Number((db.prepare('SELECT coalesce(max(number), 0) AS n FROM migrations').get() as SqlRow).n);
  const all = migrationsIn(folder);
  const latest = all.at(-1)?.number ?? 0;
  if (done > latest) throw new SchemaTooNew(done, latest);
  for (const { number, name, sql } of all) {
    if (number <= done) continue;
    db.exec('BEGIN IMMEDIATE');
    try {
      db.exec(sql);
      db.prepare('INSERT INTO migrations (number, name, applied_at) VALUES (?, ?, ?)').run(number, name, wallMs);
      db.exec('COMMIT');
    } catch (error) {
      db.exec('ROLLBACK');
      throw error;
    }
  }
  return latest;
}
