import { isConstraintViolation, PgConnectionLost, PgError } from '#ground/postgres-errors';
import type { PgSession } from '#ground/postgres-session';
import { PgValueError } from '#ground/postgres-values';
import { type Books, LaneLost } from '../books.ts';
import { type BatchResult, type Engine, performAll, performEach, UNAVAILABLE } from '../perform.ts';
import type { BatchOp, OpAnswer, QueuedOp } from '../protocol.ts';
import { NotFetched } from './not-fetched.ts';
import { ensurePartitions, isNoPartition } from './partitions.ts';
import type { PgBooks } from './pg-books.ts';
import { planOf } from './plan.ts';
import { OutcomeUnknown, transact } from './transact.ts';

/** Two writers that waited for each other: one of them begins again. */
const RETRIES_MAX = 10;
/** Serialization failure, deadlock. */
const COLLIDED: ReadonlySet<string> = new Set(['40001', '40P01']);
/** A value that does not fit, a constraint, a limit of the server, a row that changed: by class, or one of this schema's own. */
const OWN_FAULTS = /^(22|23|54|TA001|TA002)/;

export type Ops = readonly QueuedOp<BatchOp>[];

/** A commit that was on its way when the connection went away. */
export type Unknown = { readonly ops: Ops; readonly answers: readonly OpAnswer[] };

/** The database went away, or takes nothing now, and for no fault of an operation. */
export class Interrupted extends Error {
  /** Of operations that were done before. */
  readonly answers: readonly OpAnswer[];
  readonly unknown: Unknown | null;
  /** Of these nothing was written. */
  readonly left: Ops;

  constructor(ops: Ops, cause: unknown) {
    super('the database does not commit', { cause });
    const isUnknown = cause instanceof OutcomeUnknown;
    this.answers = [];
    this.unknown = isUnknown ? { ops, answers: cause.value as readonly OpAnswer[] } : null;
    this.left = isUnknown ? [] : ops;
  }

  /** The same, where it ended a row of operations. */
  static among(answers: readonly OpAnswer[], first: Interrupted, later: Ops): Interrupted {
    return Object.assign(new Interrupted([], first.cause), {
      answers: [...answers, ...first.answers],
      unknown: first.unknown,
      left: [...first.left, ...later],
    });
  }
}

/**
 * Runs a batch in one transaction, durable when this resolves. Refusals and errors of one operation touch no other: where one is surprised
 * in the middle of its writes, or the database refuses what was written, all is rolled back and run again, each operation by itself.
 * @throws Interrupted
 */
export async function runPgBatch(session: PgSession, books: PgBooks, ops: Ops): Promise<BatchResult> {
  try {
    return { answers: await retried(session, books, ops, () => performAll(books, ops), false), dead: false };
  } catch (error) {
    if (!isOwnFault(error)) return lost(ops, error);
  }
  try {
    return { answers: await retried(session, books, ops, () => performEach(books, ops, ENGINE), true), dead: false };
  } catch (error) {
    if (!isOwnFault(error)) return lost(ops, error);
  }
  return eachAlone(session, books, ops);
}

async function eachAlone(session: PgSession, books: PgBooks, ops: Ops): Promise<BatchResult> {
  const answers: OpAnswer[] = [];
  for (const [at, queued] of ops.entries()) {
    try {
      const result = await alone(session, books, queued);
      answers.push(...result.answers);
      if (result.dead) return lost(ops.slice(at + 1), new LaneLost('another writer owns the lane'), answers);
    } catch (error) {
      throw error instanceof Interrupted ? Interrupted.among(answers, error, ops.slice(at + 1)) : error;
    }
  }
  return { answers, dead: false };
}

/** One operation in a transaction of its own: what the database refuses is its fault. */
async function alone(session: PgSession, books: PgBooks, queued: QueuedOp<BatchOp>): Promise<BatchResult> {
  try {
    return { answers: await retried(session, books, [queued], () => performEach(books, [queued], ENGINE), true), dead: false };
  } catch (error) {
    if (!isOwnFault(error)) return lost([queued], error);
    const { id } = queued;
    if (isConstraintViolation(error)) return faulty(id, 'An id is used already.');
    if (error instanceof PgValueError) return faulty(id, error.message);
    return { answers: [{ id, fault: UNAVAILABLE }], dead: false };
  }
}

function faulty(id: number, message: string): BatchResult {
  return { answers: [{ id, fault: { code: 'INPUT_INVALID', message, facts: {} } }], dead: false };
}

async function retried<T>(session: PgSession, books: PgBooks, ops: Ops, body: () => T, isStrict: boolean): Promise<T> {
  for (let retries = 0; ; retries += 1) {
    try {
      return await transact(session, books, planOf(books, ops), isStrict, body);
    } catch (error) {
      if (retries === RETRIES_MAX || !(error instanceof PgError)) throw error;
      // The clock went on to a month that nobody had expected yet.
      if (isNoPartition(error)) await ensurePartitions(session, books.now).catch(interruptedBy(ops));
      else if (!COLLIDED.has(error.sqlstate)) throw error;
    }
  }
}

/** Of one operation, not of the database: something was not as the batch had thought, or is not what can be written. */
function isOwnFault(error: unknown): boolean {
  if (error instanceof LaneLost || error instanceof OutcomeUnknown || error instanceof Interrupted) return false;
  if (error instanceof PgError) return OWN_FAULTS.test(error.sqlstate);
  return !(error instanceof PgConnectionLost);
}

/** Whose lane is another's must stop: its calls were ended by others. */
function lost(ops: Ops, error: unknown, answers: readonly OpAnswer[] = []): BatchResult {
  if (error instanceof LaneLost) return { answers: [...answers, ...ops.map(({ id }) => ({ id, fault: UNAVAILABLE }))], dead: true };
  throw error instanceof Interrupted ? error : new Interrupted(ops, error);
}

function interruptedBy(ops: Ops): (error: unknown) => never {
  return (error) => {
    throw new Interrupted(ops, error);
  };
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
