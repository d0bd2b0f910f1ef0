import { setTimeout as sleep } from 'node:timers/promises';
import { TallyError } from '@tallystick/core';
import { uuidv7 } from '#ground/ids';
import type { TaskDeps } from './deps.ts';
import { faultOf } from './faults.ts';
import { type Called, closeTurn, makeCall } from './make-call.ts';
import { askOf, type Ground, modelOf, type PlannedCall, serving } from './plan.ts';
import { nextAllotted, sharesFor } from './plan-allotted.ts';
import { type Next, nextSwitching } from './plan-switching.ts';
import type { PoolKey } from './ports.ts';
import type { TurnText } from './story.ts';
import { switchEvent, turnEvent } from './task-events.ts';
import { type Allotment, isRunBy, type Stop, type Switch, type Task, type TaskText, type Turn } from './types.ts';

/** Calls in a row that had no end of their own, each of which may have cost its whole hold. */
const CUTS_MAX = 3;
/** Calls in a row that came to nothing without a cost. */
const MISSES_MAX = 12;
/** Answers in a row without a word. */
const SILENCES_MAX = 3;
const TURNS_MAX = 10_000;
/** Plans of a reservation that others were quicker than. */
const RESERVES_MAX = 5;
/** A key that the books refuse is left alone for so long. */
const UNUSABLE_MS = 60_000;
/** What passes in a moment: others hold what will be free again. */
const ROOM_AGAIN_MS = 50;

type Begun = TurnText & { readonly parts: number };
/** How the work on a task ended; null: it did not, but goes on after a restart. */
export type Ended = { readonly finish: Stop | null };

export type RunOptions = {
  readonly task: Task;
  readonly text: TaskText;
  readonly turns: readonly Begun[];
  /** Ends a call that is running. */
  readonly signal: AbortSignal;
  /** No further turn is begun. */
  readonly isStopping: () => boolean;
};

/** The work on one task, from turn to turn: until it is done, or throws why it cannot go on. */
export class TaskRun {
  readonly #deps: TaskDeps;
  readonly #signal: AbortSignal;
  readonly #isStopping: () => boolean;
  readonly #text: TaskText;
  #task: Task;
  #turns: Begun[];
  /** Monotonic ms until which a key is left alone, and the code that it met. */
  readonly #avoided = new Map<string, { readonly until: number; readonly code: string }>();
  readonly #extra = new Map<string, bigint>();
  /** The input is the same on all keys: what one has shown of it is taken for the others. */
  #extraAnywhere = 0n;
  #cuts = 0;
  #misses = 0;
  #refusals = 0;
  #progress = false;

  constructor(deps: TaskDeps, { task, text, turns, signal, isStopping }: RunOptions) {
    this.#deps = deps;
    this.#task = task;
    this.#text = text;
    this.#turns = [...turns];
    this.#signal = signal;
    this.#isStopping = isStopping;
  }

  /** How many turns there are. */
  get turns(): number {
    return this.#turns.length;
  }

  /** Whether a turn has ended since the start of this run. */
  get progress(): boolean {
    return this.#progress;
  }

