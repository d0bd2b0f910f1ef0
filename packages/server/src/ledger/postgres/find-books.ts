import { TallyError } from '@tallystick/core';
import { connectPostgres } from '#ground/postgres';
import { isDown, PgError } from '#ground/postgres-errors';
import type { PgSession } from '#ground/postgres-session';
import { describeDatabase } from '#ground/postgres-url';
import { LedgerFault } from '../fault.ts';
import { CONNECT } from './settings.ts';

/** `keyCheck`: see `chainKeyCheck`. */
export type BooksFound = { readonly keyCheck: string };

const NO_COLUMN = '42703';

/** Looks for the books and changes nothing. @returns null where the database has none. @throws LedgerFault CONFIG_INVALID */
export async function findBooks(session: PgSession, bookId: string): Promise<BooksFound | null> {
  const there = await session.query("SELECT to_regclass('books') IS NOT NULL AS there", []);
  if (there.rows[0]?.['there'] !== true) return null;
  try {
    const { rows } = await session.query('SELECT key_check FROM books WHERE book_id = $1', [bookId]);
    return rows[0] === undefined ? null : { keyCheck: rows[0]['key_check'] as string };
  } catch (error) {
    if (!(error instanceof PgError) || error.sqlstate !== NO_COLUMN) throw error;
    throw new LedgerFault('CONFIG_INVALID', 'DATABASE_URL: the database is in use by another program; the books need one of their own.', {
      setting: 'DATABASE_URL',
    });
  }
}

/**
 * The same over a connection of its own, before anything is opened: where there is no way to the database this says what was tried.
 * @throws TallyError CONFIG_INVALID (the server refuses us), LEDGER_UNAVAILABLE (there is none, or not yet)
 */
export async function booksIn(url: string, bookId: string): Promise<BooksFound | null> {
  const session = await connectPostgres(url, { ...CONNECT, applicationName: 'tallystick start' }).catch((error: unknown) =>
    explain(error, url),
  );
  try {
    return await findBooks(session, bookId);
  } catch (error) {
    if (error instanceof LedgerFault) throw new TallyError(error.code, error.message, error.facts);
    return explain(error, url);
  } finally {
    await session.close();
  }
}

function explain(error: unknown, url: string): never {
  if (error instanceof TallyError) throw error;
  const why = error instanceof Error ? error.message : 'unknown reason';
  const what = `DATABASE_URL: ${describeDatabase(url)} cannot be used. ${why}.`;
  if (isDown(error)) throw new TallyError('LEDGER_UNAVAILABLE', `${what} Start PostgreSQL there, or mend DATABASE_URL.`);
  throw new TallyError('CONFIG_INVALID', what, { setting: 'DATABASE_URL' });
}
