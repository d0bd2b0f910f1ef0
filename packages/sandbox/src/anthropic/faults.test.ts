import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OVERRUN_TOKENS } from '../plan.ts';
import { type TestSandbox, testSandbox } from '../testing.ts';
import { countText } from '../tokens.ts';

let sandbox: TestSandbox;
let client: Anthropic;
const KEY = 'sk-ant-faults-0123456789';
const VERSION = { 'anthropic-version': '2023-06-01' };

beforeAll(async () => {
  sandbox = await testSandbox();
  client = new Anthropic({ apiKey: KEY, baseURL: sandbox.url, maxRetries: 0 });
});
afterAll(() => sandbox.close());

const request = (model: string, more: Record<string, unknown> = {}) => ({
  model,
  max_tokens: 200,
  messages: [{ role: 'user' as const, content: 'hi' }],
  ...more,
});
const ask = (model: string, more: Record<string, unknown> = {}) => sandbox.post('/v1/messages', KEY, request(model, more), VERSION);
const billed = async (model: string) => (await sandbox.usage(KEY)).by_model[model] ?? { requests: 0, output_tokens: 0, input_tokens: 0 };
const usageOf = async (model: string, content = 'hi') => {
  const { usage } = (await (await ask(model, { messages: [{ role: 'user', content }] })).json()) as { usage: Anthropic.Usage };
  return usage;
};

