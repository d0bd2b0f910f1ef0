import { TallyError } from '@tallystick/core';
import { uuidv7 } from '#ground/ids';
import type { TaskDeps } from './deps.ts';
import { resultOf, type TurnText } from './story.ts';
import type { TaskPage } from './task-books.ts';
import { historyOf, newSince, type Place, stateEvent, type TaskEvent } from './task-events.ts';
import { TaskRunner } from './task-runner.ts';
import { isEnded, type Switch, type Task, type TaskOrder, type TaskState, type TaskText } from './types.ts';

/** Tasks that are not ended, of one host and all who propose. */
const OPEN_MAX = 1_000;
/** Of them, of one donor: so no few of them can keep out all others. */
const OPEN_OF_DONOR_MAX = 16;
const OPERATOR = 'operator';
/** Events that somebody who reads slowly may be behind: some minutes of them. */
const BEHIND_MAX = 1_000;

/** All that is known of a task. */
export type TaskView = {
  readonly task: Task;
  readonly turns: readonly TurnText[];
  readonly switches: readonly Switch[];
  readonly result: string;
};

/** The pool's tasks, for routes and for governance. */
export class Tasks {
  readonly #deps: TaskDeps;
  readonly #runner: TaskRunner;

  constructor(deps: TaskDeps) {
    this.#deps = deps;
    this.#runner = new TaskRunner(deps);
  }

  start(): void {
    this.#runner.start();
  }

  /** No further turn is begun; every run has ended when it resolves. */
  async stop(): Promise<void> {
    await this.#runner.stop();
  }

  /** Takes a task, and queues it where nobody else has to approve it. @throws OVERLOADED */
  async propose(order: TaskOrder, text: TaskText, by: string): Promise<Task> {
    const { books, clock, watch, approval } = this.#deps;
    const open = await Promise.all((['proposed', 'approved', 'queued', 'waiting'] as const).map((state) => books.inState(state)));
    const own = open.flat().filter((task) => task.by === by);
    if (by !== OPERATOR && own.length >= OPEN_OF_DONOR_MAX)
      throw new TallyError('OVERLOADED', `You have ${own.length} open tasks; a donor has no more at a time.`);
    if (open.flat().length >= OPEN_MAX) throw new TallyError('OVERLOADED', 'The pool has as many open tasks as it takes.');
    const now = clock.wallMs();
    const task: Task = {
      ...order,
      id: uuidv7(now),
      by,
      host: await this.#deps.host(),
      state: 'proposed',
      chosenModel: null,
      allotment: null,
      reason: null,
      finish: null,
      ranMs: 0,
      wakeAt: null,
      waits: 0,
      createdAt: now,
      queuedAt: null,
      endedAt: null,
    };
    await watch.audit('task.proposed', task.id, { by, provider: task.provider, mode: task.mode, tokens: String(task.tokens) });
    await books.create(task, text);
    return (await approval.decide(task)) === 'approved' ? this.queue(task.id) : task;
  }

  /** Who may decide has approved it: it runs when its turn comes. @throws NOT_FOUND, TASK_STATE */
  async queue(id: string, reason?: string): Promise<Task> {
    const queuedAt = this.#deps.clock.wallMs();
    return this.#move(id, ['proposed', 'approved'], 'queued', (task) => ({ ...task, queuedAt }), reason);
  }

  /** It runs later, by `queue`. @throws NOT_FOUND, TASK_STATE */
  async approve(id: string): Promise<Task> {
    return this.#move(id, ['proposed'], 'approved', (task) => task);
  }

  /** @throws NOT_FOUND, TASK_STATE */
  async reject(id: string, reason?: string): Promise<Task> {
    const endedAt = this.#deps.clock.wallMs();
    return this.#move(id, ['proposed', 'approved'], 'rejected', (task) => ({ ...task, endedAt }), reason);
  }

  /** Ends it, also in the midst of a call, whose tokens are spent. @throws NOT_FOUND, TASK_STATE */
  async cancel(id: string): Promise<Task> {
    const { books, clock } = this.#deps;
    await this.#runner.cancel(id);
    if ((await books.task(id)).state !== 'cancelled') {
      const from = ['proposed', 'approved', 'queued', 'running', 'waiting'] as const;
      await this.#move(id, from, 'cancelled', (now) => ({ ...now, endedAt: clock.wallMs() }));
      // It may have begun to run meanwhile.
      await this.#runner.cancel(id);
    }
    return this.#free(id);
  }

