import { TallyError } from '@tallystick/core';
import { isEnded, placeText, type Switch, type Task, type TaskEvent, type TaskView, type Turn } from '#pool';

export type Json = Readonly<Record<string, unknown>>;

/** A task as it is shown. Amounts are safe integers: no budget is larger. */
export function taskJson(task: Task): Json {
  return {
    task_id: task.id,
    state: task.state,
    mode: task.mode,
    provider: task.provider,
    model: task.chosenModel ?? task.model,
    tokens: Number(task.tokens),
    proposed_by: task.by,
    priority: task.priority,
    created_at: task.createdAt,
    queued_at: task.queuedAt,
    ended_at: task.endedAt,
    ran_ms: task.ranMs,
    time_limit_s: task.timeLimitMs === null ? null : Math.ceil(task.timeLimitMs / 1000),
  };
}

/** A task with all that it has come to. `finish`: `end` where the model was done, `length` where the budget was used up first. */
export function viewJson({ task, turns, switches, result }: TaskView): Json {
  const charged = turns.flatMap(({ turn }) => (turn.charged === null ? [] : [{ key: turn.keyId, tokens: turn.charged }]));
  const byKey = new Map<string, bigint>();
  for (const { key, tokens } of charged) byKey.set(key, (byKey.get(key) ?? 0n) + tokens);
  const used = [...byKey].filter(([, tokens]) => tokens > 0n);
  return {
    success: task.state === 'done',
    result,
    tokens_used: Number(charged.reduce((sum, { tokens }) => sum + tokens, 0n)),
    keys_used: used.length,
    finish: task.finish,
    by_key: used.map(([key_id, tokens]) => ({ key_id, tokens: Number(tokens) })),
    turns: turns.map(({ turn }) => turnJson(turn)),
    switches: switches.map(switchJson),
    receipts: turns.flatMap(({ turn }) => (turn.receiptId === null ? [] : [turn.receiptId])),
    ...taskJson(task),
    ...reasonJson(task),
  };
}

export function turnJson(turn: Turn): Json {
  return {
    turn: turn.number,
    kind: turn.kind,
    state: turn.state,
    key_id: turn.keyId,
    model: turn.model,
    output_limit: Number(turn.output),
    held: turn.held === null ? null : Number(turn.held),
    tokens: turn.charged === null ? null : Number(turn.charged),
    receipt: turn.receiptId,
    stop: turn.stop,
    started_at: turn.startedAt,
    ended_at: turn.endedAt,
  };
}

export function switchJson({ taskId, turn, from, to, reason, left, at }: Switch): Json {
  return { task_id: taskId, turn, from, to, reason, tokens_left: Number(left), at };
}

/** Why it waits or has failed; nothing where it has not. */
function reasonJson(task: Task): Json {
  const error = errorOf(task);
  if (error === null) return {};
  const wake = task.state === 'waiting' ? { wake_at: task.wakeAt } : {};
  return { error: error.code, message: error.message, fix: error.fix, facts: error.facts, ...wake };
}

/** What a task that is not done says; null where nothing is wrong. */
export function errorOf(task: Task): TallyError | null {
  if (task.reason !== null) return new TallyError(task.reason.code, task.reason.message, { ...task.reason.facts, task_id: task.id });
  if (task.state === 'cancelled' || task.state === 'rejected')
    return new TallyError('TASK_STATE', `The task was ${task.state}.`, { task_id: task.id, state: task.state });
  return null;
}

export type Told = { readonly event: string; readonly id: string | null; readonly data: Json };

/** An event as it is sent; null for those that tell a caller nothing. @param view of the task, once it has ended. */
export async function tell({ place, change }: TaskEvent, view: () => Promise<TaskView>): Promise<Told | null> {
  const id = place === null ? null : placeText(place);
  switch (change.kind) {
    case 'task':
      return { event: 'task', id, data: taskJson(change.task) };
    case 'switch':
      return { event: 'switch', id, data: switchJson(change.change) };
    case 'turn':
      return { event: 'turn', id, data: turnJson(change.turn) };
    case 'text':
      return { event: 'text', id, data: { turn: change.turn, text: change.text } };
    case 'state':
      return tellState(change.task, view);
  }
}

async function tellState(task: Task, view: () => Promise<TaskView>): Promise<Told | null> {
  if (task.state === 'waiting') return { event: 'waiting', id: null, data: { ...taskJson(task), ...reasonJson(task) } };
  if (!isEnded(task)) return null;
  // What was written has been told already.
  const { result: _, ...data } = viewJson(await view());
  return { event: task.state === 'done' ? 'done' : 'error', id: null, data };
}
