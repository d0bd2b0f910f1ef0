import type { Asker } from '../../asker.ts';
import { CliError } from '../../cli-error.ts';
import type { Context } from '../../context.ts';
import type { Events, SentEvent } from '../../events.ts';
import { TASKS } from './task.ts';

/** In a row, without anything new in between: enough for a daemon that is started again. */
const TRIES_MAX = 30;
const AGAIN_MS = 1000;
/** What nobody knows the end of; anything else that a task waits for passes in moments. */
const LONG_WAITS: ReadonlySet<unknown> = new Set(['GOVERNANCE_LOCKED', 'POOL_STOPPED', 'NO_AVAILABLE_KEYS']);

export type Told = { text(piece: string): void; note(what: string): void };
export type End = { readonly taskId: string; readonly event: 'done' | 'error' | 'waiting'; readonly data: unknown };

type Data = {
  readonly task_id?: string;
  readonly text?: string;
  readonly to?: string;
  readonly reason?: string;
  readonly error?: string;
};

/**
 * Reads a task's events until it has ended, or waits for what may take long. Where the connection breaks off it reads on from where it was: the
 * task does not stop meanwhile, and no event is told twice.
 * @throws DAEMON_UNREACHABLE where the daemon stays away
 */
export async function followTask({ client, io }: Context, asker: Asker, first: Events, told: Told): Promise<End> {
  const seen: { taskId: string | null; place: string | null } = { taskId: null, place: null };
  let events: Events | null = first;
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    try {
      for await (const sent of events ?? []) {
        if (sent.id !== null) tries = 0;
        seen.place = sent.id ?? seen.place;
        seen.taskId ??= (sent.data as Data).task_id ?? null;
        const end = take(sent, told);
        if (end !== null) return { taskId: seen.taskId ?? '', event: end, data: sent.data };
      }
    } catch {
      // It broke off: how says nothing of the task.
    }
    if (seen.taskId === null) break;
    await io.sleep(AGAIN_MS);
    events = await again(seen.taskId, seen.place);
  }
  const fix = seen.taskId === null ? 'See tally pool task list.' : `The task may go on: tally pool task show ${seen.taskId}.`;
  throw new CliError('DAEMON_UNREACHABLE', 'The connection to the daemon broke off.', 'unreachable', fix);

  async function again(taskId: string, place: string | null): Promise<Events | null> {
    try {
      const as = { ...(await asker.reading('task', taskId)), ...(place === null ? {} : { 'last-event-id': place }) };
      const answer = await client.follow('GET', `${TASKS}/${encodeURIComponent(taskId)}/events`, { as });
      return 'events' in answer ? answer.events : null;
    } catch (error) {
      if (error instanceof CliError && error.exit === 'refused') throw error;
      return null;
    }
  }
}

/** @returns how it ended, where this says so. */
function take({ event, data }: SentEvent, told: Told): End['event'] | null {
  const { text, to, reason, error } = data as Data;
  if (event === 'text') told.text(text ?? '');
  if (event === 'switch') told.note(`Goes on with key ${to} (${reason}).`);
  if (event === 'waiting') {
    if (LONG_WAITS.has(error)) return 'waiting';
    told.note(`Waits: ${error}.`);
  }
  return event === 'done' || event === 'error' ? event : null;
}