  /** @throws TallyError, or the signal's reason */
  async run(): Promise<Ended> {
    const open = this.#turns.at(-1)?.turn;
    if (open?.state === 'open') await this.#redo(open);
    for (;;) {
      this.#signal.throwIfAborted();
      if (this.#isStopping()) return { finish: null };
      await this.#change(() => null);
      const finish = this.#finish();
      if (finish !== null) return { finish };
      const { next, keys } = await this.#plan();
      if (next.kind === 'budget_used') return { finish: this.#outOfBudget() };
      const key = keys.find(({ id }) => id === next.call.keyId);
      if (key !== undefined) await this.#turn(next.call, key, next.reason);
    }
  }

  /** How the last turn ended the task; null where it goes on. @throws TASK_DECLINED, UPSTREAM_ERROR */
  #finish(): Stop | null {
    const answers = this.#turns.filter(({ turn }) => turn.kind === 'answer' && turn.state === 'ended');
    const last = answers.at(-1);
    if (last === undefined || last.turn !== this.#turns.at(-1)?.turn) return null;
    if (last.turn.stop === 'refused') throw new TallyError('TASK_DECLINED');
    const silent = answers.slice(-SILENCES_MAX).filter(({ text }) => text.trim() === '');
    if (silent.length >= SILENCES_MAX) throw new TallyError('UPSTREAM_ERROR', 'The model wrote nothing, turn after turn.');
    if (this.#turns.length >= TURNS_MAX) throw new TallyError('CAP_EXCEEDED', 'The task has as many turns as a task may have.');
    return last.turn.stop === 'length' ? null : last.turn.stop;
  }

  /** @throws CAP_EXCEEDED where not even one turn could be made */
  #outOfBudget(): Stop {
    if (this.#turns.some(({ turn }) => turn.kind === 'answer' && turn.receiptId !== null)) return 'length';
    const detail = `The task’s budget of ${this.#task.tokens} tokens has no room for one turn.`;
    throw new TallyError('CAP_EXCEEDED', detail, { limit: String(this.#task.tokens) });
  }

  /** What is planned over the keys as they are at this moment. @throws NO_AVAILABLE_KEYS, and the code of keys that are only left alone for a while */
  async #plan(): Promise<{ readonly next: Next; readonly keys: readonly PoolKey[] }> {
    const all = await this.#deps.keys.active(this.#task.provider);
    const model = modelOf(this.#task, all);
    const able = serving(all, model);
    const keys = able.filter(({ id }) => !this.#isAvoided(id));
    const learned = { extra: this.#extra, extraAnywhere: this.#extraAnywhere };
    const ground: Ground = { task: this.#task, text: this.#text, turns: this.#turns, keys, model, ...learned };
    if (this.#task.chosenModel !== model) await this.#change((task) => ({ ...task, chosenModel: model }));
    try {
      if (this.#task.mode === 'auto_switching') return { next: await nextSwitching(ground, this.#deps.budgets), keys };
      const allotment = await this.#allotment(ground);
      return { next: allotment === null ? { kind: 'budget_used' } : nextAllotted(ground, allotment, able), keys };
    } catch (error) {
      const met = [...this.#avoided.values()].at(-1);
      const isFull = error instanceof TallyError && error.code === 'NO_AVAILABLE_KEYS';
      if (!isFull || met === undefined || keys.length === able.length) throw error;
      throw new TallyError('NO_AVAILABLE_KEYS', `${error.message} Others were left out after ${met.code}.`, error.facts);
    }
  }

  /** The reservation of all keys, made where there is none; null where nothing is left of the budget. @throws NO_AVAILABLE_KEYS */
  async #allotment(ground: Ground): Promise<Allotment | null> {
    const { reservations, budgets, clock } = this.#deps;
    const known = this.#task.allotment;
    // After a restart it stands in the books as it was.
    if (known !== null && (await reservations.reserve(this.#task.id, known.reservationId, known.shares)) === null) return known;
    let why = '';
    for (let tries = 0; tries < RESERVES_MAX; ) {
      // The books' word, not the turns': a call may have been charged whose receipt a crash kept from its turn.
      const { left } = await budgets.left(this.#task.id);
      if (left <= 0n) return null;
      const keys = why === '' ? ground.keys : serving(await this.#deps.keys.active(this.#task.provider), ground.model);
      const shares = sharesFor({ ...ground, keys: keys.filter(({ id }) => !this.#isAvoided(id)) }, left);
      const allotment = { reservationId: uuidv7(clock.wallMs()), shares };
      // Written first: what is reserved is never forgotten.
      await this.#change((task) => ({ ...task, allotment }));
      const refused = await reservations.reserve(this.#task.id, allotment.reservationId, shares);
      if (refused === null) return allotment;
      why = refused.code;
      // What the books refuse for good, whatever is said of the key here, is left out of the next plan; each such plan has fewer keys.
      if (refused.unusable !== null && shares.some(({ keyId }) => keyId === refused.unusable))
        this.#avoid(refused.unusable, 'NO_AVAILABLE_KEYS', UNUSABLE_MS);
      else tries += 1;
    }
    throw new TallyError('NO_AVAILABLE_KEYS', `The keys could not be reserved together: ${why}.`);
  }

  async #turn(call: PlannedCall, key: PoolKey, reason: string): Promise<void> {
    const { clock, books, events } = this.#deps;
    const before = this.#turns.at(-1);
    // A turn that came to nothing is made again in its own place.
    const again = before?.turn.state === 'open' ? before.turn : null;
    const turn: Turn = {
      ...call,
      taskId: this.#task.id,
      number: again?.number ?? (before?.turn.number ?? 0) + 1,
      attempt: (again?.attempt ?? 0) + 1,
      state: 'open',
      receiptId: null,
      held: null,
      charged: null,
      stop: null,
      kept: null,
      startedAt: clock.wallMs(),
      endedAt: null,
    };
    const change = await this.#switchTo(turn, reason);
    await books.begin(turn, change);
    if (change !== null) events.emit(turn.taskId, switchEvent(change));
    events.emit(turn.taskId, turnEvent(turn));
    if (again !== null) this.#turns.pop();
    this.#turns.push({ turn, text: '', parts: 0 });
    await this.#make(key);
  }

  /** The switch that a turn with another key than the last one's is. */
  async #switchTo({ taskId, number, attempt, keyId }: Turn, reason: string): Promise<Switch | null> {
    const from = this.#turns.at(-1)?.turn.keyId;
    if (from === undefined || from === keyId) return null;
    const met = this.#avoided.get(from)?.code ?? reason;
    const left = (await this.#deps.keys.active(this.#task.provider)).find(({ id }) => id === from)?.left ?? 0n;
    return { taskId, turn: number, attempt, from, to: keyId, reason: met, left, at: this.#deps.clock.wallMs() };
  }

  /** A call that was running when the process ended. */
  async #redo(turn: Turn): Promise<void> {
    const keys = await this.#deps.keys.active(this.#task.provider);
    const key = keys.find(({ id }) => id === turn.keyId);
    const isWithin = turn.reservationId === (this.#task.allotment?.reservationId ?? null);
    if (key !== undefined && isWithin) return this.#make(key);
    // The key is out of reach, and with it a kept answer; what was written stands.
    if (turn.receiptId !== null) await this.#close('cut');
  }

  async #make(key: PoolKey): Promise<void> {
    const before = this.#turns.slice(0, -1);
    const begun = this.#turns.at(-1);
    if (begun === undefined) return;
    const ask = askOf(this.#text, before, begun.turn);
    const context = { deps: this.#deps, task: this.#task, signal: this.#signal, dialect: key.dialect, ask };
    const called = await makeCall(context, begun);
    this.#turns[this.#turns.length - 1] = called;
    await this.#checkOverrun(called);
    if (called.error === null) {
      await this.#close('ended');
      this.#cuts = 0;
      this.#misses = 0;
      return;
    }
    await this.#failed(called, called.error, ask.written.length);
  }

  /** An upstream that went beyond what it was sent ends the whole task. @throws UPSTREAM_OVERRUN */
  async #checkOverrun({ turn, error }: Called): Promise<void> {
    const isOver = turn.charged !== null && turn.held !== null && turn.charged > turn.held;
    if (!isOver && error?.code !== 'UPSTREAM_OVERRUN') return;
    await this.#close('cut');
    await this.#deps.watch.breached(this.#task, turn);
    throw new TallyError(
      'UPSTREAM_OVERRUN',
      'An upstream went beyond the limit that it was sent; its key is frozen and the task is stopped.',
    );
  }

  async #failed({ turn, text }: Called, error: TallyError, pieces: number): Promise<void> {
    // It is asked for again after the next start.
    if (this.#isStopping() && this.#signal.aborted) this.#signal.throwIfAborted();
    const isCostly = text !== '' || (turn.receiptId !== null && turn.charged !== 0n);
    if (isCostly) {
      await this.#close('cut');
      this.#cuts += 1;
    } else {
      this.#misses += 1;
    }
    this.#signal.throwIfAborted();
    const fault = faultOf(error.code);
    if (fault.kind === 'wait' || fault.kind === 'final') throw error;
    if (fault.kind === 'refused') this.#refusals += 1;
    if (this.#refusals > 1 || this.#cuts >= CUTS_MAX) throw new TallyError(error.code, error.message, { ...error.facts, gave_up: true });
    if (fault.kind === 'key') this.#avoid(turn.keyId, error.code, fault.ms);
    if (fault.kind === 'refused') this.#avoid(turn.keyId, error.code, Number.POSITIVE_INFINITY);
    if (fault.kind === 'room') await this.#makeRoom(turn, error, pieces);
    if (this.#misses >= MISSES_MAX)
      throw new TallyError('NO_AVAILABLE_KEYS', `Call after call was refused, the last one with ${error.code}.`);
  }

  /** The input is taken to be larger from now on, most of all on this key; a key that refuses all the same is left alone. */
  async #makeRoom(turn: Turn, error: TallyError, pieces: number): Promise<void> {
    if (error.code === 'CAP_EXCEEDED') {
      const least = 1_024n * BigInt(1 + pieces);
      const extra = this.#extra.get(turn.keyId) ?? this.#extraAnywhere;
      this.#extra.set(turn.keyId, extra === 0n ? least : extra * 3n);
      if (least > this.#extraAnywhere) this.#extraAnywhere = least;
      if (this.#misses % 4 === 0) this.#avoid(turn.keyId, error.code, 5_000);
    }
    await sleep(ROOM_AGAIN_MS, undefined, { signal: this.#signal });
  }

  async #close(state: 'ended' | 'cut'): Promise<void> {
    const last = this.#turns.at(-1);
    if (last === undefined) return;
    this.#turns[this.#turns.length - 1] = { ...last, turn: await closeTurn(this.#deps, last.turn, state) };
    this.#progress = true;
  }

  #avoid(keyId: string, code: string, ms: number): void {
    this.#avoided.delete(keyId);
    this.#avoided.set(keyId, { until: this.#deps.clock.monotonicMs() + ms, code });
  }

  #isAvoided(keyId: string): boolean {
    return (this.#avoided.get(keyId)?.until ?? 0) > this.#deps.clock.monotonicMs();
  }

  /** @param change null: it stays. @throws TASK_STATE where it was cancelled meanwhile, on whichever host, or goes on elsewhere */
  async #change(change: (task: Task) => Task | null): Promise<void> {
    const { id, host } = this.#task;
    this.#task = await this.#deps.books.update(id, (now) => (isRunBy(now, host) ? change(now) : null));
    const { state } = this.#task;
    if (!isRunBy(this.#task, host)) throw new TallyError('TASK_STATE', `The task is ${state}.`, { state });
  }
}
