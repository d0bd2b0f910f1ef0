import { setTimeout as sleep } from 'node:timers/promises';
import { TallyError } from '@tallystick/core';
import { PgConnectionLost, PgError } from '#ground/postgres-errors';
import type { PgSession } from '#ground/postgres-session';
import type { BatchResult } from '../perform.ts';
import type { OpAnswer, QueuedOp, Recovery, Trouble } from '../protocol.ts';
import type { TurnEngine } from '../turns.ts';
import { PgAside } from './aside.ts';
import { Backlog } from './backlog.ts';
import { Interrupted, type Ops, runPgBatch } from './batch.ts';
import { bootPg, type PgBooted, type PgOptions, type Server } from './boot.ts';
import { type Connecting, connect, LostForGood, NotYet, reasonOf, safely } from './connect.ts';
import { retakeLane } from './lanes.ts';
import { Neighbours } from './neighbours.ts';
import type { PgBooks } from './pg-books.ts';
import { auditAccounts } from './recovery.ts';
import { answerRollCall } from './roll-call.ts';
import { burnSome, otherEpochs } from './sweep.ts';
import { OutcomeUnknown } from './transact.ts';
import { giveUp } from './went-back.ts';

export type PgWriterOptions = PgOptions &
  Connecting & {
    /** Monotonic ms. */
    readonly monotonicMs: () => number;
    /** Answers that come outside of a turn: of what waited for the database to come back. */
    readonly emit: (answers: readonly OpAnswer[]) => void;
    readonly tell: (trouble: Trouble) => void;
    /** The books are lost to this process. */
    readonly die: (error: Error) => void;
  };

/** What may be otherwise at the next try. */
const PASSING = [PgConnectionLost, PgError, TallyError, OutcomeUnknown, NotYet];

/**
 * The writer of one host. Batches go through one session, whose lane's lock shows that this epoch lives. Where the session is lost, holds
 * are refused at once, what ends a call waits, and a new session finds out whether the last commit is there before anything else is done.
 */
export class PgWriter implements TurnEngine {
  readonly #options: PgWriterOptions;
  readonly #books: PgBooks;
  readonly #aside: PgAside;
  readonly #backlog: Backlog;
  readonly #neighbours: Neighbours;
  readonly #server: Server;
  #session: PgSession | null;
  #isClosing = false;
  #trying: PgSession | null = null;
  #reconnecting: Promise<void> = Promise.resolve();
  readonly laneIndex: number;

  constructor(options: PgWriterOptions, { books, server, laneIndex }: PgBooted, session: PgSession) {
    const { emit, monotonicMs, timing } = options;
    this.#options = options;
    this.#books = books;
    this.#server = server;
    this.laneIndex = laneIndex;
    this.#aside = new PgAside(books);
    this.#backlog = new Backlog(books, emit);
    this.#neighbours = new Neighbours(books, { ...timing, monotonicMs });
    this.#session = session;
    this.#watch(session);
  }

