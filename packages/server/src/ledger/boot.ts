import { createSecretKey } from 'node:crypto';
import { type Database, migrate, type SqlRow } from '#ground/database';
import { randomHex } from '#ground/ids';
import type { SqliteBooks } from './books.ts';
import { LedgerFault } from './fault.ts';
import { Journal } from './journal.ts';
import type { WriterOptions } from './protocol.ts';
import { prepareStatements } from './statements.ts';

/**
 * Brings the schema up to date and starts a new epoch that owns the lane.
 * Holds of earlier epochs are still open then: `recover` ends them before anything else is done.
 * @throws LedgerFault STATE_INVALID (schema of a later version), CONFIG_INVALID (the file holds another book)
 */
export function bootBooks(db: Database, options: WriterOptions): SqliteBooks {
  migrate(db, new URL('./sql/migrations/', import.meta.url), options.now);
  const epoch = randomHex(16);
  const { bookId, laneId } = options;
  db.exec('BEGIN IMMEDIATE');
  try {
    ownBook(db, options);
    const now = highWater(db, options);
    const lane = takeLane(db, options, epoch, now);
    db.prepare('INSERT INTO epochs (epoch_id, book_id, lane_id, started_at) VALUES (?, ?, ?, ?)').run(epoch, bookId, laneId, now);
    db.exec('COMMIT');
    const kept = db.prepare('SELECT count(*) AS n, coalesce(sum(size), 0) AS bytes FROM replays WHERE book_id = ?').get(bookId) as SqlRow;
    const stop = db.prepare('SELECT stopped, stop_reason FROM books WHERE book_id = ?').get(bookId) as SqlRow;
    return {
      db,
      sql: prepareStatements(db),
      journal: new Journal(),
      bookId,
      epoch,
      laneNo: lane.lane_no as bigint,
      laneId,
      ticketKey: Buffer.from(options.ticketKey),
      chainKey: createSecretKey(options.chainKey),
      accounts: new Map(),
      open: new Map(),
      guarded: new Map(),
      // Accounts with open holds are never forgotten.
      openHeld: () => 0n,
      nextLaneSeq: lane.next_seq as bigint,
      nextOutboxSeq: nextOf(db, 'SELECT max(seq) AS n FROM outbox'),
      nextHoldNo: nextOf(db, 'SELECT max(hold_no) AS n FROM holds'),
      replays: { rows: Number(kept.n), bytes: Number(kept.bytes) },
      stop: stop.stopped === 0n ? null : ((stop.stop_reason as string | null) ?? ''),
      now,
      grantNow: 0,
      dirty: false,
    };
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

function ownBook(db: Database, { bookId, now }: WriterOptions): void {
  const other = db.prepare('SELECT book_id FROM books WHERE book_id <> ? LIMIT 1').get(bookId) as SqlRow | undefined;
  if (other !== undefined) {
    throw new LedgerFault('CONFIG_INVALID', 'The data belongs to another book.', { expected: bookId, found: other.book_id as string });
  }
  db.prepare('INSERT INTO books (book_id, created_at) VALUES (?, ?) ON CONFLICT DO NOTHING').run(bookId, now);
}

function highWater(db: Database, { bookId, now }: WriterOptions): number {
  const row = db.prepare('SELECT coalesce(max(wall_high), 0) AS high FROM lanes WHERE book_id = ?').get(bookId) as SqlRow;
  return Math.max(now, Number(row.high));
}

function takeLane(db: Database, { bookId, laneId }: WriterOptions, epoch: string, now: number): SqlRow {
  db.prepare(
    `INSERT INTO lanes (book_id, lane_id, owner_epoch, next_seq, signed_to, wall_high) VALUES (?1, ?2, ?3, 1, 0, ?4)
     ON CONFLICT (book_id, lane_id) DO UPDATE SET owner_epoch = ?3, wall_high = ?4`,
  ).run(bookId, laneId, epoch, now);
  return db.prepare('SELECT lane_no, next_seq FROM lanes WHERE book_id = ? AND lane_id = ?').get(bookId, laneId) as SqlRow;
}

function nextOf(db: Database, sql: string): bigint {
  const row = db.prepare(sql).get() as SqlRow;
  return ((row.n as bigint | null) ?? 0n) + 1n;
}
