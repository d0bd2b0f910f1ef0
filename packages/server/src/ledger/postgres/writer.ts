import { setTimeout as sleep } from 'node:timers/promises';
import { connectPostgres } from '#ground/postgres';
import { isDown } from '#ground/postgres-errors';
import { tryAdvisoryLock } from '#ground/postgres-lock';
import { checkSafety } from '#ground/postgres-safety';
import type { PgSession } from '#ground/postgres-session';
import type { BatchResult } from '../perform.ts';
import { UNAVAILABLE } from '../perform.ts';
import { type BatchOp, NO_HASH, type OpAnswer, type QueuedOp, type Recovery, type Settlement } from '../protocol.ts';
import type { TurnEngine } from '../turns.ts';
import type { HoldResult } from '../types.ts';
import { PgAside } from './aside.ts';
import { runPgBatch } from './batch.ts';
import { bootPg, type PgOptions, type Server } from './boot.ts';
import { laneLock } from './locks.ts';
import { ensurePartitions } from './partitions.ts';
import type { PgBooks } from './pg-books.ts';
import { auditAccounts } from './recovery.ts';
import { CONNECT } from './settings.ts';
import { burnEpoch, type Dead, otherEpochs } from './sweep.ts';
import { OutcomeUnknown, remember } from './transact.ts';

export type PgWriterOptions = PgOptions & {
  /** Secret: it may have a password in it. */
  readonly url: string;
  /** Monotonic ms. */
  readonly monotonicMs: () => number;
  /** Answers that come outside of a turn: of what waited for the database to come back. */
  readonly emit: (answers: readonly OpAnswer[]) => void;
  /** The books are lost to this process. */
  readonly die: (error: Error) => void;
};

/** Before the first try, and at most. */
const RECONNECT_MS = 50;
const RECONNECT_MAX_MS = 2_000;
/** An old session of ours may still be ending: for so long its lane's lock is waited for. */
const LANE_WAIT_MS = 15_000;
/** How often other epochs are looked at, and for how long one must have been without its lock. */
const SWEEP_MS = 5_000;
const DEAD_AFTER_MS = 10_000;

type Ops = readonly QueuedOp<BatchOp>[];

/** A commit that was on its way when the connection went away. */
type Unknown = { readonly ops: Ops; readonly answers: readonly OpAnswer[] };

/**
 * The writer of one host. Batches go through one session, whose lane's lock shows that this epoch lives. Where the session is lost, holds
 * are refused at once, what ends a call waits, and a new session finds out whether the last commit is there before anything else is done.
 */
export class PgWriter implements TurnEngine {
  readonly #options: PgWriterOptions;
  readonly #books: PgBooks;
  readonly #server: Server;
  readonly #aside: PgAside;
  #session: PgSession | null;
  #waiting: QueuedOp<BatchOp>[] = [];
  #unknown: Unknown | null = null;
  #isClosing = false;
  #reconnecting: Promise<void> = Promise.resolve();
  #sweptAt = 0;
  readonly #silentSince = new Map<string, number>();
  readonly laneIndex: number;

  constructor(options: PgWriterOptions, booted: Awaited<ReturnType<typeof bootPg>>, session: PgSession) {
    this.#options = options;
    this.#books = booted.books;
    this.#server = booted.server;
    this.laneIndex = booted.laneIndex;
    this.#session = session;
    this.#aside = new PgAside(this.#books);
    this.#watch(session);
  }

