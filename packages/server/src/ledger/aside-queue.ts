import type { AsideOp, BatchOp, QueuedOp } from './protocol.ts';

/** One run takes no more than this many operations or, once it has so many bytes, no further one: what moves money waits behind it. */
const RUN_OPS_MAX = 16;
const RUN_BYTES_MAX = 1_048_576;

/** What moves no money, in the order in which it was asked: it waits between the batches. */
export class AsideQueue {
  #queued: QueuedOp<AsideOp>[] = [];

  get isEmpty(): boolean {
    return this.#queued.length === 0;
  }

  /** Takes what is not for a batch. @returns the rest. */
  take(ops: readonly QueuedOp[]): readonly QueuedOp<BatchOp>[] {
    this.#queued.push(...ops.filter(isAside));
    return ops.filter(isForBatch);
  }

  /** What one run performs; it is no longer queued. */
  next(): readonly QueuedOp<AsideOp>[] {
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
  return queued.op.kind === 'keepReplay' || queued.op.kind === 'dropReplays' || queued.op.kind === 'removeRows';
}

function isForBatch(queued: QueuedOp): queued is QueuedOp<BatchOp> {
  return !isAside(queued);
}
