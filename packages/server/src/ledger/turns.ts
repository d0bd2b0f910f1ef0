import { LIMITS } from './limits.ts';
import type { BatchResult } from './perform.ts';
import type { BatchOp, OpAnswer, QueuedOp, WriterMessage, WriterReply } from './protocol.ts';

/** The writer's side of its channel. */
export type TurnPort = {
  /** A message that has come since; undefined where there is none. */
  take(): WriterMessage | undefined;
  reply(message: WriterReply): void;
};

type Asking = Exclude<WriterMessage, { readonly close: true }>;

/** What an engine does with what was collected. */
export type TurnEngine = {
  /** Wall time at the asking side, and the same less what its clock jumped forward by, Unix ms: also where nothing of it is for a batch. */
  seeTime(now: number, grantNow: number): void;
  /** Takes what is not for a batch. @returns the rest. */
  sortOut(ops: readonly QueuedOp[]): readonly QueuedOp<BatchOp>[];
  batch(ops: readonly QueuedOp<BatchOp>[], now: number): BatchResult | Promise<BatchResult>;
  /** Whether something waits that is not for a batch. */
  readonly hasAside: boolean;
  /** Performs some of it. */
  aside(): readonly OpAnswer[] | Promise<readonly OpAnswer[]>;
  /** Ends the epoch and lets the books go. */
  close(): void | Promise<void>;
};

/**
 * The turns of the one writer. It collects by itself: what is asked while a commit runs waits, and is the next batch. One short run of what
 * moves no money comes after each batch: what waits for a batch waits for no more than that.
 */
export class Turns {
  readonly #engine: TurnEngine;
  readonly #port: TurnPort;
  #isRunning = false;
  #isClosed = false;

  constructor(engine: TurnEngine, port: TurnPort) {
    this.#engine = engine;
    this.#port = port;
  }

  /** A message has come. Does nothing while turns are being taken: they take it themselves. @throws where the engine failed as a whole. */
  async start(first: WriterMessage | undefined): Promise<void> {
    if (this.#isRunning || this.#isClosed) throw new Error('a message came past the turns that are being taken');
    this.#isRunning = true;
    let message = first;
    while (message !== undefined || this.#engine.hasAside) {
      if (message !== undefined && 'close' in message) {
        await this.#close();
        return;
      }
      let next: WriterMessage | undefined;
      if (message !== undefined) next = await this.#batch(message);
      await this.#aside();
      message = next ?? this.#port.take();
    }
    this.#isRunning = false;
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** The last message has been answered. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  async #batch(first: Asking): Promise<WriterMessage | undefined> {
    const { ops, now, grantNow, next } = this.#collect(first);
    this.#engine.seeTime(now, grantNow);
    const forBatch = this.#engine.sortOut(ops);
    if (forBatch.length === 0) return next;
    const result = this.#engine.batch(forBatch, now);
    const { answers, dead } = result instanceof Promise ? await result : result;
    if (answers.length > 0) this.#port.reply({ kind: 'answers', answers });
    if (dead) throw new Error('the ledger engine failed');
    return next;
  }

  async #aside(): Promise<void> {
    if (!this.#engine.hasAside) return;
    const answers = await this.#engine.aside();
    if (answers.length > 0) this.#port.reply({ kind: 'answers', answers });
  }

  /** Takes what else is waiting, up to one batch. A message that does not fit, or the close, is `next`. */
  #collect(first: Asking): Asking & { readonly next: WriterMessage | undefined } {
    let { ops, now, grantNow } = first;
    let next = this.#port.take();
    while (next !== undefined && !('close' in next) && ops.length + next.ops.length <= LIMITS.batchMax) {
      ops = [...ops, ...next.ops];
      now = Math.max(now, next.now);
      grantNow = next.grantNow;
      next = this.#port.take();
    }
    return { ops, now, grantNow, next };
  }

  async #close(): Promise<void> {
    while (this.#engine.hasAside) await this.#aside();
    this.#isClosed = true;
    await this.#engine.close();
    this.#port.reply({ kind: 'closed' });
  }
}