  /** Opens the books, and ends what the lane's earlier epochs left open. */
  static async open(options: PgWriterOptions): Promise<{ writer: PgWriter; recovery: Recovery; epoch: string }> {
    const session = await connect(options);
    try {
      const booted = await bootPg(session, options);
      const { books } = booted;
      const tampered = await auditAccounts(session, books);
      let burned = 0;
      for (const dead of await otherEpochs(session, books)) {
        if (dead.laneId === books.laneId) burned += (await burnEpoch(session, books, dead)) ?? 0;
      }
      return { writer: new PgWriter(options, booted, session), recovery: { tampered, burned }, epoch: books.epoch };
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  seeTime(now: number): void {
    this.#books.now = Math.max(this.#books.now, now);
  }

  sortOut(ops: readonly QueuedOp[]): Ops {
    return this.#aside.queue.take(ops);
  }

  get hasAside(): boolean {
    return !this.#aside.queue.isEmpty;
  }

  aside(): Promise<readonly OpAnswer[]> {
    return this.#aside.run(this.#session);
  }

  async batch(ops: Ops): Promise<BatchResult> {
    const session = this.#session;
    if (session === null) return { answers: this.#refuse(ops), dead: false };
    try {
      const result = await runPgBatch(session, this.#books, ops);
      if (!result.dead) await this.idle();
      return result;
    } catch (error) {
      if (error instanceof OutcomeUnknown) this.#unknown = { ops, answers: error.value as readonly OpAnswer[] };
      // Whatever it is that keeps it from committing, a new session begins without it.
      this.#lost(session);
      return { answers: this.#unknown === null ? this.#refuse(ops) : refused(ops.filter((op) => !mayWait(op))), dead: false };
    }
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#reconnecting;
    this.#options.emit(refused([...this.#waiting, ...(this.#unknown?.ops.filter(mayWait) ?? [])]));
    const session = this.#session;
    this.#session = null;
    if (session === null) return;
    const { now, epoch } = this.#books;
    await session.query('UPDATE epochs SET ended_at = $1 WHERE epoch_id = $2', [now, epoch]).catch(() => {});
    await session.close();
  }

  /** Where nothing is asked, the months go on all the same, and others die. */
  async idle(): Promise<void> {
    const session = this.#session;
    if (session === null) return;
    try {
      await this.#sweepSometimes(session);
    } catch (error) {
      if (error instanceof OutcomeUnknown) this.#unknown = { ops: [], answers: [] };
      this.#lost(session);
    }
  }

  /** What ends a call waits for the database; what would begin one is refused. @returns the refusals. */
  #refuse(ops: Ops): readonly OpAnswer[] {
    this.#waiting.push(...ops.filter(mayWait));
    return refused(ops.filter((op) => !mayWait(op)));
  }

  #watch(session: PgSession): void {
    void session.ended.then(() => this.#lost(session));
  }

  #lost(session: PgSession): void {
    if (this.#session !== session) return;
    this.#session = null;
    void session.close().catch(() => {});
    if (!this.#isClosing) this.#reconnecting = this.#reconnect(session.pid).catch((error: unknown) => this.#options.die(error as Error));
  }

  async #reconnect(oldPid: number): Promise<void> {
    for (let pause = RECONNECT_MS; !this.#isClosing; pause = Math.min(pause * 2, RECONNECT_MAX_MS)) {
      await sleep(pause);
      const session = await connect(this.#options).catch(() => null);
      if (session === null) continue;
      try {
        await this.#resume(session, oldPid);
        return;
      } catch (error) {
        await session.close().catch(() => {});
        if (!(isDown(error) || error instanceof OutcomeUnknown || error instanceof NotYet)) throw error;
      }
    }
  }

  /** Takes the lane again, finds out about the last commit, and does what has waited. Only then are new batches taken. */
  async #resume(session: PgSession, oldPid: number): Promise<void> {
    const books = this.#books;
    const server = await safely(session);
    if (server.systemId !== this.#server.systemId) throw new Error('the database is another one than before');
    await this.#retakeLane(session, oldPid);
    const { rows } = await session.query('SELECT owner_epoch, batches FROM lanes WHERE lane_no = $1', [books.laneNo]);
    if (rows[0]?.['owner_epoch'] !== books.epoch) throw new Error('another process has taken over the lane and ended its calls');
    const batches = rows[0]['batches'] as bigint;
    if (batches < books.batches) await this.#wentBack(session);
    const unknown = this.#unknown;
    if (unknown !== null) {
      this.#unknown = null;
      if (batches === books.batches) this.#takeBack(unknown);
      else this.#confirm(unknown);
    }
    while (this.#waiting.length > 0) {
      const ops = this.#waiting.splice(0, 256);
      try {
        const { answers, dead } = await runPgBatch(session, books, ops);
        this.#options.emit(answers.filter(({ id }) => id > 0));
        if (dead) throw new Error('another process has taken over the lane');
      } catch (error) {
        if (error instanceof OutcomeUnknown) this.#unknown = { ops, answers: error.value as readonly OpAnswer[] };
        else if (isDown(error)) this.#waiting.unshift(...ops);
        else {
          // It was tried before: it is not the session that is wrong.
          this.#options.emit(refused(ops));
          continue;
        }
        throw error;
      }
    }
    this.#session = session;
    this.#watch(session);
  }

  /** The old session may not have ended yet: what it was doing must be over before anything is read. */
  async #retakeLane(session: PgSession, oldPid: number): Promise<void> {
    const key = laneLock(this.#books.bookId, this.#books.laneId);
    const until = this.#options.monotonicMs() + LANE_WAIT_MS;
    while (!(await tryAdvisoryLock(session, key))) {
      if (this.#options.monotonicMs() > until) throw new NotYet('the lane is still locked by another session');
      await session.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $1 AND application_name = $2', [
        oldPid,
        applicationName(this.#options),
      ]);
      await sleep(100);
    }
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
    this.#options.emit(answers.filter(({ id }) => waited.has(id)));
    for (const { id, value } of answers) {
      const created = value as HoldResult | undefined;
      if (waited.has(id) || created?.result !== 'created') continue;
      this.#waiting.unshift({ id: -id, op: { kind: 'settle', body: unsent(created.permit.holdId, books.now) } });
    }
  }

  /** Commits that were acknowledged are not there: a copy was put back, or a server took over that did not have them. */
  async #wentBack(session: PgSession): Promise<never> {
    const { bookId } = this.#books;
    const sources = await session.query(
      "SELECT account_id FROM accounts WHERE book_id = $1 AND kind = 'source' AND state IN ('active', 'paused')",
      [bookId],
    );
    const freeze = sources.rows.map((row, at) => ({
      id: at + 1,
      op: {
        kind: 'setState' as const,
        body: { accountId: row['account_id'] as string, state: 'frozen' as const, reason: 'reconcile', reconciledSpent: undefined },
      },
    }));
    // What this writer remembers is of books that are no more.
    const booted = await bootPg(session, { ...this.#options, laneIds: [this.#books.laneId] });
    await auditAccounts(session, booted.books);
    if (freeze.length > 0) await runPgBatch(session, booted.books, freeze);
    throw new Error('the database went back behind what it had acknowledged: all sources are frozen until they are reconciled');
  }

  /** Looks after what others left behind, every few seconds. */
  async #sweepSometimes(session: PgSession): Promise<void> {
    const now = this.#options.monotonicMs();
    if (now - this.#sweptAt < SWEEP_MS) return;
    this.#sweptAt = now;
    await ensurePartitions(session, this.#books.now);
    const others = await otherEpochs(session, this.#books);
    for (const { epoch } of others) if (!this.#silentSince.has(epoch)) this.#silentSince.set(epoch, now);
    for (const dead of others) await this.#bury(session, dead, now);
    for (const epoch of this.#silentSince.keys()) if (others.every((other) => other.epoch !== epoch)) this.#silentSince.delete(epoch);
  }

  /** An epoch without its lock for a while is dead: its session may only have been cut, and come back. */
  async #bury(session: PgSession, dead: Dead, now: number): Promise<void> {
    const key = laneLock(this.#books.bookId, dead.laneId);
    if (dead.laneId !== this.#books.laneId) {
      if (!(await tryAdvisoryLock(session, key))) {
        this.#silentSince.set(dead.epoch, now);
        return;
      }
      await session.query('SELECT pg_advisory_unlock($1)', [key]);
      if (now - (this.#silentSince.get(dead.epoch) ?? now) < DEAD_AFTER_MS) return;
    }
    await burnEpoch(session, this.#books, dead);
  }
}

/** It may work in a while. */
class NotYet extends Error {}

function applicationName({ hostId }: PgOptions): string {
  return `tallystick ${hostId}`.slice(0, 63);
}

function connect(options: PgWriterOptions): Promise<PgSession> {
  return connectPostgres(options.url, { ...CONNECT, applicationName: applicationName(options) });
}

/** A server that has just taken over may not be writable yet; one with unsafe settings is not used, and may be mended. */
async function safely(session: PgSession): Promise<Server> {
  try {
    return await checkSafety(session);
  } catch (error) {
    if (isDown(error)) throw error;
    throw new NotYet('the server is not fit to write to', { cause: error });
  }
}

/** What ends a call, or keeps a source out of use, is not given up because the database is away. */
function mayWait({ op }: QueuedOp<BatchOp>): boolean {
  return op.kind === 'settle' || (op.kind === 'setState' && op.body.state === 'frozen');
}

function refused(ops: Ops): readonly OpAnswer[] {
  return ops.filter(({ id }) => id > 0).map(({ id }) => ({ id, fault: UNAVAILABLE }));
}

function unsent(holdId: string, now: number): Settlement {
  const nothing = { tokens: 0n, credits: 0n, amount: 0n, linesText: '[]', responseHash: NO_HASH, attestationHash: NO_HASH };
  return { holdId, outcome: 'released', endedAt: now, detail: { reason: 'the ledger was away when the call was to begin' }, ...nothing };
}
