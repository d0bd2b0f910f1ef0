import type { OpAnswer, QueuedOp, WriterReply } from './protocol.ts';
import type { SendPermit } from './types.ts';

/** How the hub reaches a process that asks. */
export type Asker = {
  reply(reply: WriterReply): void;
  /** It has a hold; comes before the answer that says so. */
  created(permit: SendPermit): void;
  /** The writer has ended: nothing more will be answered. */
  ended(): void;
};

/** One process that asks, as the hub knows it. */
export class AskerLine {
  /** For the log. */
  readonly name: string;
  readonly asker: Asker;
  /** Asked, and not passed on yet. */
  queue: QueuedOp[] = [];
  /** The same, in no hurry. */
  later: QueuedOp[] = [];
  /** Asked, and not answered yet. */
  waiting = 0;
  /** The holds that it was given and has not settled. */
  readonly holds = new Set<string>();
  /** The sources that it has seen overrun and whose freeze is not in the books yet. */
  readonly suspended = new Set<string>();
  /** It asks no more, and waits to be told that all is answered. */
  isClosing = false;
  isGone = false;

  constructor(name: string, asker: Asker) {
    this.name = name;
    this.asker = asker;
  }

  answer(answers: readonly OpAnswer[]): void {
    if (answers.length > 0 && !this.isGone) this.asker.reply({ kind: 'answers', answers });
  }

  /** What was in no hurry goes on with the next message. */
  hurry(): void {
    this.queue.push(...this.later);
    this.later = [];
  }

  /** Nobody is there to be given a hold. What else it asked is done all the same: a settlement tells what became of a call. */
  dropHolds(): number {
    const before = this.queue.length;
    this.queue = this.queue.filter(({ op }) => op.kind !== 'hold');
    this.waiting -= before - this.queue.length;
    return before - this.queue.length;
  }
}
