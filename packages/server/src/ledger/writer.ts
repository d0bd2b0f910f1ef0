import { isConstraint, isPassing } from '#ground/database';
import { type Books, forgetSome, HoldChanged, LaneLost, RowChanged, type SqliteBooks } from './books.ts';
import { type BatchResult, type Engine, performAll, performEach, UNAVAILABLE } from './perform.ts';
import type { BatchOp, QueuedOp } from './protocol.ts';

/**
 * Runs a batch in one transaction, durable when this returns. Refusals and errors of one operation touch no other.
 *
 * First without savepoints, since nearly always nothing unexpected happens: every operation checks before it writes. Where one is surprised
 * in the middle of its writes, all is rolled back and run again, each operation within its own savepoint.
 * @param now wall time at the asking side, Unix ms; time that goes back is ignored.
 */
export function runBatch(books: SqliteBooks, ops: readonly QueuedOp<BatchOp>[], now: number): BatchResult {
  if (now > books.now) books.now = now;
  try {
    return { answers: transaction(books, () => performAll(books, ops)), dead: false };
  } catch (error) {
    if (isEngineFault(error)) return failed(ops, error);
  }
  try {
    return { answers: transaction(books, () => performEach(books, ops, engineOf(books))), dead: false };
  } catch (error) {
    return failed(ops, error);
  }
}

function failed(ops: readonly QueuedOp[], error: unknown): BatchResult {
  return { answers: ops.map(({ id }) => ({ id, fault: UNAVAILABLE })), dead: !isPassing(error) };
}

/** After these the whole batch is lost, not one operation: the disk, the engine, or the lane. */
function isEngineFault(error: unknown): boolean {
  if (error instanceof LaneLost) return true;
  if (error instanceof RowChanged || error instanceof HoldChanged || isConstraint(error)) return false;
  return isSqliteError(error);
}

function isSqliteError(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'ERR_SQLITE_ERROR';
}

/** Runs `body` in one durable transaction, or leaves books and memory as they were. A transaction that wrote nothing costs no disk. */
export function transaction<T>(books: SqliteBooks, body: () => T): T {
  const laneSeq = books.nextLaneSeq;
  books.dirty = false;
  books.db.exec('BEGIN IMMEDIATE');
  try {
    const result = body();
    if (!books.dirty) {
      books.db.exec('ROLLBACK');
      books.journal.commit();
      return result;
    }
    const { changes } = books.sql.lane_commit.run(books.nextLaneSeq, books.now, books.laneNo, books.epoch, laneSeq);
    if (Number(changes) !== 1) throw new LaneLost('another writer owns the lane');
    books.db.exec('COMMIT');
    books.journal.commit();
    forgetSome(books);
    return result;
  } catch (error) {
    if (books.db.isTransaction) books.db.exec('ROLLBACK');
    books.journal.rollbackTo(0);
    throw error;
  }
}

function engineOf({ db }: SqliteBooks): Engine {
  return { isConstraint, isFault: isSqliteError, savepoint: (books, body) => savepoint(books, db, body) };
}

function savepoint<T>(books: Books, db: SqliteBooks['db'], body: () => T): T {
  const mark = books.journal.mark();
  const { dirty } = books;
  db.exec('SAVEPOINT op');
  try {
    const result = body();
    db.exec('RELEASE op');
    return result;
  } catch (error) {
    // A full disk may have ended the transaction, and the savepoint with it.
    if (db.isTransaction) db.exec('ROLLBACK TO op; RELEASE op');
    books.journal.rollbackTo(mark);
    books.dirty = dirty;
    throw error;
  }
}
