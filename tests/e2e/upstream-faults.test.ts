import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  addKey,
  addSource,
  call,
  type NewSource,
  receiptOf,
  type Seen,
  type SourceView,
  settledSource,
  wrongs,
} from '../support/calling.ts';
import { startDaemon, type TestDaemon } from '../support/daemon.ts';
import { type OwnSandbox, ownSandbox, type Usage } from '../support/sandbox.ts';

/** Receipt kinds: what the source was charged by. */
const METERED = 1;
const BURNED = 2;
const BOUND = 3;
const LIMIT = 20;

let sandbox: OwnSandbox;
let daemon: TestDaemon;

beforeAll(async () => {
  sandbox = await ownSandbox();
  const env = { TALLY_SANDBOX: '0', TALLY_UPSTREAM_HEADERS_MS: '500', TALLY_UPSTREAM_IDLE_MS: '500', TALLY_LOG_LEVEL: 'fatal' };
  daemon = await startDaemon({ env });
});

afterAll(async () => {
  await daemon?.dispose();
  await sandbox?.close();
});

type Case = { readonly seen: Seen; readonly view: SourceView; readonly kind: number; readonly charged: bigint; readonly billed: Usage };

/** One call of a source of its own, from the caller's answer to the upstream's count. */
async function one(model: string, stream: boolean, more: Partial<NewSource> & { content?: string } = {}): Promise<Case & { key: string }> {
  const { content, ...source } = more;
  const apiKey = `sk-${model}-${stream}-${source.settle ?? ''}-${content ?? ''}-abcdefghijkl`;
  const id = await addSource(daemon, { base_url: `${sandbox.url}/v1`, api_key: apiKey, cap: 10_000, ...source });
  const { key } = await addKey(daemon, { sources: [id] });
  const seen = await call(daemon.url, key, { model, stream, max: LIMIT, ...(content === undefined ? {} : { content }) });
  const view = await settledSource(daemon, id);
  const { receipt } = await receiptOf(daemon.url, seen.receipt);
  expect(receipt.charged).toBe(BigInt(view.spent) + BigInt(view.overrun));
  // Neither the key nor an end of it is ever shown, also not in the words of an upstream that quotes it.
  expect(seen.text).not.toContain(apiKey.slice(0, 8));
  expect(seen.text).not.toContain('ijkl');
  return { seen, view, kind: receipt.kind, charged: receipt.charged, billed: await sandbox.usage(apiKey), key };
}

const held = ({ seen }: Case) => BigInt(seen.headers.get('x-tally-held') as string);

type Row = readonly [
  model: string,
  stream: boolean,
  status: number,
  code: string | null,
  kind: number,
  charged: 'hold' | 'nothing' | 'usage',
];

/** What each way of misbehaving comes to. A stream that has begun has status 200; its error comes as a last frame. */
const ROWS: readonly Row[] = [
  ['cut', false, 502, 'UPSTREAM_ERROR', BURNED, 'hold'],
  ['cut', true, 200, 'UPSTREAM_ERROR', BURNED, 'hold'],
  ['reset', false, 502, 'UPSTREAM_ERROR', BURNED, 'hold'],
  ['reset', true, 502, 'UPSTREAM_ERROR', BURNED, 'hold'],
  ['hang', false, 504, 'UPSTREAM_TIMEOUT', BURNED, 'hold'],
  ['hang', true, 504, 'UPSTREAM_TIMEOUT', BURNED, 'hold'],
  ['stall', false, 504, 'UPSTREAM_TIMEOUT', BURNED, 'hold'],
  ['stall', true, 200, 'UPSTREAM_TIMEOUT', BURNED, 'hold'],
  ['no-usage', false, 200, null, BOUND, 'hold'],
  ['no-usage', true, 200, null, BOUND, 'hold'],
  ['bad-usage', false, 200, null, BOUND, 'hold'],
  ['bad-usage', true, 200, null, BOUND, 'hold'],
  ['refuse', false, 400, 'UPSTREAM_REFUSED', METERED, 'nothing'],
  ['refuse', true, 400, 'UPSTREAM_REFUSED', METERED, 'nothing'],
  ['refuse-rate', false, 429, 'UPSTREAM_RATE_LIMITED', METERED, 'nothing'],
  ['refuse-rate', true, 429, 'UPSTREAM_RATE_LIMITED', METERED, 'nothing'],
  ['refuse-auth', false, 502, 'UPSTREAM_AUTH', METERED, 'nothing'],
  ['refuse-auth', true, 502, 'UPSTREAM_AUTH', METERED, 'nothing'],
  ['error', false, 502, 'UPSTREAM_ERROR', BURNED, 'hold'],
  ['error', true, 502, 'UPSTREAM_ERROR', BURNED, 'hold'],
  ['twice', false, 200, null, METERED, 'usage'],
  ['twice', true, 200, null, METERED, 'usage'],
  ['garbage', false, 502, 'UPSTREAM_ERROR', BOUND, 'hold'],
  ['garbage', true, 200, 'UPSTREAM_ERROR', BURNED, 'hold'],
  ['html', false, 502, 'UPSTREAM_ERROR', BOUND, 'hold'],
  ['html', true, 502, 'UPSTREAM_ERROR', BOUND, 'hold'],
  ['huge', true, 200, 'UPSTREAM_ERROR', BURNED, 'hold'],
  ['redirect', false, 502, 'UPSTREAM_ERROR', BURNED, 'hold'],
  ['redirect', true, 502, 'UPSTREAM_ERROR', BURNED, 'hold'],
];

