import type { KeyObject } from 'node:crypto';
import type { SqlRow } from '#ground/database';
import { LedgerFault } from '../fault.ts';
import { monthName, monthOf, monthsBefore } from '../months.ts';
import type { VerifyEngine } from '../verify.ts';
import { archiveMac, archiveOf, checkpointOf, NO_CHECKPOINT } from './rows.ts';
import type { Archive, ArchiveQuestion, Checkpoint } from './types.ts';

/** How an engine answers the archiver. */
export type ArchiveEngine = Pick<VerifyEngine, 'rows'>;

/** @param now the ledger's own time, which never goes back, Unix ms. */
export type Choosing = ArchiveQuestion & { readonly bookId: string; readonly key: KeyObject; readonly now: number };

export type Choice =
  | { readonly result: 'ready'; readonly month: number; readonly before: Checkpoint }
  | { readonly result: 'refused'; readonly month: number; readonly why: string }
  | { readonly result: 'nothing' };

/**
 * The oldest month that is not archived, if it may be: it is over for long enough, none of its calls is open, every receipt is under a signed
 * root, and no reconciliation may still need it.
 * @throws LedgerFault TAMPERED where the last checkpoint is not sound
 */
export async function choose(engine: ArchiveEngine, choosing: Choosing): Promise<Choice> {
  const { before, keepMonths, bookId, now } = choosing;
  const checkpoint = await lastCheckpoint(engine, choosing);
  const month = await oldestMonth(engine, bookId, checkpoint.month);
  if (month === null || month >= before) return { result: 'nothing' };
  const kept = monthsBefore(monthOf(now), keepMonths);
  if (month >= kept) {
    return { result: 'refused', month, why: `the last ${keepMonths} whole months stay in the books: everything since ${monthName(kept)}` };
  }
  const why = (await openHolds(engine, bookId, month)) ?? (await unsigned(engine, bookId, month)) ?? (await frozen(engine, bookId, month));
  return why === null ? { result: 'ready', month, before: checkpoint } : { result: 'refused', month, why };
}

async function lastCheckpoint(engine: ArchiveEngine, { bookId, key }: Choosing): Promise<Checkpoint> {
  const last = (await archivesIn(engine, bookId)).at(-1);
  if (last === undefined) return NO_CHECKPOINT;
  if (archiveMac(key, bookId, last) !== last.mac) {
    throw new LedgerFault('TAMPERED', `The checkpoint of ${monthName(last.month)} was changed: nothing is archived after it.`);
  }
  return checkpointOf(last);
}

/** All archives of a book, oldest first. */
export async function archivesIn({ rows }: ArchiveEngine, bookId: string): Promise<readonly Archive[]> {
  const lanes: SqlRow[] = [];
  for await (const row of rows('SELECT * FROM archive_lanes WHERE book_id = ? ORDER BY lane_no, seq_to', bookId)) lanes.push(row);
  const byMonth = Map.groupBy(lanes, ({ month }) => month);
  const archives: Archive[] = [];
  for await (const row of rows('SELECT * FROM archives WHERE book_id = ? ORDER BY month', bookId))
    archives.push(archiveOf(row, byMonth.get(row.month as bigint) ?? []));
  return archives;
}

async function first({ rows }: ArchiveEngine, sql: string, ...values: readonly (string | number | bigint)[]): Promise<SqlRow | undefined> {
  for await (const row of rows(sql, ...values)) return row;
  return undefined;
}

async function oldestMonth(engine: ArchiveEngine, bookId: string, after: number): Promise<number | null> {
  const found = await first(
    engine,
    `SELECT min(month) AS month FROM (
       SELECT min(month) AS month FROM postings WHERE book_id = ? AND month > ?
       UNION ALL SELECT min(month) FROM receipts WHERE book_id = ? AND month > ?
       UNION ALL SELECT min(month) FROM outbox WHERE book_id = ? AND month > ?) months`,
    ...[bookId, after, bookId, after, bookId, after],
  );
  return found === undefined || found.month === null ? null : Number(found.month);
}

async function openHolds(engine: ArchiveEngine, bookId: string, month: number): Promise<string | null> {
  const sql = "SELECT count(*) AS n FROM holds WHERE state = 'open' AND book_id = ? AND month <= ?";
  const n = (await first(engine, sql, bookId, month))?.n as bigint;
  return n === 0n ? null : `${n} of its calls are still open`;
}

async function unsigned(engine: ArchiveEngine, bookId: string, month: number): Promise<string | null> {
  const sql = `SELECT r.seq, l.lane_id FROM lanes l JOIN receipts r ON r.lane_no = l.lane_no AND r.seq = l.signed_to + 1
    WHERE l.book_id = ? AND r.month <= ?`;
  const found = await first(engine, sql, bookId, month);
  return found === undefined ? null : `receipt ${found.seq} of lane ${found.lane_id} is under no signed root yet`;
}

/** What a frozen source needs to be resumed begins before it was frozen. */
async function frozen(engine: ArchiveEngine, bookId: string, month: number): Promise<string | null> {
  const sql = `SELECT a.account_id FROM accounts a WHERE a.book_id = ? AND a.kind = 'source' AND a.state = 'frozen' AND 'frozen' = (
      SELECT p.state FROM postings p WHERE p.book_id = a.book_id AND p.account_id = a.account_id AND p.month <= ? ORDER BY p.seq DESC LIMIT 1)
    AND NOT EXISTS (
      SELECT 1 FROM postings p WHERE p.book_id = a.book_id AND p.account_id = a.account_id AND p.month > ? AND p.state <> 'frozen')
    ORDER BY a.account_id`;
  const found = await first(engine, sql, bookId, month, month);
  return found === undefined ? null : `source ${found.account_id} has been frozen since then, and its reconciliation needs what is before`;
}