describe('answers that do not arrive whole, and are billed whole', () => {
  test('cut, reset', async () => {
    await expect(client.messages.stream(request('sandbox-cut')).finalMessage()).rejects.toThrow();
    const text = await (await ask('sandbox-cut', { stream: true })).text().catch(() => 'cut');
    expect(text).toBe('cut');
    expect((await billed('sandbox-cut')).output_tokens).toBeGreaterThanOrEqual(2 * 20);
    await expect(client.messages.create(request('sandbox-reset'))).rejects.toBeInstanceOf(Anthropic.APIConnectionError);
    expect((await billed('sandbox-reset')).output_tokens).toBeGreaterThanOrEqual(20);
  });

  test('hang, stall', async () => {
    const soon = { timeout: 200 };
    await expect(client.messages.create(request('sandbox-hang'), soon)).rejects.toBeInstanceOf(Anthropic.APIConnectionTimeoutError);
    expect((await billed('sandbox-hang')).requests).toBe(1);
    const reader = (await ask('sandbox-stall', { stream: true })).body?.getReader();
    const first = Buffer.from((await reader?.read())?.value ?? []).toString();
    expect(first).toContain('event: message_start');
    expect(first).not.toContain('message_stop');
    const next = await Promise.race([reader?.read(), new Promise((resolve) => setTimeout(resolve, 100, 'silence'))]);
    expect(next).toBe('silence');
    await reader?.cancel();
    expect((await billed('sandbox-stall')).requests).toBe(1);
  });

  test('error: in mid-stream, or instead of the answer; overloaded where that is said', async () => {
    await expect(client.messages.create(request('sandbox-error'))).rejects.toMatchObject({ status: 500, type: 'api_error' });
    const overloaded = request('sandbox-error', { messages: [{ role: 'user', content: 'are you overloaded?' }] });
    await expect(client.messages.create(overloaded)).rejects.toMatchObject({ status: 529, type: 'overloaded_error' });
    const frames = (await (await ask('sandbox-error', { ...overloaded, stream: true })).text()).trimEnd().split('\n\n');
    expect(frames[0]).toContain('event: message_start');
    expect(frames.at(-1)).toMatch(/^event: error\ndata: \{"type":"error","error":\{"type":"overloaded_error"/);
    expect(frames.join('')).not.toContain('message_delta');
    await expect(client.messages.stream(overloaded).finalMessage()).rejects.toMatchObject({ type: 'overloaded_error' });
    expect((await billed('sandbox-error')).output_tokens).toBeGreaterThanOrEqual(4 * 20);
  });

  test('garbage, html, huge', async () => {
    await expect((await ask('sandbox-garbage')).json()).rejects.toThrow(SyntaxError);
    await expect(client.messages.stream(request('sandbox-garbage')).finalMessage()).rejects.toThrow();
    expect((await ask('sandbox-html')).headers.get('content-type')).toContain('text/html');
    const line = (await (await ask('sandbox-huge', { max_tokens: 9, stream: true })).text()).split('\n', 2)[1] as string;
    expect(line.length).toBeGreaterThan(64 * 1024 * 1024);
    expect(JSON.parse(line.slice('data: '.length))).toMatchObject({ type: 'message_start' });
    expect((await billed('sandbox-huge')).output_tokens).toBe(9);
  });
});

describe('reports that are not true', () => {
  test('low, zero, none', async () => {
    const low = await usageOf('sandbox-lie-low');
    const { input_tokens, output_tokens } = await billed('sandbox-lie-low');
    expect([low.input_tokens, low.output_tokens]).toEqual([Math.floor(input_tokens / 2), Math.floor(output_tokens / 2)]);
    expect(await usageOf('sandbox-lie-zero')).toMatchObject({ input_tokens: 0, output_tokens: 0, cache_read_input_tokens: 0 });
    expect(await usageOf('sandbox-no-usage')).toBeUndefined();
    expect(await (await ask('sandbox-no-usage', { stream: true })).text()).not.toContain('_tokens');
  });

  test('nonsense of each kind', async () => {
    const bad = (content: string) => usageOf('sandbox-bad-usage', content);
    expect((await bad('hi')).input_tokens).toBeLessThan(0);
    expect((await bad('a fraction')).output_tokens % 1).not.toBe(0);
    expect(typeof (await bad('a string')).output_tokens).toBe('string');
    expect((await bad('a huge one')).input_tokens).toBe(1e30);
    expect((await bad('null')).input_tokens).toBeNull();
    const { cache_creation, cache_creation_input_tokens } = await bad('a mismatch');
    expect(cache_creation?.ephemeral_1h_input_tokens).not.toBe(cache_creation_input_tokens);
  });
});

describe('refusals before generation bill nothing', () => {
  test.each([
    ['sandbox-refuse', 400, 'invalid_request_error'],
    ['sandbox-refuse-rate', 429, 'rate_limit_error'],
    ['sandbox-refuse-auth', 401, 'authentication_error'],
  ])('%s', async (model, status, type) => {
    const response = await ask(model, { stream: true });
    expect(response.status).toBe(status);
    const body = (await response.json()) as Anthropic.ErrorResponse;
    expect(body.error.type).toBe(type);
    if (status === 429) {
      expect(response.headers.get('retry-after')).toBe('1');
      expect(response.headers.get('anthropic-ratelimit-requests-remaining')).toBe('0');
    }
    if (status === 401) expect(body.error.message).toContain(KEY.slice(0, 8));
    expect(JSON.stringify(body)).not.toContain(KEY);
    expect((await billed(model)).requests).toBe(0);
  });

  test('redirect, unless it is followed', async () => {
    const response = await ask('sandbox-redirect');
    expect([response.status, response.headers.get('location')]).toEqual([307, '/sandbox/redirected/v1/messages']);
    expect((await billed('sandbox-redirect')).requests).toBe(0);
    const followed = await sandbox.post(response.headers.get('location') ?? '', KEY, request('sandbox-redirect'), VERSION);
    expect(await followed.json()).toMatchObject({ type: 'message' });
    expect((await billed('sandbox-redirect')).requests).toBe(1);
  });
});

describe('more than was asked for', () => {
  test('overrun', async () => {
    const { usage } = await client.messages.create(request('sandbox-overrun', { max_tokens: 10 }));
    expect(usage.output_tokens).toBe(10 + OVERRUN_TOKENS);
  });

  test('endless bills at least what it has sent, until the caller leaves', async () => {
    for (const stream of [true, false]) {
      const before = (await billed('sandbox-endless')).output_tokens;
      const reader = (await ask('sandbox-endless', { stream, max_tokens: 5 })).body?.getReader();
      let received = '';
      while (received.length < 100_000) received += Buffer.from((await reader?.read())?.value ?? []).toString();
      await reader?.cancel();
      const text = stream
        ? [...received.matchAll(/"text":"([^"]+)"/g)].map((match) => match[1]).join('')
        : received.slice(received.indexOf('"text":"') + 8);
      expect(countText(text)).toBeGreaterThan(300);
      expect((await billed('sandbox-endless')).output_tokens - before).toBeGreaterThanOrEqual(countText(text));
    }
  });

  test('twice: the closing events, or the whole answer, billed once', async () => {
    const stream = await (await ask('sandbox-twice', { stream: true })).text();
    expect(stream.match(/event: message_start/g)).toHaveLength(1);
    expect(stream.match(/event: message_delta/g)).toHaveLength(2);
    expect(stream.match(/event: message_stop/g)).toHaveLength(2);
    expect((await billed('sandbox-twice')).requests).toBe(1);
  });
});
