import type { KeyObject } from 'node:crypto';
import type { Database, SqlRow } from '#ground/database';
import { type VerifyEngine, verifyBooks } from './verify.ts';

/** Verifies a file of books. @param db a reading connection. @returns one sentence per finding. */
export async function verifyFile(db: Database, bookId: string, key: KeyObject): Promise<readonly string[]> {
  db.exec('BEGIN');
  try {
    return await verifyBooks(engineOf(db), bookId, key);
  } finally {
    db.exec('COMMIT');
  }
}

function engineOf(db: Database): VerifyEngine {
  const charges = db.prepare(
    `SELECT ?2 AS hold_id, account_id, amount, digest FROM postings
     WHERE book_id = ?1 AND business_id >= 'hold:' || ?2 || ':' AND business_id < 'hold:' || ?2 || ';'`,
  );
  const rows: VerifyEngine['rows'] = (sql, ...values) => db.prepare(sql).iterate(...values) as Iterable<SqlRow>;
  return {
    rows,
    largeRows: rows,
    schemaFindings: (guards) => [...damage(db), ...missing(db, guards)],
    charges: (bookId, holdIds) => holdIds.flatMap((holdId) => charges.all(bookId, holdId) as SqlRow[]),
  };
}

function damage(db: Database): readonly string[] {
  const found = db.prepare('PRAGMA quick_check(10)').all() as SqlRow[];
  return found.filter(({ quick_check }) => quick_check !== 'ok').map(({ quick_check }) => `the file is damaged: ${quick_check}`);
}

function missing(db: Database, guards: readonly string[]): readonly string[] {
  const there = new Set((db.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").all() as SqlRow[]).map(({ name }) => name));
  return guards.filter((name) => !there.has(name)).map((name) => `the guard ${name} is gone`);
}
