import { openPgReads } from '#ground/postgres';
import type { ReadEngine } from '../reads.ts';

/** Connections that reads share; each read is one statement, so each sees one commit. */
const CONNECTIONS_MAX = 4;

/** @param url secret: it may have a password in it. */
export function pgReads(url: string, hostId: string): ReadEngine {
  const pool = openPgReads(url, { max: CONNECTIONS_MAX });
  const texts = new Map<string, string>();
  const numbered = (sql: string): string => {
    let n = 0;
    const text =
      texts.get(sql) ??
      sql.replaceAll('?', () => {
        n += 1;
        return `$${n}`;
      });
    texts.set(sql, text);
    return text;
  };
  return {
    all: async (sql, ...values) => [...(await pool.query(numbered(sql), values)).rows],
    // A row's number rises with its transaction: what is below the oldest that still runs is all there.
    outboxIsWhole: `seq < (SELECT outbox_base FROM books b WHERE b.book_id = outbox.book_id) + (pg_snapshot_xmin(pg_current_snapshot())::text::bigint << 20)`,
    generation: async (bookId) => {
      const { rows } = await pool.query('SELECT generation FROM generations WHERE book_id = $1 AND host_id = $2', [bookId, hostId]);
      return Number(rows[0]?.['generation'] ?? 0n);
    },
    close: () => pool.close(),
  };
}
