import { isConstraintViolation, isDown, isRetryable, PgConnectionLost, PgError } from '#ground/postgres-errors';
import type { PgSession } from '#ground/postgres-session';
import { PgValueError } from '#ground/postgres-values';
import { type Books, LaneLost } from '../books.ts';
import { type BatchResult, type Engine, performAll, performEach, UNAVAILABLE } from '../perform.ts';
import type { BatchOp, OpAnswer, QueuedOp } from '../protocol.ts';
import { NotFetched } from './not-fetched.ts';
import { ensurePartitions, NO_PARTITION } from './partitions.ts';
import type { PgBooks } from './pg-books.ts';
import { planOf } from './plan.ts';
import { OutcomeUnknown, transact } from './transact.ts';

/** Two writers that waited for each other: one of them begins again. */
const RETRIES_MAX = 10;
const ROW_CHANGED = 'TA001';

type Ops = readonly QueuedOp<BatchOp>[];

/**
 * Runs a batch in one transaction, durable when this resolves. Refusals and errors of one operation touch no other: where one is surprised
 * in the middle of its writes, or the database refuses what was written, all is rolled back and run again, each operation by itself.
 * @throws OutcomeUnknown · whatever else keeps the database from committing: then nothing was written
 */
export async function runPgBatch(session: PgSession, books: PgBooks, ops: Ops): Promise<BatchResult> {
  try {
    return { answers: await retried(session, books, ops, () => performAll(books, ops), false), dead: false };
  } catch (error) {
    if (!isSurprise(error)) return lost(ops, error);
  }
  try {
    return { answers: await retried(session, books, ops, () => performEach(books, ops, ENGINE), true), dead: false };
  } catch (error) {
    if (!isRefused(error)) return lost(ops, error);
  }
  const answers: OpAnswer[] = [];
  for (const queued of ops) answers.push(...(await alone(session, books, queued)));
  return { answers, dead: false };
}

/** One operation in a transaction of its own: what the database refuses is its fault. */
async function alone(session: PgSession, books: PgBooks, queued: QueuedOp<BatchOp>): Promise<readonly OpAnswer[]> {
  try {
    return await retried(session, books, [queued], () => performEach(books, [queued], ENGINE), true);
  } catch (error) {
    const { id } = queued;
    if (isConstraintViolation(error)) return [{ id, fault: { code: 'INPUT_INVALID', message: 'An id is used already.', facts: {} } }];
    if (error instanceof PgValueError) return [{ id, fault: { code: 'INPUT_INVALID', message: error.message, facts: {} } }];
    if (!(error instanceof PgError) || isDown(error)) throw error;
    return [{ id, fault: UNAVAILABLE }];
  }
}

async function retried<T>(session: PgSession, books: PgBooks, ops: Ops, body: () => T, isStrict: boolean): Promise<T> {
  for (let retries = 0; ; retries += 1) {
    try {
      return await transact(session, books, planOf(books, ops), isStrict, body);
    } catch (error) {
      if (retries === RETRIES_MAX) throw error;
      if (isRetryable(error)) continue;
      // The clock went on to a month that nobody had expected yet.
      if (!(error instanceof PgError && error.sqlstate === NO_PARTITION)) throw error;
      await ensurePartitions(session, books.now);
    }
  }
}

/** Nothing is lost but this one try: something was not as the batch had thought. */
function isSurprise(error: unknown): boolean {
  if (error instanceof LaneLost || error instanceof PgConnectionLost || error instanceof OutcomeUnknown) return false;
  return !(error instanceof PgError) || isRefused(error);
}

function isRefused(error: unknown): boolean {
  return isConstraintViolation(error) || error instanceof PgValueError || (error instanceof PgError && error.sqlstate === ROW_CHANGED);
}

/** Whose lane is another's must stop: its calls were ended by others. */
function lost(ops: Ops, error: unknown): BatchResult {
  if (error instanceof LaneLost) return { answers: ops.map(({ id }) => ({ id, fault: UNAVAILABLE })), dead: true };
  throw error;
}

const ENGINE: Engine = {
  isConstraint: () => false,
  isFault: (error) => error instanceof NotFetched,
  savepoint: <T>(books: Books, body: () => T): T => {
    const mark = books.journal.mark();
    const { dirty } = books;
    try {
      return body();
    } catch (error) {
      books.journal.rollbackTo(mark);
      books.dirty = dirty;
      throw error;
    }
  },
};
