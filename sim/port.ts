import { Aside } from '../packages/server/src/ledger/aside.ts';
import type { SqliteBooks } from '../packages/server/src/ledger/books.ts';
import type { WriterPort } from '../packages/server/src/ledger/channel.ts';
import { LIMITS } from '../packages/server/src/ledger/limits.ts';
import type { BatchOp, OpAnswer, QueuedOp, WriterMessage, WriterReply } from '../packages/server/src/ledger/protocol.ts';
import { runBatch } from '../packages/server/src/ledger/writer.ts';
import type { Dice } from './dice.ts';
import type { Scheduler } from './scheduler.ts';

export type PortEvents = {
  /** A place where the process may die. @returns whether it did. */
  point(name: string): boolean;
  /** Runs `body`, one batch of the writer; it may be told that the process dies within. @returns null where it did. */
  batch(ops: readonly QueuedOp<BatchOp>[], body: () => { answers: readonly OpAnswer[]; dead: boolean }): readonly OpAnswer[] | null;
  /** What moves no money has run, on a connection that did not sync. */
  aside(): void;
};

type Listener = (value: never) => void;

/**
 * The writer's thread, in this one: messages take time, so do commits, and what is asked meanwhile is the next batch. What it does with a
 * batch is the product's own code; how it collects one is that of `writer.worker.ts`.
 */
export class SimPort implements WriterPort {
  readonly #books: SqliteBooks;
  readonly #aside: Aside;
  readonly #scheduler: Scheduler;
  readonly #dice: Dice;
  readonly #events: PortEvents;
  readonly #listeners = new Map<string, Listener[]>();
  readonly #inbox: WriterMessage[] = [];
  #isBusy = false;
  #isDead = false;
  isClosed = false;

  constructor(books: SqliteBooks, scheduler: Scheduler, dice: Dice, events: PortEvents) {
    this.#books = books;
    this.#aside = new Aside(books);
    this.#scheduler = scheduler;
    this.#dice = dice;
    this.#events = events;
  }

  on(event: string, listener: Listener): this {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
    return this;
  }

  postMessage(message: WriterMessage): void {
    if (this.#isDead) return;
    this.#inbox.push(message);
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.#scheduler.after(this.#dice.between(0.01, 0.2), () => this.#turn());
  }

  /** The process, and the thread with it. */
  die(): void {
    this.#isDead = true;
  }

  #turn(): void {
    const first = this.#inbox.shift();
    if (first === undefined && this.#aside.isEmpty) {
      this.#isBusy = false;
      return;
    }
    if (first !== undefined && 'close' in first) {
      this.#close();
      return;
    }
    const answers = first === undefined ? [] : this.#batch(first.ops, first.now);
    if (answers === null || this.#isDead) return;
    const ms = answers.length === 0 ? 0.01 : this.#commitMs();
    this.#scheduler.after(ms, () => {
      if (answers.length > 0) this.#reply({ kind: 'answers', answers });
      if (this.#isDead) return;
      const late = this.#aside.run();
      if (late.length > 0) {
        this.#events.aside();
        this.#scheduler.after(this.#dice.between(0.01, 0.3), () => this.#reply({ kind: 'answers', answers: late }));
      }
      this.#scheduler.after(this.#dice.between(0.3, 0.5), () => this.#turn());
    });
  }

  #batch(first: readonly QueuedOp[], firstNow: number): readonly OpAnswer[] | null {
    const { ops, now } = this.#collect(first, firstNow);
    this.#books.now = Math.max(this.#books.now, now);
    const forBatch = this.#aside.take(ops);
    if (forBatch.length === 0) return [];
    return this.#events.batch(forBatch, () => {
      const { answers, dead } = runBatch(this.#books, forBatch, now);
      if (dead) this.#scheduler.after(0.1, () => this.#fail());
      return { answers, dead };
    });
  }

  #collect(first: readonly QueuedOp[], firstNow: number): { ops: readonly QueuedOp[]; now: number } {
    let ops = first;
    let now = firstNow;
    for (let next = this.#inbox[0]; next !== undefined && !('close' in next); next = this.#inbox[0]) {
      if (ops.length + next.ops.length > LIMITS.batchMax) break;
      ops = [...ops, ...next.ops];
      now = Math.max(now, next.now);
      this.#inbox.shift();
    }
    return { ops, now };
  }

  /** Mostly what a disk takes; now and then as long as it is seen to stall. */
  #commitMs(): number {
    const how = this.#dice.weighted({ quick: 95, slow: 4, stalled: 1 });
    if (how === 'quick') return this.#dice.between(0.05, 3);
    return how === 'slow' ? this.#dice.between(5, 50) : this.#dice.between(500, 3_000);
  }

  #close(): void {
    while (!this.#aside.isEmpty) this.#aside.run();
    this.#isDead = true;
    this.isClosed = true;
    this.#reply({ kind: 'closed' });
  }

  #fail(): void {
    this.#isDead = true;
    for (const listener of this.#listeners.get('error') ?? []) listener(new Error('the ledger engine failed') as never);
  }

  #reply(reply: WriterReply): void {
    if (reply.kind === 'answers' && (this.#isDead || this.#events.point('answers'))) return;
    for (const listener of this.#listeners.get('message') ?? []) listener(reply as never);
  }
}
