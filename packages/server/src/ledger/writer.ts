import { isConstraint, isPassing } from '#ground/database';
import { type Books, forgetSome, HoldChanged, LaneLost, RowChanged } from './books.ts';
import { LedgerFault } from './fault.ts';
import { mendAccount, mendHold } from './mend.ts';
import { openAccount, setLimit, setState } from './ops/accounts.ts';
import { addKey, addReceiptGroup, addSource, readStop, setGeneration, setStop } from './ops/book.ts';
import { hold } from './ops/hold.ts';
import { reconcile } from './ops/reconcile.ts';
import { standing } from './ops/replays.ts';
import { settle } from './ops/settle.ts';
import type { BatchOp, Fault, OpAnswer, QueuedOp } from './protocol.ts';

/** An operation may find this many changed rows (each is mended once) before it is given up. */
const MENDS_MAX = 20;

/** Nothing of the operation was written. */
export const UNAVAILABLE: Fault = {
  code: 'LEDGER_UNAVAILABLE',
  message: 'The ledger could not commit; nothing of this was written.',
  facts: {},
};

export type BatchResult = {
  readonly answers: readonly OpAnswer[];
  /** The engine cannot be trusted any more: this writer must stop. */
  readonly dead: boolean;
};

/**
 * Runs a batch in one transaction, durable when this returns. Refusals and errors of one operation touch no other.
 *
 * First without savepoints, since nearly always nothing unexpected happens: every operation checks before it writes. Where one is surprised
 * in the middle of its writes, all is rolled back and run again, each operation within its own savepoint.
 * @param now wall time at the asking side, Unix ms; time that goes back is ignored.
 */
export function runBatch(books: Books, ops: readonly QueuedOp<BatchOp>[], now: number): BatchResult {
  if (now > books.now) books.now = now;
  try {
    return { answers: transaction(books, () => ops.map((queued) => answer(queued, () => perform(books, queued.op)))), dead: false };
  } catch (error) {
    if (isEngineFault(error)) return failed(ops, error);
  }
  try {
    return { answers: transaction(books, () => ops.map((queued) => answer(queued, () => performGuarded(books, queued.op)))), dead: false };
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
export function transaction<T>(books: Books, body: () => T): T {
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

/** A `LedgerFault` means that the operation wrote nothing: it is an answer. Anything else ends the batch. */
function answer({ id }: QueuedOp, run: () => unknown): OpAnswer {
  try {
    return { id, value: run() };
  } catch (error) {
    if (error instanceof LedgerFault) return { id, fault: { code: error.code, message: error.message, facts: error.facts } };
    throw error;
  }
}

function perform(books: Books, op: BatchOp): unknown {
  switch (op.kind) {
    case 'hold':
      return hold(books, op.body);
    case 'settle':
      return settle(books, op.body);
    case 'openAccount':
      return openAccount(books, op.body);
    case 'setLimit':
      return setLimit(books, op.body);
    case 'setState':
      return setState(books, op.body);
    case 'reconcile':
      return reconcile(books, op.body);
    case 'setStop':
      return setStop(books, op.body);
    case 'addSource':
      return addSource(books, op.body);
    case 'addKey':
      return addKey(books, op.body);
    case 'addReceiptGroup':
      return addReceiptGroup(books, op.body);
    case 'setGeneration':
      return setGeneration(books, op.body);
    case 'standing':
      return standing(books, op.body);
  }
}

/** Performs one operation within a savepoint; what it finds changed behind the writer is mended and frozen, then it runs again. */
function performGuarded(books: Books, op: BatchOp): unknown {
  for (let mends = 0; mends <= MENDS_MAX; mends += 1) {
    try {
      return savepoint(books, () => perform(books, op));
    } catch (error) {
      if (error instanceof RowChanged) savepoint(books, () => mendAccount(books, error.accountId, 0n) ?? refreshStop(books));
      else if (error instanceof HoldChanged) return refuseChangedHold(books, error);
      else if (isConstraint(error)) throw new LedgerFault('INPUT_INVALID', 'An id is used already.');
      else if (error instanceof LedgerFault || isSqliteError(error)) throw error;
      else throw new LedgerFault('INTERNAL', 'The ledger failed at this operation; nothing of it was written.');
    }
  }
  throw new LedgerFault('TAMPERED', 'The books change behind the ledger again and again.');
}

function refuseChangedHold(books: Books, error: HoldChanged): never {
  savepoint(books, () => mendHold(books, error.holdId, error.sourceId));
  throw new LedgerFault('TAMPERED', 'The hold was changed behind the ledger; its source is frozen.', { holdId: error.holdId });
}

function refreshStop(books: Books): void {
  books.stop = readStop(books);
}

function savepoint<T>(books: Books, body: () => T): T {
  const mark = books.journal.mark();
  const { dirty } = books;
  books.db.exec('SAVEPOINT op');
  try {
    const result = body();
    books.db.exec('RELEASE op');
    return result;
  } catch (error) {
    // A full disk may have ended the transaction, and the savepoint with it.
    if (books.db.isTransaction) books.db.exec('ROLLBACK TO op; RELEASE op');
    books.journal.rollbackTo(mark);
    books.dirty = dirty;
    throw error;
  }
}
