import { TallyError } from '@tallystick/core';
import { describe } from '#ground/describe';
import type { TaskDeps } from './deps.ts';
import { faultOf } from './faults.ts';
import { stateEvent } from './task-events.ts';
import { TaskRun } from './task-run.ts';
import { isRunBy, type Task } from './types.ts';

/** How often the time that a task has run is remembered, ms: what a crash loses of it at most. */
const REMEMBER_MS = 5_000;

/** Why a run is ended from outside. */
type Stopped = 'cancelled' | 'time_limit' | 'stopping';
type Running = { readonly abort: AbortController; readonly done: Promise<void> };

/** Takes the tasks whose turn it is, so many at a time, by priority and then by age, and goes on with those that a restart has cut short. */
export class TaskRunner {
  readonly #deps: TaskDeps;
  readonly #running = new Map<string, Running>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #isStopping = false;
  /** A start looks at every task: what it waits for may have been set otherwise meanwhile. */
  #isFirst = true;

  constructor(deps: TaskDeps) {
    this.#deps = deps;
  }

  /** Begins to look for tasks. */
  start(): void {
    this.#timer = setInterval(() => this.wake(), this.#deps.limits.tickMs);
    this.#timer.unref();
    this.wake();
  }

  /** Looks for tasks now. */
  wake(): void {
    this.#looking = this.#looking
      .then(() => this.#look())
      .catch((cause: unknown) => this.#deps.log.warn({ cause: describe(cause) }, 'the pool’s tasks could not be looked for'));
  }

  /** Every run has ended when it resolves. A call that takes too long for that is left to the gateway, and asked for again after the next start. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    clearInterval(this.#timer);
    await this.#looking;
    const running = [...this.#running.values()];
    const timer = setTimeout(() => {
      for (const { abort } of running) abort.abort('stopping' satisfies Stopped);
    }, this.#deps.limits.stopMsMax);
    await Promise.all(running.map(({ done }) => done));
    clearTimeout(timer);
  }

  /** Ends what is running of a task. */
  async cancel(taskId: string): Promise<void> {
    const running = this.#running.get(taskId);
    running?.abort.abort('cancelled' satisfies Stopped);
    await running?.done;
  }

  async #look(): Promise<void> {
    if (this.#isStopping) return;
    const { books, clock, limits } = this.#deps;
    const host = await this.#deps.host();
    const now = clock.wallMs();
    const cutShort = await books.inState('running');
    if (this.#isFirst) await this.#wakeAll(host);
    const waiting = (await books.inState('waiting')).filter((task) => isDue(task, now, limits));
    const mine = [...cutShort, ...waiting, ...(await books.inState('queued'))].filter((task) => task.host === host);
    const next = mine.filter(({ id }) => !this.#running.has(id)).sort(byTurn);
    for (const task of next.slice(0, Math.max(0, limits.runningMax - this.#running.size))) this.#begin(task);
  }

  async #wakeAll(host: string): Promise<void> {
    const { books } = this.#deps;
    for (const task of await books.inState('waiting')) {
      if (task.host === host) await books.update(task.id, (now) => (now.state === 'waiting' ? { ...now, wakeAt: null } : null));
    }
    this.#isFirst = false;
  }

  #begin(task: Task): void {
    const abort = new AbortController();
    const done = this.#run(task, abort)
      .catch((cause: unknown) =>
        this.#deps.log.error({ task: task.id, cause: describe(cause) }, 'a task’s end could not be written; it goes on'),
      )
      .finally(() => {
        this.#running.delete(task.id);
        this.wake();
      });
    this.#running.set(task.id, { abort, done });
  }

  async #run({ id }: Task, abort: AbortController): Promise<void> {
    const { books, budgets, events, clock } = this.#deps;
    const task = await books.update(id, (now) => (isTaken(now) ? { ...now, state: 'running', reason: null, wakeAt: null } : null));
    if (task.state !== 'running') return;
    events.emit(id, stateEvent(task));
    const stopwatch = new Stopwatch(this.#deps, task, () => abort.abort('time_limit' satisfies Stopped));
    let run: TaskRun | null = null;
    try {
      await budgets.open(task);
      const [text, turns] = [await books.text(id), await books.turns(id)];
      const options = { task, text, turns, signal: abort.signal, isStopping: () => this.#isStopping };
      run = new TaskRun(this.#deps, options);
      const { finish } = await run.run();
      await stopwatch.stop();
      if (finish !== null) await this.#end(id, run.turns, (now) => ({ ...now, state: 'done', finish, endedAt: clock.wallMs() }));
    } catch (cause) {
      await stopwatch.stop();
      await this.#failed(id, run, cause, abort.signal);
    }
  }

  async #failed(id: string, run: TaskRun | null, cause: unknown, signal: AbortSignal): Promise<void> {
    const { clock, limits, log } = this.#deps;
    const turns = run?.turns ?? 0;
    const endedAt = clock.wallMs();
    if (signal.aborted && signal.reason === ('cancelled' satisfies Stopped))
      return this.#end(id, turns, (now) => ({ ...now, state: 'cancelled', endedAt }));
    if (signal.aborted && signal.reason === ('stopping' satisfies Stopped)) return;
    const error = signal.aborted ? new TallyError('TASK_TIME_LIMIT') : errorOf(cause);
    if (error.code === 'INTERNAL') log.error({ task: id, cause: describe(cause) }, 'a task failed inside');
    const reason = { code: error.code, message: error.message, facts: error.facts };
    // What was cut by the shutdown goes on after it.
    if (this.#isStopping && faultOf(error.code).kind === 'wait') return;
    if (!isPassing(error, turns)) return this.#end(id, turns, (now) => ({ ...now, state: 'failed', reason, endedAt }));
    await this.#end(id, turns, (now) => {
      if (error.code === 'NO_AVAILABLE_KEYS' && now.mode === 'pre_allocated' && turns === 0)
        return { ...now, state: 'failed', reason, endedAt };
      const waits = run?.progress === true ? 1 : now.waits + 1;
      const { unlocks_at: opens } = error.facts;
      // What is locked for months is not looked at each minute; a start looks at everything.
      const wakeAt = typeof opens === 'number' && opens > clock.wallMs() ? opens : clock.wallMs() + waitFor(limits, waits);
      return { ...now, state: 'waiting', reason, waits, wakeAt };
    });
  }

  /**
   * Frees what was reserved, then writes how it ended. A crash between the two leaves a task that is running, and ends it again. What was
   * cancelled meanwhile, or taken by another host, is not ended here.
   */
  async #end(id: string, turns: number, change: (task: Task) => Task): Promise<void> {
    const { books, reservations, events, budgets, watch } = this.#deps;
    const host = await this.#deps.host();
    const before = await books.task(id);
    if (!isRunBy(before, host)) return;
    if (before.allotment !== null) await reservations.end(before.allotment.reservationId);
    let isOurs = false;
    const task = await books.update(id, (now) => {
      isOurs = isRunBy(now, host);
      return isOurs ? { ...change(now), allotment: null } : null;
    });
    if (!isOurs) return;
    // A task that waits for months is no news each time that it looks.
    if (task.waits <= 1 || task.state !== 'waiting')
      await watch.audit(`task.${task.state}`, id, { turns, ...(task.reason === null ? {} : { code: task.reason.code }) });
    if (task.state === 'done') await budgets.close(id);
    events.emit(id, stateEvent(task));
  }
}

/** Measures what a task runs, over restarts, and rings at its time limit. */
class Stopwatch {
  readonly #deps: TaskDeps;
  readonly #task: Task;
  readonly #timers: readonly NodeJS.Timeout[];
  #from: number;
  #saving: Promise<void> = Promise.resolve();

  constructor(deps: TaskDeps, task: Task, ring: () => void) {
    this.#deps = deps;
    this.#task = task;
    this.#from = deps.clock.monotonicMs();
    const every = setInterval(() => void this.#save(), REMEMBER_MS);
    const left = task.timeLimitMs === null ? null : setTimeout(ring, Math.max(0, task.timeLimitMs - task.ranMs));
    this.#timers = left === null ? [every] : [every, left];
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    await this.#save();
  }

  #save(): Promise<void> {
    const now = this.#deps.clock.monotonicMs();
    const ran = Math.max(0, Math.round(now - this.#from));
    this.#from = now;
    this.#saving = this.#saving.then(() => this.#add(ran));
    return this.#saving;
  }

  async #add(ran: number): Promise<void> {
    const { books, log } = this.#deps;
    try {
      await books.update(this.#task.id, (task) => ({ ...task, ranMs: task.ranMs + ran }));
    } catch (cause) {
      log.warn({ task: this.#task.id, cause: describe(cause) }, 'how long a task ran could not be remembered');
    }
  }
}

function isTaken({ state }: Task): boolean {
  return state === 'queued' || state === 'waiting' || state === 'running';
}

/** A clock that was ahead when it began to wait, and was set right since, keeps it no longer than anything else would. */
function isDue({ wakeAt, reason }: Task, now: number, { waitMsMax }: TaskDeps['limits']): boolean {
  if (wakeAt === null || wakeAt <= now) return true;
  const opens = reason?.facts['unlocks_at'];
  return wakeAt > Math.max(now + waitMsMax, typeof opens === 'number' ? opens : 0);
}

function waitFor({ waitMs, waitMsMax }: TaskDeps['limits'], waits: number): number {
  return Math.min(waitMs * 2 ** Math.min(waits - 1, 16), waitMsMax);
}

/** Whether it goes on by itself. */
function isPassing({ code, facts }: TallyError, turns: number): boolean {
  if (code === 'NO_AVAILABLE_KEYS') return true;
  if (facts['gave_up'] === true) return false;
  const { kind } = faultOf(code);
  return kind === 'wait' || (kind === 'key' && turns > 0);
}

function errorOf(cause: unknown): TallyError {
  return cause instanceof TallyError ? cause : new TallyError('INTERNAL', undefined, {}, { cause });
}

/** What a restart has cut short first, then by priority, then by age. */
function byTurn(a: Task, b: Task): number {
  const [first, second] = [a, b].map(({ state }) => (state === 'running' ? 0 : 1));
  if (first !== second) return (first ?? 0) - (second ?? 0);
  if (a.priority !== b.priority) return b.priority - a.priority;
  return (a.queuedAt ?? a.createdAt) - (b.queuedAt ?? b.createdAt) || (a.id < b.id ? -1 : 1);
}