  /** Opens the books, and ends what the lane's earlier epochs left open. */
  static async open(options: PgWriterOptions): Promise<{ writer: PgWriter; recovery: Recovery; epoch: string }> {
    const session = await connect(options);
    try {
      const booted = await bootPg(session, options);
      const { books, server, leavesDoubt } = booted;
      const tampered = await auditAccounts(session, books);
      await answerRollCall(session, books, { server, isMissing: leavesDoubt, waitMs: options.timing.rollCallMs });
      let burned = 0;
      for (const dead of await otherEpochs(session, books)) {
        if (dead.laneId !== books.laneId) continue;
        for (let some = -1; some !== 0; burned += some) some = (await burnSome(session, books, dead)) ?? 0;
      }
      return { writer: new PgWriter(options, booted, session), recovery: { tampered, burned }, epoch: books.epoch };
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  seeTime(now: number, grantNow: number): void {
    this.#books.now = Math.max(this.#books.now, now);
    this.#books.grantNow = grantNow;
  }

  sortOut(ops: readonly QueuedOp[]): Ops {
    return this.#aside.queue.take(ops);
  }

  /** What is looked after now and then is done here too: no batch's answer waits for it. */
  get hasAside(): boolean {
    return !this.#aside.queue.isEmpty || (this.#session !== null && this.#neighbours.isDue);
  }

  async aside(): Promise<readonly OpAnswer[]> {
    const session = this.#session;
    if (session !== null && this.#neighbours.isDue) await this.#lookAround(session);
    return this.#aside.run(this.#session);
  }

  async batch(ops: Ops): Promise<BatchResult> {
    const session = this.#session;
    if (session === null) return { answers: this.#backlog.keep(ops), dead: false };
    try {
      const result = await runPgBatch(session, this.#books, ops);
      if (result.dead) this.#options.tell({ state: 'ended', reason: 'another process has taken over the lane' });
      return result;
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      const answers = this.#backlog.interrupted(error);
      // Whatever it is that keeps it from committing, a new session begins without it.
      this.#lost(session, error.cause);
      return { answers, dead: false };
    }
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    await Promise.race([this.#reconnecting, sleep(this.#options.timing.closingMs, undefined, { ref: false })]);
    this.#trying?.cut('closing');
    await this.#reconnecting;
    this.#backlog.abandon();
    const session = this.#session;
    this.#session = null;
    if (session === null) return;
    const { now, epoch } = this.#books;
    await session.query('UPDATE epochs SET ended_at = $1 WHERE epoch_id = $2', [now, epoch]).catch(() => {});
    await session.close();
  }

  async #lookAround(session: PgSession): Promise<void> {
    try {
      await this.#neighbours.step(session);
    } catch (error) {
      if (error instanceof OutcomeUnknown) this.#backlog.interruptedByItself();
      this.#lost(session, error);
    }
  }

  #watch(session: PgSession): void {
    void session.ended.then((why) => this.#lost(session, why));
  }

  #lost(session: PgSession, why: unknown): void {
    if (this.#session !== session) return;
    this.#session = null;
    void session.close().catch(() => {});
    if (!this.#isClosing) this.#reconnecting = this.#reconnect([session.pid], reasonOf(why)).catch((error) => this.#end(error as Error));
  }

  #end(error: Error): void {
    this.#options.tell({ state: 'ended', reason: reasonOf(error) });
    this.#options.die(error);
  }

  async #reconnect(oldPids: number[], firstReason: string): Promise<void> {
    const { reconnectMs, reconnectMaxMs } = this.#options.timing;
    let told = '';
    const tell = (reason: string) => {
      if (reason !== told) this.#options.tell({ state: 'away', reason });
      told = reason;
    };
    for (let [pause, reason] = [reconnectMs, firstReason]; !this.#isClosing; pause = Math.min(pause * 2, reconnectMaxMs)) {
      tell(reason);
      await sleep(pause);
      const missed = await this.#tryAgain(oldPids);
      if (missed === null) {
        this.#options.tell({ state: 'back', reason: '' });
        return;
      }
      reason = reasonOf(missed);
    }
  }

  /**
   * @param oldPids backends of this writer's sessions so far, since it was away.
   * @returns why it was in vain; null where there is a session again.
   * @throws what makes it vain for ever.
   */
  async #tryAgain(oldPids: number[]): Promise<unknown> {
    try {
      this.#trying = await connect(this.#options);
      await this.#resume(this.#trying, oldPids);
      this.#trying = null;
      return null;
    } catch (error) {
      if (this.#trying !== null) oldPids.push(this.#trying.pid);
      if (error instanceof Interrupted) this.#options.emit(this.#backlog.interrupted(error));
      if (error instanceof OutcomeUnknown) this.#backlog.interruptedByItself();
      await this.#trying?.close().catch(() => {});
      this.#trying = null;
      const why = error instanceof Interrupted ? error.cause : error;
      if (PASSING.some((kind) => why instanceof kind)) return why;
      throw why;
    }
  }

  /** Takes the lane again, finds out about the last commit, and does what has waited. Only then are new batches taken. */
  async #resume(session: PgSession, oldPids: readonly number[]): Promise<void> {
    const [books, options] = [this.#books, this.#options];
    const server = await safely(session);
    if (server.systemId !== this.#server.systemId) throw new LostForGood('the database is another one than before');
    const batches = await retakeLane(session, books, oldPids, options.timing.laneWaitMs);
    if (batches === null || batches < books.batches) await giveUp(session, books, options, server, batches !== null);
    else this.#backlog.resolve(batches);
    await answerRollCall(session, books, { server, isMissing: false, waitMs: options.timing.rollCallMs });
    await this.#backlog.run(session);
    this.#neighbours.forget();
    this.#session = session;
    this.#watch(session);
  }
}
