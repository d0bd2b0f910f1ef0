import { responseHash, saltKeyOf, verifyBundle, verifyContent } from '@tallystick/core';
import { expect } from 'vitest';
import type { TestDaemon } from './daemon.ts';

/** One exchange as it crossed the wire between an SDK and the gateway. */
export type Recorded = {
  readonly path: string;
  readonly status: number;
  readonly code: string | null;
  readonly receipt: string | null;
  readonly virtualKey: string;
  readonly request: Uint8Array;
  /** Null where the SDK left the answer before its end. */
  readonly response: Promise<Uint8Array | null>;
};

type Fetch = typeof fetch;

/** A `fetch` for an SDK that keeps what passes, so that a test can count requests and hold receipts against their bytes. */
export function recordingFetch(): { fetch: Fetch; readonly all: Recorded[] } {
  const all: Recorded[] = [];
  const recording: Fetch = async (input, init) => {
    const answer = await fetch(input, init);
    const copy = answer.clone();
    // A reader that leaves a stream early tears both branches down: what was delivered is then not known here.
    const response = copy.arrayBuffer().then(
      (buffer) => new Uint8Array(buffer),
      () => null,
    );
    all.push({
      path: new URL(String(input instanceof Request ? input.url : input)).pathname,
      status: answer.status,
      code: answer.headers.get('x-tally-error'),
      receipt: answer.headers.get('x-tally-receipt'),
      virtualKey: keyIn(new Headers(init?.headers)),
      request: new TextEncoder().encode(typeof init?.body === 'string' ? init.body : ''),
      response,
    });
    return answer;
  };
  return { fetch: recording, all };
}

/** Each SDK puts its key somewhere else. */
function keyIn(headers: Headers): string {
  const [first] = ['authorization', 'x-api-key', 'x-goog-api-key'].flatMap((name) => headers.get(name) ?? []);
  return String(first).replace('Bearer ', '');
}

export type Bundle = NonNullable<ReturnType<typeof verifyBundle>['bundle']>;

/** Fetches a receipt once it is signed, and verifies it with nothing but itself. */
export async function verifiedReceipt(daemon: TestDaemon, id: string): Promise<Bundle> {
  for (let tries = 0; tries < 200; tries += 1) {
    const answer = await fetch(`${daemon.url}/api/receipts/${id}`);
    const text = await answer.text();
    if (answer.status === 202) {
      await new Promise((resolve) => setTimeout(resolve, 25));
      continue;
    }
    expect(answer.status, text).toBe(200);
    const { ok, checks, bundle } = verifyBundle(text);
    expect(
      checks.filter((check) => !check.ok),
      id,
    ).toEqual([]);
    expect(ok).toBe(true);
    return bundle as Bundle;
  }
  throw new Error(`receipt ${id} was not signed in time`);
}

/** Every call's receipt verifies and covers the bytes of both directions. @returns tokens charged, over all. */
export async function verifyAll(daemon: TestDaemon, calls: readonly Recorded[]): Promise<bigint> {
  let charged = 0n;
  for (const call of calls) {
    if (call.receipt === null) continue;
    const { receipt, detail } = await verifiedReceipt(daemon, call.receipt);
    charged += receipt.charged;
    const saltKey = saltKeyOf(call.virtualKey);
    expect(verifyContent(receipt, saltKey, call.request).filter(({ ok }) => !ok)).toEqual([]);
    const bytes = await call.response;
    // An answer that the gateway makes itself is no delivery of the upstream's.
    if (call.status >= 400 || bytes === null) continue;
    const hash = responseHash(saltKey, receipt.callId, bytes, detail['complete'] === true);
    expect(hash, `${call.path}: ${JSON.stringify(detail)}`).toBe(receipt.responseHash);
  }
  return charged;
}

/** Both logs of the daemon agree with themselves, and nothing is held any more. */
export async function expectSoundBooks(daemon: TestDaemon): Promise<void> {
  await noOpenHolds(daemon);
  const { body } = await daemon.admin<{ ok: boolean; findings: { ok: boolean }[] }>('/audit/verify');
  expect(body.findings.filter(({ ok }) => !ok)).toEqual([]);
  expect(body.ok).toBe(true);
}

/** Settling happens off the answer's path, so a little time may pass. */
export async function noOpenHolds(daemon: TestDaemon, withinMs = 30_000): Promise<void> {
  const until = Date.now() + withinMs;
  let detail = '';
  do {
    const { body } = await daemon.admin<{ findings: { check: string; detail: string }[] }>('/doctor');
    detail = body.findings.find(({ check }) => check === 'open holds')?.detail ?? 'no finding';
    if (detail.startsWith('0 ')) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  } while (Date.now() < until);
  throw new Error(`holds stay open: ${detail}`);
}

export type SourceView = {
  readonly id: string;
  readonly spent: string;
  readonly held: string;
  readonly state: string;
  readonly overrun: string;
};

export async function addSource(daemon: TestDaemon, source: Readonly<Record<string, unknown>>): Promise<SourceView> {
  const { status, body } = await daemon.admin<SourceView>('/sources', source);
  expect(status, JSON.stringify(body)).toBe(201);
  return body;
}

export async function addKey(daemon: TestDaemon, key: Readonly<Record<string, unknown>>): Promise<{ id: string; virtual_key: string }> {
  const { status, body } = await daemon.admin<{ id: string; virtual_key: string }>('/keys', key);
  expect(status, JSON.stringify(body)).toBe(201);
  return body;
}

export async function showSource(daemon: TestDaemon, id: string): Promise<SourceView> {
  return (await daemon.admin<SourceView>(`/sources/${id}`)).body;
}
