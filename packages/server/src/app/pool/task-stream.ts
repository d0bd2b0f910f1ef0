import { TallyError } from '@tallystick/core';
import { readPlace, type Tasks } from '#pool';
import { poolErrorBody } from './answer.ts';
import { type Told, tell } from './task-answers.ts';

/** Proxies close a connection on which nothing comes. */
const ALIVE_MS = 15_000;

const HEADERS = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' };

/**
 * A task's events from where the caller stopped to read (`Last-Event-ID`), until it has ended. Who leaves does not stop it.
 * @throws INPUT_INVALID
 */
export function taskStream(tasks: Tasks, taskId: string, lastEventId: string | undefined): Response {
  const from = lastEventId === undefined || lastEventId === '' ? null : readPlace(lastEventId);
  if (from === null && lastEventId !== undefined && lastEventId !== '')
    throw new TallyError('INPUT_INVALID', 'The header `last-event-id` is none that was sent.', { field: 'last-event-id' });
  const left = new AbortController();
  const frames = framesOf(tasks, taskId, from, left.signal);
  let alive: NodeJS.Timeout | undefined;
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      alive = setInterval(() => controller.enqueue(bytesOf(':\n\n')), ALIVE_MS);
    },
    async pull(controller) {
      const { value, done } = await frames.next();
      if (done !== true) return controller.enqueue(bytesOf(value));
      clearInterval(alive);
      controller.close();
    },
    cancel() {
      clearInterval(alive);
      left.abort();
    },
  });
  return new Response(stream, { headers: HEADERS });
}

async function* framesOf(
  tasks: Tasks,
  taskId: string,
  from: ReturnType<typeof readPlace>,
  signal: AbortSignal,
): AsyncGenerator<string, void> {
  try {
    for await (const event of tasks.follow(taskId, from, signal)) {
      const told = await tell(event, () => tasks.view(taskId));
      if (told !== null) yield frame(told);
    }
  } catch (cause) {
    const error = cause instanceof TallyError ? cause : new TallyError('INTERNAL', undefined, {}, { cause });
    yield frame({ event: 'error', id: null, data: poolErrorBody(error) });
  }
}

function frame({ event, id, data }: Told): string {
  return `event: ${event}\n${id === null ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;
}

const encoder = new TextEncoder();
const bytesOf = (text: string) => encoder.encode(text);
