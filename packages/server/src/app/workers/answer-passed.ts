import { TallyError } from '@tallystick/core';
import type { OtherRoutes } from '../front.ts';
import type { FromWorker, ToWorker } from './messages.ts';

type Passed = Extract<FromWorker, { kind: 'request' }>;

/** Of one hop, or made anew for the next. */
const NOT_PASSED = /^(connection|content-length|expect|host|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade)$/i;
const WITHOUT_BODY = /^(GET|HEAD)$/;
const STREAM = /^text\/event-stream\b/i;

type Post = (message: ToWorker, bytes?: Uint8Array) => void;

/** Answers a request that a worker has passed on: in one message, or, where the answer is a stream, part by part. @param body copied. */
export async function answerPassed(other: OtherRoutes, passed: Passed, body: Buffer, post: Post, left: AbortSignal): Promise<void> {
  const response = await respond(other, passed, body, left);
  const headers = [...response.headers].filter(([name]) => !NOT_PASSED.test(name));
  const isStream = STREAM.test(response.headers.get('content-type') ?? '');
  const answer = { kind: 'answer', id: passed.id, status: response.status, headers, isStream } as const;
  if (!isStream) {
    post(answer, new Uint8Array(await response.arrayBuffer()));
    return;
  }
  post(answer);
  const isWhole = await passParts(response, (part) => post({ kind: 'answer-part', id: passed.id }, part), left);
  post({ kind: 'answer-end', id: passed.id, isWhole });
}

/** @returns whether the stream came to its end. */
async function passParts({ body }: Response, pass: (part: Uint8Array) => void, left: AbortSignal): Promise<boolean> {
  const reader = body?.getReader();
  const leave = () => void reader?.cancel().catch(() => {});
  left.addEventListener('abort', leave, { once: true });
  try {
    for (;;) {
      const read = await reader?.read();
      if (read?.value === undefined) return !left.aborted;
      pass(read.value);
    }
  } catch {
    return false;
  } finally {
    left.removeEventListener('abort', leave);
  }
}

async function respond(other: OtherRoutes, passed: Passed, body: Buffer, left: AbortSignal): Promise<Response> {
  const request = requestOf(passed, body, left);
  if (request === null) return refusal('ROUTE_UNKNOWN');
  try {
    return await other(request);
  } catch {
    return refusal('INTERNAL');
  }
}

function refusal(kind: 'ROUTE_UNKNOWN' | 'INTERNAL'): Response {
  const { code, message, fix, status, facts } = new TallyError(kind);
  return Response.json({ error: { code, message, fix, facts } }, { status });
}

/** @returns null where the path or the method is none that a request to such a route can have. */
function requestOf({ method, path, headers: raw }: Passed, body: Buffer, signal: AbortSignal): Request | null {
  if (!path.startsWith('/')) return null;
  try {
    const headers = new Headers();
    for (let at = 0; at + 1 < raw.length; at += 2) {
      const [name, value] = raw.slice(at, at + 2) as [string, string];
      if (!NOT_PASSED.test(name)) headers.append(name, value);
    }
    const init = { method, headers, signal, ...(WITHOUT_BODY.test(method) ? {} : { body: new Uint8Array(body) }) };
    return new Request(`http://localhost${path}`, init);
  } catch {
    return null;
  }
}
