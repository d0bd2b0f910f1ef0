import type { PgSession } from '#ground/postgres-session';
import { UNAVAILABLE } from '../perform.ts';
import { type BatchOp, type Fault, NO_HASH, type OpAnswer, type QueuedOp, type Settlement } from '../protocol.ts';
import type { HoldResult } from '../types.ts';
import { type Interrupted, type Ops, runPgBatch, type Unknown } from './batch.ts';
import { LostForGood } from './connect.ts';
import type { PgBooks } from './pg-books.ts';
import { remember } from './transact.ts';

const AT_A_TIME = 256;

/** What is told of a commit that may be there. */
const NOT_KNOWN: Fault = {
  ...UNAVAILABLE,
  message: 'The database went away in the middle of a commit: whether this was written is not known. A hold that was is released.',
};

/**
 * What waits for the database to come back. What begins a call is refused at once. What ends one, or keeps a source out of use, is not given
 * up: it waits, and so does the answer to the question whether the last commit is there.
 */
export class Backlog {
  readonly #books: PgBooks;
  readonly #emit: (answers: readonly OpAnswer[]) => void;
  #waiting: QueuedOp<BatchOp>[] = [];
  #unknown: Unknown | null = null;

  /** @param emit answers that come outside of a turn. */
  constructor(books: PgBooks, emit: (answers: readonly OpAnswer[]) => void) {
    this.#books = books;
    this.#emit = (answers) => emit(answers.filter(({ id }) => id > 0));
  }

  /** Nothing of these was written. @returns the refusals. */
  keep(ops: Ops): readonly OpAnswer[] {
    this.#waiting.push(...ops.filter(mayWait));
    return refused(ops.filter(mayNot), UNAVAILABLE);
  }

  /** @returns what can be told at once. */
  interrupted({ answers, unknown, left }: Interrupted): readonly OpAnswer[] {
    if (unknown !== null) this.#unknown = unknown;
    return [...answers, ...refused((unknown?.ops ?? []).filter(mayNot), NOT_KNOWN), ...this.keep(left)];
  }

  /** A commit of the writer's own, that nobody waits for, may be there or not. */
  interruptedByItself(): void {
    this.#unknown = { ops: [], answers: [] };
  }

  /**
   * The old session is over.
   * @param batches how many the lane has committed.
   */
  resolve(batches: bigint): void {
    const [books, unknown] = [this.#books, this.#unknown];
    const isThere = batches === books.batches + 1n;
    if (batches !== books.batches && (unknown === null || !isThere))
      throw new LostForGood('somebody else has written in the name of this process');
    this.#unknown = null;
    if (unknown !== null && isThere) this.#confirm(unknown);
    else if (unknown !== null) this.#takeBack(unknown);
    // A server that crashed may give out again what it had given out just before: numbers of holds are asked anew.
    Object.assign(books, { nextHoldNo: 0n, holdNumbersEnd: 0n });
  }

  /** Does what has waited. @throws Interrupted, with what was taken up in it */
  async run(session: PgSession): Promise<void> {
    while (this.#waiting.length > 0) {
      const { answers, dead } = await runPgBatch(session, this.#books, this.#waiting.splice(0, AT_A_TIME));
      this.#emit(answers);
      if (dead) throw new LostForGood('another process has taken over the lane');
    }
  }

  /** Nothing of it will be done by this process any more. */
  abandon(): void {
    this.#emit(refused([...this.#waiting.splice(0), ...(this.#unknown?.ops.filter(mayWait) ?? [])], UNAVAILABLE));
  }

  /** The commit is not there, and never will be: what began calls was refused already, what ended them is done again. */
  #takeBack({ ops }: Unknown): void {
    this.#books.journal.rollbackTo(0);
    this.#waiting.unshift(...ops.filter(mayWait));
  }

  /** The commit is there. Holds in it were refused to their callers, so nothing was sent on them: they are released. */
  #confirm({ ops, answers }: Unknown): void {
    const books = this.#books;
    books.journal.commit();
    books.batches += 1n;
    remember(books);
    const waited = new Set(ops.filter(mayWait).map(({ id }) => id));
    this.#emit(answers.filter(({ id }) => waited.has(id)));
    for (const { id, value } of answers) {
      const created = value as HoldResult | undefined;
      if (waited.has(id) || created?.result !== 'created') continue;
      this.#waiting.unshift({ id: -id, op: { kind: 'settle', body: unsent(created.permit.holdId, books.now) } });
    }
  }
}

/** What ends a call, or keeps a source out of use, is not given up because the database is away. */
function mayWait({ op }: QueuedOp<BatchOp>): boolean {
  return op.kind === 'settle' || (op.kind === 'setState' && op.body.state === 'frozen');
}

function mayNot(queued: QueuedOp<BatchOp>): boolean {
  return !mayWait(queued);
}

function refused(ops: Ops, fault: Fault): readonly OpAnswer[] {
  return ops.filter(({ id }) => id > 0).map(({ id }) => ({ id, fault }));
}

function unsent(holdId: string, now: number): Settlement {
  const nothing = { tokens: 0n, credits: 0n, amount: 0n, linesText: '[]', responseHash: NO_HASH, attestationHash: NO_HASH };
  return { holdId, outcome: 'released', endedAt: now, detail: { reason: 'the ledger was away when the call was to begin' }, ...nothing };
}
