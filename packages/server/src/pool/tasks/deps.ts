import type { Clock } from '#ground/clock';
import type { Log } from '#ground/log';
import type { Approval, Budgets, Calls, Keys, Reservations, Watch } from './ports.ts';
import type { TaskBooks } from './task-books.ts';
import type { TaskEvents } from './task-events.ts';

export type TaskLimits = {
  /** Tasks that run at a time. */
  readonly runningMax: number;
  /** How long text may wait before it is made durable and told, ms. */
  readonly flushMs: number;
  /** The first wait of a task that cannot go on, and the longest, ms. */
  readonly waitMs: number;
  readonly waitMsMax: number;
  /** How often the runner looks for tasks, ms. */
  readonly tickMs: number;
  /** Longest time from a call's end to its settlement, ms. */
  readonly settleMsMax: number;
  /** Time that running calls get to end at shutdown, ms. */
  readonly stopMsMax: number;
};

/** What tasks are given; they make none of it themselves. */
export type TaskDeps = {
  readonly books: TaskBooks;
  readonly calls: Calls;
  readonly keys: Keys;
  readonly budgets: Budgets;
  readonly reservations: Reservations;
  readonly approval: Approval;
  readonly watch: Watch;
  readonly events: TaskEvents;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: TaskLimits;
  /** This host's name: donated keys are sealed here, and tasks run where their keys are. */
  readonly host: () => Promise<string>;
};
