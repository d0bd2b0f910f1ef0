import { setTimeout as sleep } from 'node:timers/promises';
import { TallyError } from '@tallystick/core';
import type { TaskDeps } from './deps.ts';
import type { TurnAsk } from './dialects/dialect.ts';
import { faultOf } from './faults.ts';
import type { DialectName, Settled } from './ports.ts';
import type { TurnText } from './story.ts';
import { textEvent, turnEvent } from './task-events.ts';
import { TextLog } from './text-log.ts';
import type { Stop, Task, Turn } from './types.ts';

/** A first call under the same key is asked for again after this, ms. */
const RUNNING_AGAIN_MS = 500;

export type CallContext = {
  readonly deps: TaskDeps;
  readonly task: Task;
  readonly signal: AbortSignal;
  readonly dialect: DialectName;
  readonly ask: TurnAsk;
};

/** A turn after its call. `error`: why it has no end of its own. */
export type Called = TurnText & { readonly parts: number; readonly error: TallyError | null };

type Begun = TurnText & { readonly parts: number };

/**
 * Makes a turn's call and keeps all of it: its receipt, what it writes as it comes, and what it was charged. A call that was made before a restart
 * is asked for again under the same idempotency key: then it gives the kept answer, or says that there is none; it is never sent twice.
 */
export async function makeCall(context: CallContext, begun: Begun): Promise<Called> {
  const { deps, task, signal } = context;
  const { books, events, limits } = deps;
  let { turn, text, parts } = begun;
  const isAnswer = turn.kind === 'answer';
  const log = new TextLog({
    flushMs: limits.flushMs,
    from: parts,
    save: (part, piece) => books.addText(task.id, turn.number, part, piece),
    saved: (piece) => {
      text += piece;
      parts += 1;
      if (isAnswer) events.emit(task.id, textEvent(turn.number, text.length, piece));
    },
  });
  let stop: Stop | null = null;
  let error: TallyError | null = null;
  try {
    // What is in the books already comes again with a kept answer.
    let skip = text.length;
    for await (const event of untilThere(context, turn)) {
      if (event.kind === 'admitted') {
        turn = { ...turn, receiptId: event.receiptId, held: event.held ?? turn.held };
        await books.saveTurn(turn);
      } else if (event.kind === 'text') {
        log.push(event.text.slice(skip));
        skip = Math.max(0, skip - event.text.length);
      } else {
        stop = event.stop;
        turn = { ...turn, kept: event.kept };
      }
    }
    if (stop === null) error = new TallyError('UPSTREAM_ERROR', 'The answer ended before it was complete.');
  } catch (cause) {
    error = cause instanceof TallyError ? cause : new TallyError('INTERNAL', undefined, {}, { cause });
  }
  await log.end();
  const receiptId = turn.receiptId ?? receiptIn(error);
  const settled = receiptId === null ? null : await settledOf(deps, receiptId, signal);
  turn = { ...turn, receiptId, charged: settled?.charged ?? null, stop };
  return { turn, text, parts, error };
}

/** Closes a turn in the books. `cut`: its end did not come. */
export async function closeTurn({ books, events, clock }: TaskDeps, turn: Turn, state: 'ended' | 'cut'): Promise<Turn> {
  const closed: Turn = { ...turn, state, endedAt: clock.wallMs() };
  await books.saveTurn(closed);
  events.emit(turn.taskId, turnEvent(closed));
  return closed;
}

/** Asks again while the first call under the same idempotency key is running. */
async function* untilThere({ deps, task, dialect, ask, signal }: CallContext, { keyId, reservationId, number, attempt }: Turn) {
  for (;;) {
    signal.throwIfAborted();
    const idempotencyKey = `${task.id}/${number}/${attempt}`;
    const events = deps.calls.call({ dialect, ask, taskId: task.id, keyId, reservationId, idempotencyKey, signal });
    try {
      yield* events;
      return;
    } catch (error) {
      if (!(error instanceof TallyError) || faultOf(error.code).kind !== 'running') throw error;
    }
    await sleep(RUNNING_AGAIN_MS, undefined, { signal });
  }
}

function receiptIn(error: TallyError | null): string | null {
  const receipt = error?.facts['receipt'];
  return typeof receipt === 'string' ? receipt : null;
}

/** @returns null where it takes too long, or the task is to stop: what was charged then is read later. */
async function settledOf({ budgets, limits }: TaskDeps, receiptId: string, signal: AbortSignal): Promise<Settled | null> {
  // Whoever stops a task need not wait for the provider's last word.
  const within = signal.aborted ? AbortSignal.timeout(0) : AbortSignal.any([signal, AbortSignal.timeout(limits.settleMsMax)]);
  try {
    return await budgets.settled(receiptId, within);
  } catch (cause) {
    if (within.aborted) return null;
    throw cause;
  }
}
