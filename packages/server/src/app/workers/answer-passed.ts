import { TallyError } from '@tallystick/core';
import type { OtherRoutes } from '../front.ts';
import type { FromWorker, ToWorker } from './messages.ts';

type Passed = Extract<FromWorker, { kind: 'request' }>;

/** Of one hop, or made anew for the next. */
const NOT_PASSED = /^(connection|content-length|expect|host|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade)$/i;
const WITHOUT_BODY = /^(GET|HEAD)$/;

/** Answers a request that a worker has passed on. @param body copied. */
export async function answerPassed(
  other: OtherRoutes,
  passed: Passed,
  body: Buffer,
): Promise<{ readonly answer: ToWorker; readonly body: Uint8Array }> {
  const response = await respond(other, passed, body);
  const headers = [...response.headers].filter(([name]) => !NOT_PASSED.test(name));
  const answer = { kind: 'answer', id: passed.id, status: response.status, headers } as const;
  return { answer, body: new Uint8Array(await response.arrayBuffer()) };
}

async function respond(other: OtherRoutes, passed: Passed, body: Buffer): Promise<Response> {
  const request = requestOf(passed, body);
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
function requestOf({ method, path, headers: raw }: Passed, body: Buffer): Request | null {
  if (!path.startsWith('/')) return null;
  try {
    const headers = new Headers();
    for (let at = 0; at + 1 < raw.length; at += 2) {
      const [name, value] = raw.slice(at, at + 2) as [string, string];
      if (!NOT_PASSED.test(name)) headers.append(name, value);
    }
    const init = { method, headers, ...(WITHOUT_BODY.test(method) ? {} : { body: new Uint8Array(body) }) };
    return new Request(`http://localhost${path}`, init);
  } catch {
    return null;
  }
}
