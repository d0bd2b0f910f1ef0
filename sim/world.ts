import { createHash, createSecretKey } from 'node:crypto';
import { type Database, openReader, openWriter, type SqlRow } from '../packages/server/src/ground/database.ts';
import type { SqliteBooks } from '../packages/server/src/ledger/books.ts';
import { bootBooks } from '../packages/server/src/ledger/boot.ts';
import type { SqliteLedgerOptions } from '../packages/server/src/ledger/open.ts';
import type { BatchOp, OpAnswer, QueuedOp } from '../packages/server/src/ledger/protocol.ts';
import { recover } from '../packages/server/src/ledger/recovery.ts';
import { verifyFile } from '../packages/server/src/ledger/sqlite-verify.ts';
import { runBatch } from '../packages/server/src/ledger/writer.ts';
import { Callers } from './callers.ts';
import { opening, secretOf } from './cast.ts';
import { Dice, seedFor, seedRandomBytes } from './dice.ts';
import { difference } from './difference.ts';
import { type Crash, Disk } from './disk.ts';
import { EngineFaults } from './engine-faults.ts';
import { keyHash, Life } from './life.ts';
import { Operator } from './operator.ts';
import { Reservers } from './reservers.ts';
import { Scheduler } from './scheduler.ts';
import { Shadow } from './shadow.ts';
import { Watch } from './watch.ts';

const BOOK_ID = 'book-1';
const LANE_ID = `0x${'a'.repeat(64)}` as const;
const TICKET_KEY = Buffer.alloc(32, 1);
const CHAIN_KEY = Buffer.alloc(32, 2);
/** At each place where it may, the process dies once in so many times. */
const POINT_CRASH = 1 / 2_500;
const COMMIT_CRASH = 1 / 250;
const CHECKPOINT_SHARE = 1 / 60;
const TRACE_LINES = 120;
/** Events that a world may need to come to rest. */
const REST_STEPS_MAX = 200_000;

export type WorldReport = {
  readonly steps: number;
  readonly violation: string | null;
  /** The last lines before it. */
  readonly trace: readonly string[];
  /** Over every line of the trace: two runs that agree have done the same. */
  readonly hash: string;
  readonly counts: ReadonlyMap<string, number>;
};

/** One gateway with its books, sources, callers and operator, from its first start until it is at rest, through crashes. */
export class World {
  readonly #scheduler: Scheduler;
  readonly #dice: Dice;
  readonly #disk: Disk;
  readonly #watch: Watch;
  readonly #shadow: Shadow;
  readonly #faults: EngineFaults;
  readonly #callers: Callers;
  readonly #operator: Operator;
  readonly #reservers: Reservers;
  readonly #hash = createHash('sha256');
  readonly #trace: string[] = [];
  readonly #seed: number;
  #life: Life | null = null;
  #crash: Crash | null = null;
  /** Puts back what the shadow was before a commit within which the process died. */
  #undo: (() => void) | null = null;
  #violation: string | null = null;
  #isCalm = false;
  #steps = 0;

