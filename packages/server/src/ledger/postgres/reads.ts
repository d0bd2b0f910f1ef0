import { TallyError } from '@tallystick/core';
import { isDown, isRetryable } from '#ground/postgres-errors';
import { openPgReads } from '#ground/postgres-reads';
import type { ReadEngine } from '../reads.ts';
import { OUTBOX_IS_WHOLE } from './outbox.ts';
import { numbered, rowsOf } from './rows.ts';
import { CONNECT } from './settings.ts';

/** Connections that reads share; each read is one statement, so each sees one commit. */
const CONNECTIONS_MAX = 4;

/** @param url secret: it may have a password in it. */
export function pgReads(url: string, hostId: string): ReadEngine {
  const pool = openPgReads(url, { ...CONNECT, applicationName: 'tallystick reads', max: CONNECTIONS_MAX });
  const texts = new Map<string, string>();
  const text = (sql: string): string => {
    const made = texts.get(sql) ?? numbered(sql);
    texts.set(sql, made);
    return made;
  };
  return {
    all: async (sql, ...values) => [...rowsOf(await pool.query(text(sql), values).catch(unreadable))],
    outboxIsWhole: OUTBOX_IS_WHOLE,
    generation: async (bookId) => {
      const { rows } = await pool
        .query('SELECT generation FROM generations WHERE book_id = $1 AND host_id = $2', [bookId, hostId])
        .catch(unreadable);
      return Number(rows[0]?.['generation'] ?? 0n);
    },
    close: () => pool.close(),
  };
}

/** What others are told where the database does not answer now. @throws TallyError LEDGER_UNAVAILABLE, or the error itself */
export function unreadable(error: unknown): never {
  if (!isDown(error) && !isRetryable(error)) throw error;
  throw new TallyError('LEDGER_UNAVAILABLE', 'The database cannot be read now.', {}, { cause: error });
}
