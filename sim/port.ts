import type { SqliteBooks } from '../packages/server/src/ledger/books.ts';
import type { WriterPort } from '../packages/server/src/ledger/channel.ts';
import type { BatchResult } from '../packages/server/src/ledger/perform.ts';
import type { BatchOp, OpAnswer, QueuedOp, WriterMessage, WriterReply } from '../packages/server/src/ledger/protocol.ts';
import { sqliteTurns } from '../packages/server/src/ledger/sqlite-turns.ts';
import { type TurnEngine, Turns } from '../packages/server/src/ledger/turns.ts';
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
 * The writer's thread, in this one: messages take time, so do commits, and what is asked meanwhile is the next batch. How it collects its
 * batches, and what it does with one, is the product's own code.
 */
export class SimPort implements WriterPort {
  readonly #scheduler: Scheduler;
  readonly #dice: Dice;
  readonly #events: PortEvents;
  readonly #turns: Turns;
  readonly #listeners = new Map<string, Listener[]>();
  readonly #inbox: WriterMessage[] = [];
  #isWoken = false;
  #isDead = false;
  isClosed = false;

  constructor(books: SqliteBooks, scheduler: Scheduler, dice: Dice, events: PortEvents) {
    this.#scheduler = scheduler;
    this.#dice = dice;
    this.#events = events;
    this.#turns = new Turns(this.#slowed(sqliteTurns(books, () => {})), {
      take: () => this.#inbox.shift(),
      reply: (reply) => this.#reply(reply),
    });
  }

  on(event: string, listener: Listener): this {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
    return this;
  }

  postMessage(message: WriterMessage): void {
    if (this.#isDead) return;
    this.#inbox.push(message);
    this.#wake();
  }

  /** The process, and the thread with it. */
  die(): void {
    this.#isDead = true;
  }

  #wake(): void {
    if (this.#isWoken) return;
    this.#isWoken = true;
    this.#scheduler.after(this.#dice.between(0.01, 0.2), () => {
      this.#turns.start(this.#inbox.shift()).then(
        () => {
          this.#isWoken = false;
          if (this.#inbox.length > 0) this.#wake();
        },
        () => this.#fail(),
      );
    });
  }

  /** The engine, with the time that a disk takes. Where the process dies in the middle, what was awaited never comes. */
  #slowed(engine: TurnEngine): TurnEngine {
    return {
      ...engine,
      batch: async (ops, now) => {
        await this.#pause(this.#dice.between(0.3, 0.5));
        let dead = false;
        const answers = this.#events.batch(ops, () => {
          const result = engine.batch(ops, now) as BatchResult;
          dead = result.dead;
          return result;
        });
        if (answers === null) return new Promise<never>(() => {});
        await this.#pause(answers.length === 0 ? 0.01 : this.#commitMs());
        return { answers, dead };
      },
      get hasAside() {
        return engine.hasAside;
      },
      aside: async () => {
        const late = engine.aside() as readonly OpAnswer[];
        this.#events.aside();
        await this.#pause(this.#dice.between(0.01, 0.3));
        return late;
      },
      close: () => {
        this.#isDead = true;
        this.isClosed = true;
      },
    };
  }

  /** The scheduler forgets what a process that has died was waiting for. */
  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#scheduler.after(ms, () => {
        if (!this.#isDead) resolve();
      });
    });
  }

  /** Mostly what a disk takes; now and then as long as it is seen to stall. */
  #commitMs(): number {
    const how = this.#dice.weighted({ quick: 95, slow: 4, stalled: 1 });
    if (how === 'quick') return this.#dice.between(0.05, 3);
    return how === 'slow' ? this.#dice.between(5, 50) : this.#dice.between(500, 3_000);
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
