import { setTimeout as sleep } from 'node:timers/promises';
import { type ReceiptBundle, verifyBundle } from '@tallystick/core';
import type { TestDaemon } from './daemon.ts';

/** What one caller saw. `died`: the connection ended before the answer did; whatever had come until then stands. */
export type Seen = {
  readonly status: number;
  readonly code: string | null;
  readonly receipt: string | null;
  readonly headers: Headers;
  readonly text: string;
  readonly died: boolean;
};

export type Ask = {
  readonly model: string;
  readonly stream?: boolean;
  readonly max?: number;
  readonly content?: string;
  readonly endpoint?: 'chat' | 'responses';
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
};

const NOTHING: Seen = { status: 0, code: null, receipt: null, headers: new Headers(), text: '', died: true };
const WAIT_MS = 60_000;

export function bodyOf({ model, stream, max, content = 'Hello', endpoint = 'chat' }: Ask): string {
  const common = { model, ...(stream === true ? { stream: true } : {}) };
  if (endpoint === 'responses')
    return JSON.stringify({ ...common, input: content, ...(max === undefined ? {} : { max_output_tokens: max }) });
  const limit = max === undefined ? {} : { max_completion_tokens: max };
  return JSON.stringify({ ...common, ...limit, messages: [{ role: 'user', content }] });
}

/** One call, read to its end. Never throws: what a caller can see is the result. */
export async function call(url: string, key: string, ask: Ask): Promise<Seen> {
  let response: Response;
  try {
    response = await fetch(`${url}/v1/${ask.endpoint === 'responses' ? 'responses' : 'chat/completions'}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...ask.headers },
      body: bodyOf(ask),
      ...(ask.signal === undefined ? {} : { signal: ask.signal }),
    });
  } catch {
    return NOTHING;
  }
  const { text, died } = await readAll(response);
  const { status, headers } = response;
  const code = headers.get('x-tally-error') ?? errorIn(text);
  return { status, code, receipt: headers.get('x-tally-receipt'), headers, text, died };
}

async function readAll(response: Response): Promise<{ text: string; died: boolean }> {
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk, { stream: true });
    return { text, died: false };
  } catch {
    return { text, died: true };
  }
}

/** The code of an error frame inside a stream that had begun, or null. */
function errorIn(text: string): string | null {
  return /"error":\{.*"code":"([A-Z_]+)"/.exec(text)?.[1] ?? null;
}

/** As a well-made client: what is only busy is asked again, until there is a final answer. */
export async function callUntilFinal(url: string, key: string, ask: Ask): Promise<Seen> {
  const until = performance.now() + WAIT_MS;
  for (;;) {
    const seen = await call(url, key, ask);
    if (seen.code !== 'CAP_BUSY' || performance.now() > until) return seen;
    await sleep(20);
  }
}

/** Polls until `probe` gives something. @throws with `what` when it takes too long. */
export async function eventually<T>(what: string, probe: () => Promise<T | null | undefined | false>, withinMs = WAIT_MS): Promise<T> {
  const until = performance.now() + withinMs;
  for (;;) {
    const found = await probe();
    if (found !== null && found !== undefined && found !== false) return found;
    if (performance.now() > until) throw new Error(`${what}: not within ${withinMs} ms`);
    await sleep(20);
  }
}

/** The receipt of a call, once it is signed, verified by nothing but itself. @throws where it does not verify. */
export async function receiptOf(url: string, id: string | null): Promise<ReceiptBundle> {
  const json = await eventually(`receipt ${id}`, async () => {
    const response = await fetch(`${url}/api/receipts/${id}`);
    if (response.status !== 200 && response.status !== 202) throw new Error(`receipt ${id}: status ${response.status}`);
    const body = await response.json();
    return response.status === 200 ? body : null;
  });
  const { ok, checks, bundle } = verifyBundle(json);
  if (!ok || bundle === null) throw new Error(`receipt ${id} does not verify: ${JSON.stringify(checks.filter((check) => !check.ok))}`);
  return bundle;
}

export type SourceView = {
  readonly id: string;
  readonly state: string;
  readonly state_reason: string | null;
  readonly ceiling: string;
  readonly limit: string;
  readonly held: string;
  readonly spent: string;
  readonly overrun: string;
  readonly left: string;
  readonly secret: string;
};

export async function sourceView(daemon: TestDaemon, id: string): Promise<SourceView> {
  const { status, body } = await daemon.admin<SourceView>(`/sources/${id}`);
  if (status !== 200) throw new Error(`source ${id}: ${status} ${JSON.stringify(body)}`);
  return body;
}

/** The source once no call holds anything of it any more. */
export async function settledSource(daemon: TestDaemon, id: string): Promise<SourceView> {
  return eventually(`source ${id} settled`, async () => {
    const view = await sourceView(daemon, id);
    return view.held === '0' ? view : null;
  });
}

export type NewSource = Readonly<{
  name?: string;
  provider?: string;
  base_url: string;
  api_key: string;
  cap: number;
  settle?: 'metered' | 'hold';
  count_consent?: boolean;
  models?: Record<string, unknown>;
  tariff?: readonly Readonly<Record<string, string>>[];
}>;

/** @returns its id. */
export async function addSource(daemon: TestDaemon, source: NewSource): Promise<string> {
  const { status, body } = await daemon.admin<{ id: string }>('/sources', { name: 'test', provider: 'sandbox', ...source });
  if (status !== 201) throw new Error(`a source was refused: ${status} ${JSON.stringify(body)}`);
  return body.id;
}

export async function addKey(
  daemon: TestDaemon,
  key: { name?: string; limit?: number; credits?: number; sources?: readonly string[] } = {},
): Promise<{ id: string; key: string }> {
  const { status, body } = await daemon.admin<{ id: string; virtual_key: string }>('/keys', { name: 'test', ...key });
  if (status !== 201) throw new Error(`a key was refused: ${status} ${JSON.stringify(body)}`);
  return { id: body.id, key: body.virtual_key };
}

type Report = { readonly ok: boolean; readonly findings: readonly { check: string; ok: boolean; detail: string }[] };

/** What `audit verify` (or `doctor`) finds wrong, one sentence each; empty when all is sound. */
export async function wrongs(daemon: TestDaemon, route: 'audit/verify' | 'doctor' = 'audit/verify'): Promise<readonly string[]> {
  const { status, body } = await daemon.admin<Report>(`/${route}`);
  if (status !== 200) throw new Error(`${route}: ${status} ${JSON.stringify(body)}`);
  return body.findings.filter(({ ok }) => !ok).map(({ check, detail }) => `${check}: ${detail}`);
}
