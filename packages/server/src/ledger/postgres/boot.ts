import { createSecretKey } from 'node:crypto';
import { randomHex } from '#ground/ids';
import { checkSafety } from '#ground/postgres-safety';
import type { PgSession } from '#ground/postgres-session';
import { chainKeyCheck } from '../chain.ts';
import { LedgerFault } from '../fault.ts';
import { type BooksFound, findBooks } from './find-books.ts';
import { takeLane } from './lanes.ts';
import { migratePg } from './migrate.ts';
import { ensurePartitions } from './partitions.ts';
import { newPgBooks, type PgBooks } from './pg-books.ts';
import { leavesDoubt } from './roll-call.ts';

export type PgOptions = {
  readonly bookId: string;
  readonly hostId: string;
  /** Ids of the lanes that a process of this gateway may have, by index. */
  readonly laneIds: readonly string[];
  readonly ticketKey: Uint8Array;
  readonly chainKey: Uint8Array;
  /** Unix ms. */
  readonly now: number;
};

/** The server that the books are on, told apart from others, and from itself after a failover. */
export type Server = { readonly systemId: string; readonly timeline: number };

export type PgBooted = {
  readonly books: PgBooks;
  readonly laneIndex: number;
  readonly server: Server;
  /** What the lane's last owner had committed may be missing on this server. */
  readonly leavesDoubt: boolean;
};

/**
 * Brings the schema up to date, takes the first lane whose lock is free, and starts a new epoch that owns it. Holds of the lane's earlier
 * epoch are still open then, and have to be ended before anything else is done.
 * @throws LedgerFault STATE_INVALID, DATA_LOCKED (every lane is taken) · TallyError CONFIG_INVALID (the server's settings are not safe)
 */
export async function bootPg(session: PgSession, options: PgOptions): Promise<PgBooted> {
  const { systemId, timeline } = await checkSafety(session);
  const { bookId } = options;
  const keyCheck = chainKeyCheck(createSecretKey(options.chainKey));
  mustBeOurs(await findBooks(session, bookId), keyCheck);
  await migratePg(session, options.now);
  await session.query('INSERT INTO books (book_id, created_at, key_check) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', [
    bookId,
    options.now,
    keyCheck,
  ]);
  // Another gateway may have been a moment quicker.
  mustBeOurs(await findBooks(session, bookId), keyCheck);
  await raiseOutboxBase(session, bookId);
  const laneIndex = await takeLane(session, options);
  const laneId = options.laneIds[laneIndex] as string;
  const isDoubtful = await leavesDoubt(session, bookId, laneId, { systemId, timeline });
  const epoch = randomHex(16);
  const high = await session.query('SELECT coalesce(max(wall_high), 0) AS high FROM lanes WHERE book_id = $1', [bookId]);
  const now = Math.max(options.now, Number(high.rows[0]?.['high']));
  await ensurePartitions(session, now);
  const [, , lane] = await session.pipeline([
    { text: 'BEGIN', values: [] },
    {
      text: 'INSERT INTO epochs (epoch_id, book_id, lane_id, host_id, started_at) VALUES ($1, $2, $3, $4, $5)',
      values: [epoch, bookId, laneId, options.hostId, now],
    },
    {
      text: `INSERT INTO lanes (book_id, lane_id, lane_index, owner_epoch, next_seq, signed_to, wall_high) VALUES ($1, $2, $3, $4, 1, 0, $5)
        ON CONFLICT (book_id, lane_id) DO UPDATE SET owner_epoch = excluded.owner_epoch, wall_high = excluded.wall_high
        RETURNING lane_no, next_seq, batches`,
      values: [bookId, laneId, laneIndex, epoch, now],
    },
    { text: 'COMMIT', values: [] },
  ]);
  const row = lane?.rows[0];
  if (row === undefined) throw new LedgerFault('LEDGER_UNAVAILABLE', 'The lane could not be taken.');
  const { ticketKey, chainKey, hostId } = options;
  const books = newPgBooks({
    ...{ bookId, hostId, laneId, epoch, ticketKey, chainKey, now },
    laneNo: row['lane_no'] as bigint,
    nextLaneSeq: row['next_seq'] as bigint,
    batches: row['batches'] as bigint,
  });
  return { books, laneIndex, server: { systemId, timeline }, leavesDoubt: isDoubtful };
}

/** Under other keys every account would look tampered with: nothing is touched then. */
function mustBeOurs(found: BooksFound | null, keyCheck: string): void {
  if (found === null || found.keyCheck === keyCheck) return;
  throw new LedgerFault(
    'CONFIG_INVALID',
    'DATABASE_URL: the books in this database are another gateway’s: they were made under the keys of another vault. A host becomes one of that gateway by `tally host join`, in an empty data folder.',
    { setting: 'DATABASE_URL' },
  );
}

/** In a server that the books were dumped into, transactions are counted anew: the outbox goes on above what it has. */
async function raiseOutboxBase(session: PgSession, bookId: string): Promise<void> {
  await session.query(
    `UPDATE books SET outbox_base = o.high + 1 FROM (SELECT max(seq) AS high FROM outbox WHERE book_id = $1) o
     WHERE book_id = $1 AND o.high >= outbox_base + (pg_current_xact_id()::text::bigint << 20)`,
    [bookId],
  );
}
