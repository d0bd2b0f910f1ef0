import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { House } from './house.ts';
import { REQUEST_BODY, USAGE } from './payload.ts';
import type { Subject } from './subjects.ts';

/** The largest cap that a source takes. */
const CAP = 100_000_000;
const KEY = 'sk-tallystick-0123456789';
const SETTLED_MS_MAX = 20_000;

/** The daemon as `npm start` runs it, but for the sandbox: every call has a durable hold, a metered settlement and a signed receipt. */
export type Tallystick = { readonly subject: Subject; books(upstreamPort: number): Promise<Books> };

export type Books = { readonly ok: boolean; readonly lines: readonly string[] };

type Source = { readonly limit: string; readonly held: string; readonly spent: string; readonly overrun: string; readonly state: string };
type Verified = { readonly ok: boolean; readonly findings: readonly { readonly detail: string }[] };

export async function tallystick(house: House, upstreamPort: number, profile: string | null): Promise<Tallystick> {
  const main = fileURLToPath(import.meta.resolve('@tallystick/server/main'));
  const data = join(house.folder, 'data');
  const profiling = profile === null ? [] : ['--cpu-prof', '--cpu-prof-interval', '500', `--cpu-prof-dir=${profile}`];
  const { child, line } = await house.spawn('tallystick', ['--disable-warning=ExperimentalWarning', ...profiling, main, '--json'], {
    env: { PORT: '0', TALLY_DATA_DIR: data, TALLY_SANDBOX: '0' },
  });
  const { url, virtual_key } = JSON.parse(line) as { url: string; virtual_key: string };
  const token = readFileSync(join(data, 'admin-token'), 'utf8').trim();
  const admin = adminOf(url, token);
  const source = { name: 'bench', provider: 'openai', base_url: `http://127.0.0.1:${upstreamPort}/v1`, api_key: KEY, cap: CAP };
  const { id } = await admin<{ id: string }>('/sources', source);
  const authorization = `Bearer ${virtual_key}`;
  const subject: Subject = { name: 'Tallystick', url: `${url}/v1/chat/completions`, headers: { authorization }, child };
  return { subject, books: (port) => checkBooks({ admin, id, url, authorization, upstreamPort: port }) };
}

type Admin = <T>(path: string, body?: unknown) => Promise<T>;

function adminOf(url: string, token: string): Admin {
  return async <T>(path: string, body?: unknown) => {
    const response = await fetch(`${url}/api/admin${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`Tallystick refused ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  };
}

type Check = {
  readonly admin: Admin;
  readonly id: string;
  readonly url: string;
  readonly authorization: string;
  readonly upstreamPort: number;
};

/** Speed that is bought by not doing the work is none: what was spent must be what the upstream billed, and each call must have its receipt. */
async function checkBooks(check: Check): Promise<Books> {
  const receipt = await oneReceipt(check);
  const source = await settled(check);
  const served = (await (await fetch(`http://127.0.0.1:${check.upstreamPort}/served`)).json()) as Record<string, number>;
  const calls = served[`Bearer ${KEY}`] ?? 0;
  const billed = BigInt(calls) * BigInt(USAGE.total_tokens);
  const verified = await check.admin<Verified>('/audit/verify');
  const checks: readonly (readonly [string, boolean])[] = [
    [`spent ${source.spent} = billed ${billed} (${calls} calls)`, BigInt(source.spent) === billed && source.overrun === '0'],
    [`open holds ${source.held}`, source.held === '0'],
    [`spent + held within the cap of ${source.limit}`, BigInt(source.spent) + BigInt(source.held) <= BigInt(source.limit)],
    [`the source is ${source.state}`, source.state === 'active'],
    [`audit: ${verified.findings.map(({ detail }) => detail).join('; ')}`, verified.ok],
    [`the last call's receipt is ${receipt.status} for ${receipt.charged} tokens`, receipt.charged === String(USAGE.total_tokens)],
  ];
  return { ok: checks.every(([, ok]) => ok), lines: checks.map(([text, ok]) => `${ok ? 'yes' : 'NO '}  ${text}`) };
}

async function settled({ admin, id }: Check): Promise<Source> {
  return until(async () => {
    const source = await admin<Source>(`/sources/${id}`);
    return { done: source.held === '0', value: source };
  });
}

/** One call more, whose receipt is asked for until it is signed. */
async function oneReceipt({ url, authorization }: Check): Promise<{ status: string; charged: string }> {
  const headers = { authorization, 'content-type': 'application/json' };
  const answer = await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body: REQUEST_BODY });
  await answer.text();
  const id = answer.headers.get('x-tally-receipt') ?? 'missing';
  return until(async () => {
    const response = await fetch(`${url}/api/receipts/${id}`);
    const body = (await response.json()) as { receipt?: { charged?: unknown } };
    return {
      done: response.status === 200,
      value: { status: response.status === 200 ? 'signed' : 'NOT SIGNED', charged: String(body.receipt?.charged) },
    };
  });
}

/** Asks again for a while; the last answer counts, done or not. */
async function until<T>(ask: () => Promise<{ done: boolean; value: T }>): Promise<T> {
  const deadline = performance.now() + SETTLED_MS_MAX;
  for (;;) {
    const { done, value } = await ask();
    if (done || performance.now() > deadline) return value;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
