import type { SqlRow } from '#ground/database';
import { tryAdvisoryLock, unlockAdvisory } from '#ground/postgres-lock';
import type { PgSession } from '#ground/postgres-session';
import { type OpenHold, RowChanged } from '../books.ts';
import { HOLDS_WITHIN, holdLineOf, openHoldOf } from '../hold-rows.ts';
import { mendAccount } from '../mend.ts';
import { burnOpen } from '../ops/burn.ts';
import { NO_PLAN } from './fetch.ts';
import { laneLock } from './locks.ts';
import type { PgBooks } from './pg-books.ts';
import { rowsOf } from './rows.ts';
import { transact } from './transact.ts';

/** Holds burned in one transaction: batches wait for it. */
const SLICE = 256;

/** An epoch that has ended, or seems to have: holds are open that it placed, and nobody's session holds its lane. */
export type Dead = { readonly epoch: string; readonly laneId: string };

/** Epochs but our own that have open holds, or that own a lane. */
export async function otherEpochs(session: PgSession, { bookId, epoch }: PgBooks): Promise<readonly Dead[]> {
  const found = await session.query(
    `SELECT e.epoch_id, e.lane_id FROM epochs e WHERE e.book_id = $1 AND e.epoch_id <> $2 AND e.epoch_id IN (
       SELECT epoch_id FROM holds WHERE state = 'open' AND book_id = $1 UNION SELECT owner_epoch FROM lanes WHERE book_id = $1)`,
    [bookId, epoch],
  );
  return rowsOf(found).map((row) => ({ epoch: row.epoch_id as string, laneId: row.lane_id as string }));
}

/**
 * Burns some open holds of an epoch whose lane's lock is free: nobody will settle them. Whoever had it, and may wake up, is fenced off
 * before: its lane is no longer its own, so nothing of it commits.
 * @returns how many; 0 where no more are open; null where the epoch is alive.
 */
export async function burnSome(session: PgSession, books: PgBooks, dead: Dead): Promise<number | null> {
  const isOurLane = dead.laneId === books.laneId;
  if (!isOurLane && !(await fence(session, books, dead))) return null;
  const burned = await burnOnce(session, books, dead);
  // Where this fails, the session has ended, and the lock with it, or is about to.
  if (!isOurLane) await unlockAdvisory(session, laneLock(books.bookId, dead.laneId));
  return burned;
}

async function burnOnce(session: PgSession, books: PgBooks, { epoch }: Dead): Promise<number> {
  const holds = await openHoldsOf(session, books.bookId, epoch);
  if (holds.length === 0) return 0;
  const accounts = [...new Set(holds.flatMap(({ request }) => request.lines.map(({ accountId }) => accountId)))].sort();
  const holdIds = holds.map(({ request }) => request.holdId);
  const reservations = [...new Set(holds.flatMap(({ request: { within } }) => within ?? []))].sort();
  await mending(session, books, accounts.length, () =>
    transact(session, books, { ...NO_PLAN, accounts, holdIds, reservations }, true, () => {
      const gone = new Set(accounts.filter((id) => books.unit.accounts.get(id)?.row === null));
      for (const hold of holds) burnOpen(books, hold, gone);
    }),
  );
  return holds.length;
}

/** An account that was changed behind the writers is mended and frozen; then the rest goes on. */
async function mending(session: PgSession, books: PgBooks, mendsMax: number, run: () => Promise<void>): Promise<void> {
  for (let mends = 0; ; mends += 1) {
    try {
      await run();
      return;
    } catch (error) {
      if (!(error instanceof RowChanged) || mends === mendsMax) throw error;
      const id = error.accountId;
      await transact(session, books, { ...NO_PLAN, accounts: [id], proofs: [id] }, true, () => mendAccount(books, id, books.openHeld(id)));
    }
  }
}

/** Takes the lane's lock for the time of burning, and the lane from its owner. */
async function fence(session: PgSession, { bookId }: PgBooks, { epoch, laneId }: Dead): Promise<boolean> {
  if (!(await tryAdvisoryLock(session, laneLock(bookId, laneId)))) return false;
  await session.query("UPDATE lanes SET owner_epoch = '' WHERE book_id = $1 AND lane_id = $2 AND owner_epoch = $3", [
    bookId,
    laneId,
    epoch,
  ]);
  return true;
}

async function openHoldsOf(session: PgSession, bookId: string, epoch: string): Promise<readonly OpenHold[]> {
  const found = await session.query(
    `${HOLDS_WITHIN} WHERE h.state = 'open' AND h.book_id = $1 AND h.epoch_id = $2 ORDER BY h.hold_no LIMIT $3`,
    [bookId, epoch, SLICE],
  );
  const rows = rowsOf(found);
  const lines = await session.query(
    'SELECT hold_no, account_id, amount FROM hold_lines WHERE hold_no = ANY($1::bigint[]) ORDER BY hold_no, account_id',
    [rows.map(({ hold_no }) => hold_no as bigint)],
  );
  const byHold = Map.groupBy(rowsOf(lines), ({ hold_no }: SqlRow) => hold_no as bigint);
  return rows.map((row) => openHoldOf(row, (byHold.get(row.hold_no as bigint) ?? []).map(holdLineOf)));
}