describe('an upstream that misbehaves', () => {
  it.concurrent.each(ROWS)('sandbox-%s, stream: %s → %s %s', async (name, stream, status, code, kind, charged) => {
    const got = await one(`sandbox-${name}`, stream);
    expect(got.seen).toMatchObject({ status, code, died: false });
    expect(got.kind).toBe(kind);
    const expected = { hold: held(got), nothing: 0n, usage: BigInt(got.billed.total_tokens) }[charged];
    expect(got.charged).toBe(expected);
    expect(got.view).toMatchObject({ state: 'active', held: '0', overrun: '0' });
    // I2: what it billed is within what was spent; one request on the wire, none of its own accord.
    expect(got.billed.total_tokens).toBeLessThanOrEqual(Number(got.charged));
    expect(got.billed.requests).toBeLessThanOrEqual(1);
  });

  it.concurrent.each(['fraction', 'string', 'huge', 'null', 'mismatch'])(
    'a usage report of nonsense (%s) is not believed',
    async (content) => {
      for (const stream of [false, true]) {
        const got = await one('sandbox-bad-usage', stream, { content });
        expect([got.kind, got.charged]).toEqual([BOUND, held(got)]);
        expect(got.billed.total_tokens).toBeLessThanOrEqual(Number(got.charged));
      }
    },
  );

  it('a second answer on the same socket is never given to the next caller', async () => {
    const { key } = await one('sandbox-twice', false, { api_key: 'sk-twice-abcdefghijkl' });
    const next = await call(daemon.url, key, { model: 'sandbox-fixed-5', content: 'another question' });
    expect(next).toMatchObject({ status: 200 });
    expect(JSON.parse(next.text)).toMatchObject({ model: 'sandbox-fixed-5', usage: { total_tokens: 5 } });
    expect((await sandbox.usage('sk-twice-abcdefghijkl')).requests).toBe(2);
  });
});

describe('the official SDK sees', () => {
  const client = (key: string) => new OpenAI({ apiKey: key, baseURL: `${daemon.url}/v1`, maxRetries: 0 });
  const ask = (model: string) => ({ model, max_completion_tokens: LIMIT, messages: [{ role: 'user' as const, content: 'Hello' }] });

  async function key(): Promise<string> {
    const id = await addSource(daemon, {
      base_url: `${sandbox.url}/v1`,
      api_key: `sk-sdk-${Math.trunc(performance.now() * 1000)}`,
      cap: 10_000,
    });
    return (await addKey(daemon, { sources: [id] })).key;
  }

  it.each(['cut', 'stall', 'endless', 'huge'])('an error thrown out of a stream that breaks (%s)', async (name) => {
    const stream = await client(await key()).chat.completions.create({ ...ask(`sandbox-${name}`), stream: true });
    const read = async () => {
      for await (const _ of stream);
    };
    await expect(read()).rejects.toBeInstanceOf(OpenAI.APIError);
  });

  it.each([
    ['reset', 502, 'UPSTREAM_ERROR'],
    ['refuse', 400, 'UPSTREAM_REFUSED'],
    ['refuse-rate', 429, 'UPSTREAM_RATE_LIMITED'],
    ['error', 502, 'UPSTREAM_ERROR'],
  ])('its own class with our code for an answer that fails (%s)', async (name, status, code) => {
    const answer = client(await key()).chat.completions.create(ask(`sandbox-${name}`));
    await expect(answer).rejects.toMatchObject({ status, code });
    await expect(answer).rejects.toBeInstanceOf(OpenAI.APIError);
  });
});

