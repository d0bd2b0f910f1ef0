import type { SqlRow } from '#ground/database';
import type { Books, SqliteBooks } from './books.ts';
import { dropReplays, keepReplay } from './ops/replays.ts';
import { UNAVAILABLE } from './perform.ts';
import type { AsideOp, BatchOp, OpAnswer, QueuedOp } from './protocol.ts';
import { transaction } from './writer.ts';

/** One run takes no more than this many operations or, once it has so many bytes, no further one: what moves money waits behind it. */
const RUN_OPS_MAX = 16;
const RUN_BYTES_MAX = 1_048_576;

/**
 * What moves no money and may be lost: it has transactions of its own, between the batches, so that nothing that goes wrong with it touches
 * one, and it never waits for the disk. In WAL mode a commit that is not synced survives the process; after a power cut it may be gone, with
 * all that came after it, but the next batch's commit syncs both (https://www.sqlite.org/pragma.html#pragma_synchronous).
 */
export class Aside {
  readonly #books: SqliteBooks;
  #queued: QueuedOp<AsideOp>[] = [];

  constructor(books: SqliteBooks) {
    this.#books = books;
  }

  get isEmpty(): boolean {
    return this.#queued.length === 0;
  }

  /** Takes what is not for a batch. @returns the rest. */
  take(ops: readonly QueuedOp[]): readonly QueuedOp<BatchOp>[] {
    this.#queued.push(...ops.filter(isAside));
    return ops.filter(isForBatch);
  }

  /** Performs some of what is queued. What cannot be done is given up. @throws where the next batch would not be durable. */
  run(): readonly OpAnswer[] {
    const ops = this.#some();
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

  #some(): readonly QueuedOp<AsideOp>[] {
    let bytes = 0;
    let count = 0;
    for (const { op } of this.#queued) {
      if (count === RUN_OPS_MAX || bytes >= RUN_BYTES_MAX) break;
      count += 1;
      bytes += op.kind === 'keepReplay' ? op.body.sealed.length : 0;
    }
    return this.#queued.splice(0, count);
  }
}

function isAside(queued: QueuedOp): queued is QueuedOp<AsideOp> {
  return queued.op.kind === 'keepReplay' || queued.op.kind === 'dropReplays';
}

function isForBatch(queued: QueuedOp): queued is QueuedOp<BatchOp> {
  return !isAside(queued);
}

function perform(books: Books, op: AsideOp): unknown {
  return op.kind === 'keepReplay' ? keepReplay(books, op.body) : dropReplays(books);
}
