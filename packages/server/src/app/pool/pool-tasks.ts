import { type Approval, ContentSeal, TaskBooks, type TaskDeps, TaskEvents, Tasks } from '#pool';
import { hostId } from '../host-id.ts';
import type { Loopback } from './loopback.ts';
import { LoopbackCalls } from './loopback-calls.ts';
import type { PoolParts } from './pool.ts';
import { PoolKeys } from './pool-keys.ts';
import { TaskBudgets } from './task-budgets.ts';
import { TaskReservations } from './task-reservations.ts';

/** Text is told four times a second: each time is a commit. */
const FLUSH_MS = 250;
const WAIT_MS = 2_000;
const WAIT_MS_MAX = 60_000;
const TICK_MS = 1_000;
/** A call's end is committed within milliseconds, but for books that are away. */
const SETTLE_MS_MAX = 60_000;
/** Where the books are one host's alone, its tasks go with them. */
const ONLY_HOST = 'local';

/** The pool's tasks, joined: they call through the gateway's own door with keys of their own. */
export function poolTasks(parts: PoolParts, door: () => Loopback, approval: Approval): Tasks {
  const { ledger, vault, clock, log, config, isShared, front } = parts;
  const budgets = new TaskBudgets({ ledger, principals: front.principals, vault });
  return new Tasks({
    books: new TaskBooks(ledger, new ContentSeal(vault.derive('pool-content'))),
    calls: new LoopbackCalls(door, (taskId) => budgets.secret(taskId)),
    keys: new PoolKeys({ ledger, vault, clock }),
    budgets,
    reservations: new TaskReservations(ledger),
    approval,
    watch: watchOf(parts),
    events: new TaskEvents(),
    clock,
    log,
    host: async () => (isShared ? hostId(config.TALLY_SLOT_DIR) : ONLY_HOST),
    limits: {
      runningMax: config.TALLY_POOL_TASKS_MAX,
      flushMs: FLUSH_MS,
      waitMs: WAIT_MS,
      waitMsMax: WAIT_MS_MAX,
      tickMs: TICK_MS,
      settleMsMax: SETTLE_MS_MAX,
      stopMsMax: config.TALLY_SHUTDOWN_MS,
    },
  });
}

function watchOf({ vault, log }: PoolParts): TaskDeps['watch'] {
  return {
    breached: async (task, turn) => {
      log.error({ task: task.id, source: turn.keyId, receipt: turn.receiptId }, 'a donated key’s upstream went beyond what it was sent');
      await vault.audit('task.breach', task.id, { key_id: turn.keyId, turn: turn.number, receipt: turn.receiptId ?? '' });
    },
    audit: async (kind, taskId, data) => {
      await vault.audit(kind, taskId, data);
    },
  };
}
