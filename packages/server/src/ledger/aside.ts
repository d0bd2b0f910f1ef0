import type { SqlRow } from '#ground/database';
import { AsideQueue } from './aside-queue.ts';
import type { Books, SqliteBooks } from './books.ts';
import { removeRows } from './ops/archive.ts';
import { dropReplays, keepReplay } from './ops/replays.ts';
import { UNAVAILABLE } from './perform.ts';
import type { AsideOp, BatchOp, OpAnswer, QueuedOp } from './protocol.ts';
import { transaction } from './writer.ts';

/**
 * What moves no money and may be lost: it has transactions of its own, between the batches, so that nothing that goes wrong with it touches
 * one, and it never waits for the disk. In WAL mode a commit that is not synced survives the process; after a power cut it may be gone, with
 * all that came after it, but the next batch's commit syncs both (https://www.sqlite.org/pragma.html#pragma_synchronous).
 */
export class Aside {
  readonly #books: SqliteBooks;
  readonly #queue = new AsideQueue();

  constructor(books: SqliteBooks) {
    this.#books = books;
  }

  get isEmpty(): boolean {
    return this.#queue.isEmpty;
  }

  /** Takes what is not for a batch. @returns the rest. */
  take(ops: readonly QueuedOp[]): readonly QueuedOp<BatchOp>[] {
    return this.#queue.take(ops);
  }

  /** Performs some of what is queued. What cannot be done is given up. @throws where the next batch would not be durable. */
  run(): readonly OpAnswer[] {
    const ops = this.#queue.next();
    if (ops.length === 0) return [];
    this.#sync('NORMAL', 1n);
    const answers = this.#perform(ops);
    this.#sync('FULL', 2n);
    return answers;
  }

  #perform(ops: readonly QueuedOp<AsideOp>[]): readonly OpAnswer[] {
    try {
      return transaction(this.#books, () => ops.map(({ id, op }) => ({ id, value: perform(this.#books, op) })));
    } catch {
      return ops.map(({ id }) => ({ id, fault: UNAVAILABLE }));
    }
  }

  #sync(mode: 'NORMAL' | 'FULL', expected: bigint): void {
    const { db } = this.#books;
    db.exec(`PRAGMA synchronous = ${mode}`);
    const { synchronous } = db.prepare('PRAGMA synchronous').get() as SqlRow;
    if (synchronous !== expected) throw new Error(`commits are not synced as they should be: ${mode}`);
  }
}

function perform(books: Books, op: AsideOp): unknown {
  if (op.kind === 'removeRows') return removeRows(books, op.body);
  return op.kind === 'keepReplay' ? keepReplay(books, op.body) : dropReplays(books);
}