describe('an upstream that lies low cannot be detected', () => {
  it.each([
    ['sandbox-lie-low', false],
    ['sandbox-lie-low', true],
    ['sandbox-lie-zero', false],
    ['sandbox-lie-zero', true],
  ])('%s, stream: %s: what it reports is charged; this is the case that is promised to nobody', async (model, stream) => {
    const got = await one(model, stream);
    expect(got.seen).toMatchObject({ status: 200, code: null });
    expect(got.kind).toBe(METERED);
    expect(Number(got.charged)).toBeLessThan(got.billed.total_tokens);
    expect(got.view.state).toBe('active');
  });

  it('but a source that releases nothing does not depend on its word', async () => {
    for (const name of ['lie-low', 'lie-zero', 'no-usage', 'twice', 'refuse', 'refuse-rate', 'error', 'cut', 'redirect']) {
      for (const stream of [false, true]) {
        const got = await one(`sandbox-${name}`, stream, { settle: 'hold' });
        expect([name, got.charged]).toEqual([name, held(got)]);
        expect([BOUND, BURNED]).toContain(got.kind);
        expect(got.billed.total_tokens).toBeLessThanOrEqual(Number(got.charged));
      }
    }
  });
});

describe('an upstream that goes beyond its limit', () => {
  it.each([false, true])('and says so is frozen at that call, though the hold had room for it (stream: %s)', async (stream) => {
    const got = await one('sandbox-overrun', stream);
    expect(got.billed.output_tokens).toBe(LIMIT + 64);
    expect(got.seen).toMatchObject({ status: 200, code: stream ? 'UPSTREAM_OVERRUN' : null });
    expect(got.charged).toBe(BigInt(got.billed.total_tokens));
    expect(got.view).toMatchObject({ state: 'frozen', state_reason: 'overrun: it reports more output than its limit', overrun: '0' });
    expect(await call(daemon.url, got.key, { model: 'sandbox-small', max: 5 })).toMatchObject({ status: 503, code: 'NO_AVAILABLE_KEYS' });
    expect((await sandbox.usage(`sk-sandbox-overrun-${stream}---abcdefghijkl`)).requests).toBe(1);
  });

  it('beyond the whole hold: the excess is counted, and the next hold is refused', async () => {
    // Declared with a window that leaves no slack: the hold is the window, and the answer is larger.
    const models = { 'sandbox-overrun': { window: 60, maxOutput: 20, tokenizer: 'unknown', endpoints: ['chat'] } };
    for (const stream of [false, true]) {
      const api_key = `sk-no-slack-${stream}-abcdefghijkl`;
      const got = await one('sandbox-overrun', stream, { provider: 'openai-compatible', models, api_key });
      const billed = await sandbox.usage(api_key);
      expect(held(got)).toBe(60n);
      expect(billed.total_tokens).toBeGreaterThan(60);
      expect(got.view).toMatchObject({ state: 'frozen', state_reason: 'overrun', spent: '60', overrun: String(billed.total_tokens - 60) });
      expect(await call(daemon.url, got.key, { model: 'sandbox-overrun', max: 5 })).toMatchObject({
        status: 503,
        code: 'NO_AVAILABLE_KEYS',
      });
    }
  });

  it.each([
    ['endless', true, 200],
    ['endless', false, 502],
    ['huge', false, 502],
  ])('sandbox-%s, stream: %s: is cut long before its end, and frozen', async (name, stream, status) => {
    const got = await one(`sandbox-${name}`, stream);
    expect(got.seen).toMatchObject({ status, code: 'UPSTREAM_OVERRUN' });
    expect(got.seen.text.length).toBeLessThan(1_000_000);
    expect([got.kind, got.charged]).toEqual([BURNED, held(got)]);
    expect(got.view).toMatchObject({ state: 'frozen', state_reason: 'overrun: more text than its output limit allows' });
    expect(got.billed.total_tokens).toBeLessThan(400_000);
    expect(await call(daemon.url, got.key, { model: 'sandbox-small', max: 5 })).toMatchObject({ status: 503, code: 'NO_AVAILABLE_KEYS' });
  });

  it('a frozen source goes on only with the provider’s own count, which is then spent', async () => {
    const got = await one('sandbox-overrun', false, { api_key: 'sk-reconcile-abcdefghijkl' });
    const refused = await daemon.admin<{ error: { code: string } }>(`/sources/${got.view.id}/resume`, {});
    expect([refused.status, refused.body.error.code]).toEqual([409, 'STATE_INVALID']);
    const resumed = await daemon.admin(`/sources/${got.view.id}/resume`, { reconciled_total: 500 });
    expect(resumed.body).toMatchObject({ state: 'active', spent: '500' });
    expect((await call(daemon.url, got.key, { model: 'sandbox-fixed-5' })).status).toBe(200);
    expect(await wrongs(daemon)).toEqual([]);
  });
});
