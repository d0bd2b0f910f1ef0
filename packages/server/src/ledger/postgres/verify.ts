import type { KeyObject } from 'node:crypto';
import type { SqlRow } from '#ground/database';
import type { PgSession } from '#ground/postgres-session';
import { type VerifyEngine, verifyBooks } from '../verify.ts';
import { ARCHIVE_LOCK } from './locks.ts';
import { numbered, rowsOf, sqlRows } from './rows.ts';

const PAGE = 1_000;
const LARGE_PAGE = 16;

/** Verifies the books in one snapshot, on a session of its own. @returns one sentence per finding. */
export async function verifyPg(session: PgSession, bookId: string, key: KeyObject): Promise<readonly string[]> {
  await session.query('SELECT pg_advisory_lock_shared($1)', [ARCHIVE_LOCK]);
  await session.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', []);
  try {
    return await verifyBooks(engineOf(session), bookId, key);
  } finally {
    await session.query('COMMIT').catch(() => {});
    await session.query('SELECT pg_advisory_unlock_shared($1)', [ARCHIVE_LOCK]).catch(() => {});
  }
}

function engineOf(session: PgSession): VerifyEngine {
  return {
    rows: (sql, ...values) => stream(session, numbered(sql), values, PAGE),
    largeRows: (sql, ...values) => stream(session, numbered(sql), values, LARGE_PAGE),
    schemaFindings: (guards) => missing(session, guards),
    charges: async (_bookId, holdIds) => {
      const text = `SELECT q.hold_id, p.account_id, p.amount, p.digest FROM unnest($1::text[]) AS q(hold_id), postings p
        WHERE p.business_id >= 'hold:' || q.hold_id || ':' AND p.business_id < 'hold:' || q.hold_id || ';' ORDER BY p.business_id`;
      return rowsOf(await session.query(text, [holdIds]));
    },
  };
}

async function* stream(
  session: PgSession,
  text: string,
  values: readonly (string | bigint | number)[],
  rows: number,
): AsyncGenerator<SqlRow> {
  for await (const page of session.pages(text, values, rows)) yield* sqlRows(page);
}

/** Guards that are not there, or do not fire: a trigger that is disabled is as good as gone. */
async function missing(session: PgSession, guards: readonly string[]): Promise<readonly string[]> {
  const { rows } = await session.query(
    `SELECT t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
     WHERE t.tgenabled IN ('O', 'A') AND NOT t.tgisinternal AND pg_table_is_visible(c.oid)`,
    [],
  );
  const there = new Set(rows.map((row) => row['tgname']));
  // What holds must keep is in one trigger here.
  return guards.filter((name) => !there.has(name) && name !== 'holds_no_update').map((name) => `the guard ${name} is gone`);
}
