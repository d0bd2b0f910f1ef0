import type { Books } from './books.ts';
import { dropReplays, keepReplay } from './ops/replays.ts';
import type { AsideOp, Op, OpAnswer, QueuedOp } from './protocol.ts';
import { transaction, UNAVAILABLE } from './writer.ts';

type QueuedAside = { readonly id: number; readonly op: AsideOp };

/** One run takes no more than this many operations or, once it has so many bytes, no further one: what moves money waits behind it. */
const RUN_OPS_MAX = 16;
const RUN_BYTES_MAX = 1_048_576;

/**
 * What moves no money and may be lost: it has transactions of its own, between the batches, so that nothing that goes wrong with it touches
 * one, and it never waits for the disk. In WAL mode a commit that is not synced survives the process; after a power cut it may be gone, with
 * all that came after it, but the next batch's commit syncs both (https://www.sqlite.org/pragma.html#pragma_synchronous).
 */
export class Aside {
  readonly #books: Books;
  #queued: QueuedAside[] = [];

  constructor(books: Books) {
    this.#books = books;
  }

  get isEmpty(): boolean {
    return this.#queued.length === 0;
  }

  /** Takes what is not for a batch. @returns the rest. */
  take(ops: readonly QueuedOp[]): readonly QueuedOp[] {
    const aside = ops.filter(isAside);
    if (aside.length === 0) return ops;
    this.#queued.push(...aside);
    return ops.filter((queued) => !isAside(queued));
  }

  /** Performs some of what is queued. Where it cannot be done it is given up, and told so. @throws where the next batch would not be durable. */
  run(): readonly OpAnswer[] {
    const ops = this.#some();
    if (ops.length === 0) return [];
    const { db } = this.#books;
    db.exec('PRAGMA synchronous = NORMAL');
    try {
      return transaction(this.#books, () => ops.map(({ id, op }) => ({ id, value: perform(this.#books, op) })));
    } catch {
      return ops.map(({ id }) => ({ id, fault: UNAVAILABLE }));
    } finally {
      db.exec('PRAGMA synchronous = FULL');
      const now = db.prepare('PRAGMA synchronous').get() as { synchronous: bigint };
      if (now.synchronous !== 2n) throw new Error('commits are no longer synced');
    }
  }

  #some(): readonly QueuedAside[] {
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

function isAside(queued: QueuedOp): queued is QueuedAside {
  return queued.op.kind === 'keepReplay' || queued.op.kind === 'dropReplays';
}

function perform(books: Books, op: AsideOp): unknown {
  return op.kind === 'keepReplay' ? keepReplay(books, op.body) : dropReplays(books);
}