  /** Frees what is reserved for a task that is cancelled: whoever ran it may be gone, and it would be reserved for ever. */
  async #free(id: string): Promise<Task> {
    const { books, reservations } = this.#deps;
    const task = await books.task(id);
    if (task.state !== 'cancelled' || task.allotment === null) return task;
    const { reservationId } = task.allotment;
    await reservations.end(reservationId);
    return books.update(id, (now) => (now.allotment?.reservationId === reservationId ? { ...now, allotment: null } : null));
  }

  /** Goes on with what was cancelled or failed, or waits. @param more time for one that ran out of it. @throws NOT_FOUND, TASK_STATE, CAP_EXCEEDED */
  async resume(id: string, more: { readonly timeLimitMs?: number } = {}): Promise<Task> {
    const { budgets, books, clock } = this.#deps;
    const task = await books.task(id);
    if (task.queuedAt !== null && isEnded(task)) {
      await budgets.open(task);
      if ((await budgets.left(id)).left <= 0n)
        throw new TallyError('CAP_EXCEEDED', 'Nothing is left of the task’s budget.', { limit: String(task.tokens) });
    }
    // Where it is asked for: the host that it ran on may be gone.
    const host = await this.#deps.host();
    return this.#move(id, ['cancelled', 'failed', 'waiting'], 'queued', (now) => {
      // What was never approved is not approved by this.
      if (now.queuedAt === null) throw new TallyError('TASK_STATE', 'The task was never approved, so it cannot be resumed.');
      const timeLimitMs = more.timeLimitMs === undefined ? now.timeLimitMs : now.ranMs + more.timeLimitMs;
      return { ...now, host, timeLimitMs, queuedAt: clock.wallMs(), wakeAt: null, endedAt: null, reason: null, finish: null };
    });
  }

  /** @throws NOT_FOUND */
  async view(id: string): Promise<TaskView> {
    const { books } = this.#deps;
    const task = await books.task(id);
    const [turns, switches] = [await books.turns(id), await books.switches(id)];
    return { task, turns, switches, result: resultOf(turns) };
  }

  /** @throws NOT_FOUND */
  async find(id: string): Promise<Task> {
    return this.#deps.books.task(id);
  }

  /** A page of tasks, oldest first. */
  async list(page: TaskPage): Promise<readonly Task[]> {
    return this.#deps.books.list(page);
  }

  /** Whether there is such a task, and it was proposed by them. */
  async isBy(id: string, by: string): Promise<boolean> {
    return (await this.#deps.books.find(id))?.by === by;
  }

  /** All switches of all tasks, those of older tasks first. @param after the last one's id. */
  async allSwitches(limit: number, after?: string): Promise<readonly { readonly id: string; readonly change: Switch }[]> {
    return this.#deps.books.allSwitches(limit, after);
  }

  /** What it asks for. @throws NOT_FOUND */
  async text(id: string): Promise<TaskText> {
    return this.#deps.books.text(id);
  }

  async inState(state: TaskState): Promise<readonly Task[]> {
    return this.#deps.books.inState(state);
  }

  /**
   * All that happens to a task, from where somebody stopped to follow it, until it has ended. Whoever leaves does not stop it.
   * @throws NOT_FOUND, OVERLOADED where the reader is too slow
   */
  async *follow(id: string, from: Place | null, signal: AbortSignal): AsyncGenerator<TaskEvent> {
    const { events } = this.#deps;
    const queue: TaskEvent[] = [];
    let wake = () => {};
    const leave = events.listen(id, (event) => {
      // One more than that tells that it was too slow; nothing is kept for who does not read at all.
      if (queue.length <= BEHIND_MAX) queue.push(event);
      wake();
    });
    signal.addEventListener('abort', () => wake(), { once: true });
    try {
      // First listened to, then read: what happens meanwhile is in both, and told once.
      const { task, turns, switches } = await this.view(id);
      let seen = from;
      for (const event of [...historyOf(task, turns, switches), stateEvent(task)]) {
        const fresh = newSince(event, seen);
        if (fresh === null) continue;
        seen = fresh.place ?? seen;
        yield fresh;
      }
      if (isEnded(task)) return;
      while (!signal.aborted) {
        if (queue.length > BEHIND_MAX) throw new TallyError('OVERLOADED', 'The events are not read as fast as they come.');
        const event = queue.shift();
        if (event === undefined) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          continue;
        }
        const fresh = newSince(event, seen);
        if (fresh === null) continue;
        seen = fresh.place ?? seen;
        yield fresh;
        if (fresh.change.kind === 'state' && isEnded(fresh.change.task)) return;
      }
    } finally {
      leave();
    }
  }

  async #move(id: string, from: readonly TaskState[], to: TaskState, change: (task: Task) => Task, reason?: string): Promise<Task> {
    const { books, watch, events } = this.#deps;
    const check = (task: Task) => {
      if (!from.includes(task.state)) throw new TallyError('TASK_STATE', `The task is ${task.state}.`, { state: task.state });
    };
    check(await books.task(id));
    await watch.audit(`task.${to}`, id, reason === undefined ? {} : { reason });
    const task = await books.update(id, (now) => {
      check(now);
      return { ...change(now), state: to };
    });
    events.emit(id, stateEvent(task));
    this.#runner.wake();
    return task;
  }
}
