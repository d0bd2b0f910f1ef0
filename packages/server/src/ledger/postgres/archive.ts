import { setTimeout as sleep } from 'node:timers/promises';
import { connectPostgres } from '#ground/postgres';
import { isRetryable } from '#ground/postgres-errors';
import type { PgStep } from '#ground/postgres-pipeline';
import type { PgSession } from '#ground/postgres-session';
import type { BooksReader } from '../archive/books-reader.ts';
import { columnsOf } from '../archive/columns.ts';
import { LedgerFault } from '../fault.ts';
import { LIMITS } from '../limits.ts';
import { ARCHIVE_LOCK, SCHEMA_LOCK } from './locks.ts';
import { partitionsTo } from './partitions.ts';
import { numbered, rowsOf } from './rows.ts';
import { CONNECT } from './settings.ts';

/** A call may wait so long behind the dropping of partitions, and no longer: then it is given up, and tried again. */
const LOCK_MS = 100;
const PAUSE_MS = 250;
const TRIES_MAX = 240;

/** The books as the archiver reads them. */
export async function pgBooksReader(url: string): Promise<BooksReader> {
  const session = await connectPostgres(url, { ...CONNECT, applicationName: 'tallystick archiver', statementTimeoutMs: 3_600_000 });
  return {
    engine: {
      rows: async function* (sql, ...values) {
        yield* rowsOf(await session.query(numbered(sql), values));
      },
    },
    closeMonth: (month) => closeMonth(session, month),
    close: () => session.close(),
  };
}

/**
 * Making the guard waits for every batch that writes to the partition, and none comes after it.
 * @throws LedgerFault STATE_INVALID where the partitions hold another book too
 */
async function closeMonth(session: PgSession, month: number): Promise<void> {
  const { rows } = await session.query('SELECT count(*) AS n FROM books', []);
  if (rows[0]?.['n'] !== 1n)
    throw new LedgerFault('STATE_INVALID', 'The database has another book, whose rows are in the same partitions.');
  for (const { name } of await partitionsTo(session, month)) await withLock(session, [closing(name)]);
}

function closing(partition: string): PgStep {
  return {
    text: `CREATE OR REPLACE TRIGGER closed BEFORE INSERT ON ${partition} FOR EACH ROW EXECUTE FUNCTION tally_closed()`,
    values: [],
  };
}

/** Removes what a sealed archive has: drops its partitions, in one transaction with what stays of them, then its roots, some at a time. */
export async function removePgMonth(session: PgSession, bookId: string, month: number): Promise<void> {
  const partitions = await partitionsTo(session, month);
  if (partitions.some(({ name }) => name === `postings_${month}`)) {
    const kept = await keepPostings(session, month);
    await withLock(session, [
      ...partitions.map(({ name }) => ({ text: `DROP TABLE ${name}`, values: [] })),
      { text: `ALTER TABLE postings ATTACH PARTITION ${kept} FOR VALUES FROM (MINVALUE) TO (${month + 1})`, values: [] },
    ]);
  }
  const lanes = await session.query('SELECT lane_no, seq_from, seq_to FROM archive_lanes WHERE book_id = $1 AND month = $2', [
    bookId,
    month,
  ]);
  for (const { lane_no, seq_from, seq_to } of rowsOf(lanes))
    await removeRoots(session, [lane_no as bigint, seq_from as bigint, seq_to as bigint]);
}

/** Copies each account's last two postings of the month and of those before into a table of their own: nothing waits for that. */
async function keepPostings(session: PgSession, month: number): Promise<string> {
  const kept = `postings_kept_${month}`;
  await session.pipeline([
    { text: 'BEGIN', values: [] },
    // A try that was cut short may have left one. The month's own partition is there, so this one is not attached.
    { text: `DROP TABLE IF EXISTS ${kept}`, values: [] },
    { text: `CREATE TABLE ${kept} (LIKE postings INCLUDING ALL)`, values: [] },
    {
      text: `INSERT INTO ${kept} SELECT ${columnsOf('postings', 'n')} FROM (
          SELECT p.*, row_number() OVER (PARTITION BY p.book_id, p.account_id ORDER BY p.seq DESC) AS nth FROM postings p WHERE p.month <= $1
        ) n WHERE n.nth <= 2`,
      values: [month],
    },
    closing(kept),
    { text: 'COMMIT', values: [] },
  ]);
  return kept;
}

async function removeRoots(session: PgSession, [laneNo, from, to]: readonly [bigint, bigint, bigint]): Promise<void> {
  for (let low = from; low <= to; low += BigInt(LIMITS.archiveRemoveBatch)) {
    const high = low + BigInt(LIMITS.archiveRemoveBatch) - 1n < to ? low + BigInt(LIMITS.archiveRemoveBatch) - 1n : to;
    await session.query('DELETE FROM receipt_groups WHERE lane_no = $1 AND seq_to BETWEEN $2 AND $3', [laneNo, low, high]);
  }
}

/** Changes partitions while no batch writes and nobody reads all books. What runs is waited for, but not for long at a time: calls wait behind it. */
async function withLock(session: PgSession, steps: readonly PgStep[]): Promise<void> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    if (tries > 0) await sleep(PAUSE_MS);
    try {
      const [, , alone] = await session.pipeline([
        { text: 'BEGIN', values: [] },
        { text: `SET LOCAL lock_timeout = ${LOCK_MS}`, values: [] },
        { text: 'SELECT pg_try_advisory_xact_lock($1) AS alone', values: [ARCHIVE_LOCK] },
        { text: 'SELECT pg_advisory_xact_lock($1)', values: [SCHEMA_LOCK] },
      ]);
      if (alone?.rows[0]?.['alone'] === true) {
        const tables = { text: 'LOCK TABLE postings, receipts, outbox IN ACCESS EXCLUSIVE MODE', values: [] };
        await session.pipeline([tables, ...steps, { text: 'COMMIT', values: [] }]);
        return;
      }
    } catch (error) {
      if (!isRetryable(error)) throw error;
    }
    await session.query('ROLLBACK', []);
  }
  throw new LedgerFault('LEDGER_UNAVAILABLE', 'The partitions are in use all the time: the month can be archived later.');
}