  constructor(seed: number) {
    this.#seed = seed;
    const dice = (name: string) => new Dice(seedFor(seed, name));
    this.#scheduler = new Scheduler(seedFor(seed, 'order'));
    this.#dice = dice('world');
    this.#disk = new Disk(dice('disk'));
    this.#watch = new Watch((what) => this.#say(what));
    this.#shadow = new Shadow(this.#watch, (what) => this.#say(what));
    this.#watch.shadow = this.#shadow;
    this.#faults = new EngineFaults(dice('engine'), this.#watch);
    const setting = { scheduler: this.#scheduler, watch: this.#watch, life: () => this.#life, trace: (line: string) => this.#note(line) };
    this.#callers = new Callers({ ...setting, dice: dice('callers') });
    this.#watch.onOverrun = (sourceId) => this.#callers.crowd(sourceId);
    this.#reservers = new Reservers({ ...setting, dice: dice('reservers'), shadow: this.#shadow });
    this.#operator = new Operator({ ...setting, dice: dice('operator'), shadow: this.#shadow, restart: () => this.#restart() });
  }

  /** @param stepsMax events after which no new calls come; what runs then comes to its end. */
  async run(stepsMax: number): Promise<WorldReport> {
    const uninstall = this.#scheduler.install();
    const onRejection = (cause: unknown) => this.#say(`a promise was rejected, and nobody looked: ${String(cause)}`);
    process.on('unhandledRejection', onRejection);
    seedRandomBytes(seedFor(this.#seed, 'ids'));
    try {
      await this.#open();
      this.#callers.begin();
      this.#operator.begin();
      this.#reservers.begin();
      await this.#play(() => this.#steps >= stepsMax);
      if (this.#violation === null) await this.#rest();
    } finally {
      uninstall();
      process.off('unhandledRejection', onRejection);
      this.#letGo();
      this.#disk.remove();
    }
    const counts = this.#watch.counts;
    return { steps: this.#steps, violation: this.#violation, trace: this.#trace, hash: this.#hash.digest('hex'), counts };
  }

  async #play(isOver: () => boolean): Promise<void> {
    while (this.#violation === null && !isOver()) {
      try {
        if (this.#crash !== null) await this.#recover(this.#crash);
        else if (!(await this.#scheduler.step())) return;
      } catch (error) {
        this.#say(`it threw: ${error instanceof Error ? error.stack : String(error)}`);
      }
      this.#steps += 1;
    }
  }

  /** No more calls, crashes or faults: whatever runs ends, the daemon stops, and its books must agree. */
  async #rest(): Promise<void> {
    this.#isCalm = true;
    this.#faults.isCalm = true;
    this.#callers.end();
    this.#operator.end();
    this.#reservers.end();
    const stepsMax = this.#steps + REST_STEPS_MAX;
    await this.#play(() => this.#steps >= stepsMax);
    if (this.#steps >= stepsMax) this.#say('the world does not come to rest');
    await this.#stop(0);
    const open = [...this.#shadow.holds.values()].filter(
      ({ state, request }) => state === 'open' && !this.#faults.unsettled.has(request.holdId),
    );
    for (const { request } of open) this.#say(`hold ${request.holdId} is open after everything has ended`);
    await this.#reopen();
    const reader = openReader(this.#disk.file);
    for (const finding of await verifyFile(reader, BOOK_ID, createSecretKey(CHAIN_KEY))) this.#say(`the books do not agree: ${finding}`);
    this.#checkReceipts(reader);
    reader.close();
  }

  /** What sources were charged by receipts, against what the shadow says they paid, and what they were billed. */
  #checkReceipts(reader: Database): void {
    const rows = reader
      .prepare('SELECT source_id, sum(charged) AS charged, count(*) AS n FROM receipts GROUP BY source_id')
      .all() as SqlRow[];
    for (const { source_id: id, charged, n } of rows) {
      const holds = [...this.#shadow.holds.values()].filter(({ request }) => request.sourceId === id);
      const paid = holds.reduce((sum, hold) => sum + hold.charged, 0n);
      if (charged !== paid || n !== BigInt(holds.length))
        this.#say(`the receipts of ${id}: ${n}, ${charged} charged; its holds: ${holds.length}, ${paid}`);
    }
  }

  async #stop(graceMs: number): Promise<void> {
    const life = this.#life as Life;
    const stopped = { is: false };
    void life.stop(graceMs).then(() => {
      stopped.is = true;
    });
    await this.#play(() => stopped.is || life.isDead);
    if (!life.isDead && !stopped.is && this.#violation === null) this.#say('the daemon does not stop');
  }

  /** The daemon is stopped and started by its operator. */
  #restart(): void {
    const life = this.#life as Life;
    this.#note('the daemon is stopped');
    this.#watch.count('restarts');
    void life.stop(this.#dice.whole(0, 5_000)).then(() => {
      if (!life.isDead) this.#die('kill', 'it had stopped');
    });
  }

  async #reopen(): Promise<void> {
    if (this.#violation === null) await this.#recover('kill');
  }

  #die(crash: Crash, where: string): void {
    if (this.#crash !== null) return;
    this.#note(`the process dies (${crash}): ${where}`);
    this.#crash = crash;
    this.#life?.die();
  }

  #point(name: string): boolean {
    if (this.#crash !== null) return true;
    if (this.#isCalm || !this.#dice.chance(POINT_CRASH)) return false;
    this.#watch.count('crashes');
    this.#die(this.#dice.chance(0.5) ? 'kill' : 'power', name);
    return true;
  }

  async #recover(crash: Crash): Promise<void> {
    const how = this.#disk.crash(crash);
    this.#scheduler.endLife();
    this.#letGo();
    this.#crash = null;
    this.#note(`the disk after it: ${how}`);
    this.#disk.forget();
    await this.#open();
    this.#callers.lost();
  }

  #letGo(): void {
    for (const db of [this.#life?.reader, this.#life?.books.db]) if (db?.isOpen === true) db.close();
  }

  async #open(): Promise<void> {
    const { clock } = this.#scheduler;
    const options: SqliteLedgerOptions = {
      file: this.#disk.file,
      bookId: BOOK_ID,
      laneId: LANE_ID,
      ticketKey: TICKET_KEY,
      chainKey: CHAIN_KEY,
      clock,
    };
    const db = openWriter(options.file);
    // The world makes them, and so knows when the log was synced for one.
    db.exec('PRAGMA wal_autocheckpoint = 0');
    const books = bootBooks(db, { ...options, now: clock.wallMs(), pagesMax: 0 });
    if (this.#life === null) this.#found(books);
    else this.#compareAfterCrash(db);
    this.#watch.crashed();
    const { tampered } = recover(books);
    for (const { accountId, what } of tampered) this.#say(`${accountId} is said to be tampered with: ${what}`);
    this.#shadow.burnAll();
    this.#faults.wrap(books);
    const life: Life = new Life({
      books,
      ledgerOptions: options,
      scheduler: this.#scheduler,
      dice: this.#dice,
      watch: this.#watch,
      batch: (ops, body) => this.#batch(life, ops, body),
      // Its own connection does not sync what it has just done.
      aside: () => this.#checkpoint(db),
      point: (name) => this.#point(name),
      say: (what) => this.#say(what),
      trace: (line) => this.#note(line),
    });
    this.#life = life;
    this.#disk.committed(this.#isSynced(db));
    this.#compare('after the opening');
    await life.start();
  }

  /** The books of a new world. */
  #found(books: SqliteBooks): void {
    const ops = opening(books.now, (id) => keyHash(secretOf(id)), this.#dice);
    const { answers } = runBatch(
      books,
      ops.map((op, id) => ({ id, op })),
      books.now,
    );
    for (const [i, op] of ops.entries()) this.#shadow.apply(op, answers[i] as OpAnswer, books.epoch, books.now);
  }

  #batch(
    life: Life,
    ops: readonly QueuedOp<BatchOp>[],
    body: () => { answers: readonly OpAnswer[]; dead: boolean },
  ): readonly OpAnswer[] | null {
    if (this.#point('before a commit')) return null;
    const isInterrupted = !this.#isCalm && this.#dice.chance(COMMIT_CRASH);
    const undo = isInterrupted ? this.#shadow.remember() : null;
    this.#faults.arm(isInterrupted);
    const { answers, dead } = body();
    for (const [i, { op }] of ops.entries()) this.#apply(life, op, answers[i] as OpAnswer);
    if (undo !== null) {
      this.#undo = undo;
      this.#watch.count('crashes');
      this.#watch.count('crashes within a commit');
      this.#die('power', 'within a commit');
      return null;
    }
    this.#disk.committed(this.#isSynced(life.books.db));
    this.#compare('after a commit');
    this.#checkpoint(life.books.db);
    if (dead) this.#scheduler.worldAfter(this.#dice.between(10, 3_000), () => this.#die('kill', 'its engine had failed'));
    return answers;
  }

  #apply({ books }: Life, op: BatchOp, answer: OpAnswer): void {
    this.#note(`${op.kind} ${nameOf(op)}: ${outcomeOf(answer)}`);
    if (op.kind === 'settle' && answer.fault !== undefined) this.#faults.unsettled.add(op.body.holdId);
    this.#shadow.apply(op, answer, books.epoch, books.now);
  }

  /** Now and then, so that the log is begun anew many times in one life. SQLite syncs the log before it and the database after it. */
  #checkpoint(db: Database): void {
    if (!this.#dice.chance(CHECKPOINT_SHARE)) return;
    db.exec('PRAGMA wal_checkpoint(PASSIVE)');
    this.#disk.committed(true);
    this.#watch.count('checkpoints');
  }

  #isSynced(db: Database): boolean {
    return (db.prepare('PRAGMA synchronous').get() as SqlRow)['synchronous'] === 2n;
  }

  /** Whatever was acknowledged must be there; what a crash cut short may be, whole, or not at all. */
  #compareAfterCrash(db: Database): void {
    const undo = this.#undo;
    this.#undo = null;
    if (undo !== null && difference(db, this.#shadow) !== null) {
      undo();
      this.#watch.count('commits lost before they were acknowledged');
    }
    const found = difference(db, this.#shadow);
    if (found !== null) this.#say(`what was acknowledged is not there after the crash: ${found}`);
  }

  #compare(when: string): void {
    const found = difference((this.#life as Life).reader, this.#shadow);
    if (found !== null) this.#say(`the books are not what was answered, ${when}: ${found}`);
  }

  #say(what: string): void {
    this.#note(`VIOLATION ${what}`);
    this.#violation ??= what;
  }

  #note(line: string): void {
    const text = `${this.#steps} ${this.#scheduler.now.toFixed(3)} ${line}`;
    this.#hash.update(text);
    if (this.#violation !== null && !line.startsWith('VIOLATION')) return;
    this.#trace.push(text);
    if (this.#trace.length > TRACE_LINES) this.#trace.shift();
  }
}

function nameOf(op: BatchOp): string {
  if (op.kind === 'hold') return `${op.body.holdId} on ${op.body.sourceId} for ${op.body.lines[0]?.amount} ${op.body.within ?? ''}`;
  if (op.kind === 'settle') return `${op.body.holdId} ${op.body.outcome} ${op.body.tokens}`;
  if (op.kind === 'reserve' || op.kind === 'endReservation') return op.body.reservationId;
  if (op.kind === 'setLimit') return `${op.body.accountId} ${op.body.limit}`;
  return op.kind === 'setState' ? `${op.body.accountId} ${op.body.state}` : '';
}

function outcomeOf({ value, fault }: OpAnswer): string {
  if (fault !== undefined) return `${fault.code} ${fault.message}`;
  const { result, refusal } = (value ?? {}) as { result?: string; refusal?: { code: string } | null };
  return `${result ?? 'done'}${refusal === undefined || refusal === null ? '' : ` ${refusal.code}`}`;
}
