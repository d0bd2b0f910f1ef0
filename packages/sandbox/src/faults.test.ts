import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SANDBOX_MODELS } from './models.ts';
import { OVERRUN_TOKENS } from './plan.ts';
import { type TestSandbox, testSandbox } from './testing.ts';
import { countText } from './tokens.ts';

let sandbox: TestSandbox;
const KEY = 'sk-sandbox-faults-0123456789';

beforeAll(async () => {
  sandbox = await testSandbox();
});
afterAll(() => sandbox.close());

const request = (model: string, more: Record<string, unknown> = {}) => ({ model, messages: [{ role: 'user', content: 'hi' }], ...more });
const ask = (model: string, more: Record<string, unknown> = {}) => sandbox.post('/v1/chat/completions', KEY, request(model, more));
const billed = async (model: string) =>
  (await sandbox.usage(KEY)).by_model[model] ?? { requests: 0, total_tokens: 0, output_tokens: 0, input_tokens: 0 };
/** As much of an answer's shape as these tests read; what it holds may be any nonsense. */
type Loose = {
  usage: { prompt_tokens: number; completion_tokens: number; total_tokens: number };
  choices: [{ message: { content: string } }];
  error: { code: string; message: string };
};
const jsonOf = async (response: Response) => (await response.json()) as Loose;
const framesOf = (text: string) => text.split('\n\n').filter((frame) => frame !== '');

/** What a request gets on the bare socket until the other side closes, or `ms` are over. */
function raw(
  model: string,
  ms: number,
  more: Record<string, unknown> = {},
): Promise<{ text: string; closed: boolean; error: string | undefined }> {
  const body = JSON.stringify(request(model, more));
  return new Promise((resolve) => {
    const socket = connect(sandbox.port, '127.0.0.1');
    let text = '';
    let error: string | undefined;
    const timer = setTimeout(() => {
      resolve({ text, closed: false, error });
      socket.destroy();
    }, ms);
    socket.on('data', (part) => {
      text += part.toString('latin1');
    });
    socket.on('error', (cause: NodeJS.ErrnoException) => {
      error = cause.code;
    });
    socket.on('close', () => {
      clearTimeout(timer);
      resolve({ text, closed: true, error });
    });
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: s\r\nauthorization: Bearer ${KEY}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
  });
}

describe('answers that do not arrive whole, and are billed whole', () => {
  test('cut, as a stream and as JSON', async () => {
    for (const stream of [true, false]) {
      const { text, closed } = await raw('sandbox-cut', 5_000, { stream });
      expect(closed).toBe(true);
      expect(text).toContain('200 OK');
      expect(text).toContain('sandbox');
      expect(text).not.toContain(stream ? '[DONE]' : 'system_fingerprint');
      await expect(ask('sandbox-cut', { stream }).then((response) => response.text())).rejects.toThrow();
    }
    const { requests, output_tokens } = await billed('sandbox-cut');
    expect(requests).toBe(4);
    expect(output_tokens).toBeGreaterThanOrEqual(4 * 20);
  });

  test('reset before any byte', async () => {
    expect(await raw('sandbox-reset', 5_000)).toEqual({ text: '', closed: true, error: 'ECONNRESET' });
    expect((await billed('sandbox-reset')).output_tokens).toBeGreaterThanOrEqual(20);
  });

  test('hang', async () => {
    expect(await raw('sandbox-hang', 150)).toEqual({ text: '', closed: false, error: undefined });
    expect((await billed('sandbox-hang')).requests).toBe(1);
  });

  test('stall', async () => {
    for (const stream of [true, false]) {
      const { text, closed } = await raw('sandbox-stall', 150, { stream });
      expect(closed).toBe(false);
      expect(text).toContain('sandbox');
      expect(text).not.toContain(stream ? '[DONE]' : 'system_fingerprint');
    }
    expect((await billed('sandbox-stall')).requests).toBe(2);
  });

  test('error', async () => {
    const response = await ask('sandbox-error');
    expect(response.status).toBe(500);
    expect(await response.json()).toMatchObject({ error: { type: 'server_error' } });
    expect((await ask('sandbox-error', { messages: [{ role: 'user', content: 'are you overloaded?' }] })).status).toBe(503);
    expect((await billed('sandbox-error')).output_tokens).toBeGreaterThan(0);
  });

  test('garbage, html', async () => {
    const broken = await ask('sandbox-garbage');
    expect(broken.status).toBe(200);
    await expect(broken.json()).rejects.toThrow(SyntaxError);
    const junk = framesOf(await (await ask('sandbox-garbage', { stream: true })).text());
    for (const frame of junk) expect(() => JSON.parse(frame.replace(/^data: /, ''))).toThrow(SyntaxError);
    const page = await ask('sandbox-html', { stream: true });
    expect(page.headers.get('content-type')).toContain('text/html');
    expect((await billed('sandbox-garbage')).requests).toBe(2);
  });

  test('huge', async () => {
    const body = await (await ask('sandbox-huge', { max_tokens: 9 })).text();
    expect(body.length).toBeGreaterThan(64 * 1024 * 1024);
    expect(JSON.parse(body).usage.completion_tokens).toBe(9);
    const line = (await (await ask('sandbox-huge', { max_tokens: 9, stream: true })).text()).split('\n', 1)[0] as string;
    expect(line.length).toBeGreaterThan(64 * 1024 * 1024);
    expect((await billed('sandbox-huge')).output_tokens).toBe(18);
  });
});

describe('reports that are not true', () => {
  const usageOf = async (model: string, content = 'hi') => {
    const answer = await ask(model, { messages: [{ role: 'user', content }] });
    return (await jsonOf(answer)).usage;
  };

  test('low, zero, none', async () => {
    const low = await usageOf('sandbox-lie-low');
    const { total_tokens, output_tokens } = await billed('sandbox-lie-low');
    expect(low.completion_tokens).toBe(Math.floor(output_tokens / 2));
    expect(low.total_tokens).toBeLessThan(total_tokens);
    expect(await usageOf('sandbox-lie-zero')).toMatchObject({ prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 });
    expect((await billed('sandbox-lie-zero')).total_tokens).toBeGreaterThan(0);
    expect(await usageOf('sandbox-no-usage')).toBeUndefined();
    const stream = await ask('sandbox-no-usage', { stream: true, stream_options: { include_usage: true } });
    expect(await stream.text()).not.toContain('completion_tokens');
    const response = await sandbox.post('/v1/responses', KEY, { model: 'sandbox-no-usage', input: 'hi' });
    expect((await jsonOf(response)).usage).toBeNull();
  });

  test('nonsense of each kind', async () => {
    expect((await usageOf('sandbox-bad-usage')).prompt_tokens).toBeLessThan(0);
    expect((await usageOf('sandbox-bad-usage', 'a fraction')).completion_tokens % 1).not.toBe(0);
    expect(typeof (await usageOf('sandbox-bad-usage', 'a string')).total_tokens).toBe('string');
    expect((await usageOf('sandbox-bad-usage', 'a huge one')).total_tokens).toBe(2e30);
    expect((await usageOf('sandbox-bad-usage', 'null')).prompt_tokens).toBeNull();
    const mismatch = await usageOf('sandbox-bad-usage', 'a mismatch');
    expect(mismatch.total_tokens).not.toBe(mismatch.prompt_tokens + mismatch.completion_tokens);
  });
});

describe('refusals before generation bill nothing', () => {
  test.each([
    ['sandbox-refuse', 400, 'sandbox_refused'],
    ['sandbox-refuse-rate', 429, 'rate_limit_exceeded'],
    ['sandbox-refuse-auth', 401, 'invalid_api_key'],
  ])('%s', async (model, status, code) => {
    const response = await ask(model, { stream: true });
    expect(response.status).toBe(status);
    const { error } = await jsonOf(response);
    expect(error.code).toBe(code);
    if (status === 429) expect(response.headers.get('retry-after')).toBe('1');
    if (status === 401) expect(error.message).toContain(KEY.slice(0, 8));
    expect(JSON.stringify(error)).not.toContain(KEY);
    expect((await billed(model)).requests).toBe(0);
  });

  test('redirect, unless it is followed', async () => {
    const response = await ask('sandbox-redirect');
    expect(response.status).toBe(307);
    expect((await billed('sandbox-redirect')).requests).toBe(0);
    await sandbox.post(response.headers.get('location') ?? '', KEY, request('sandbox-redirect'));
    expect((await billed('sandbox-redirect')).total_tokens).toBeGreaterThan(0);
  });
});

describe('more than was asked for', () => {
  test('overrun emits, bills and reports it', async () => {
    const answer = await jsonOf(await ask('sandbox-overrun', { max_completion_tokens: 10 }));
    expect(answer.usage.completion_tokens).toBe(10 + OVERRUN_TOKENS);
    expect(countText(answer.choices[0].message.content)).toBe(10 + OVERRUN_TOKENS);
    expect((await billed('sandbox-overrun')).output_tokens).toBe(10 + OVERRUN_TOKENS);
  });

  test('endless bills at least what it has sent, until the caller leaves', async () => {
    for (const stream of [true, false]) {
      const before = (await billed('sandbox-endless')).output_tokens;
      const response = await ask('sandbox-endless', { stream, max_tokens: 5 });
      const reader = response.body?.getReader();
      let received = '';
      while (received.length < 200_000) received += Buffer.from((await reader?.read())?.value ?? []).toString();
      await reader?.cancel();
      const text = stream
        ? [...received.matchAll(/"content":"([^"]+)"/g)].map((match) => match[1]).join('')
        : received.slice(received.indexOf('"content":"') + 11);
      expect(countText(text)).toBeGreaterThan(500);
      expect((await billed('sandbox-endless')).output_tokens - before).toBeGreaterThanOrEqual(countText(text));
    }
    const settled = async () => {
      const first = await billed('sandbox-endless');
      await new Promise((resolve) => setTimeout(resolve, 50));
      return first.output_tokens === (await billed('sandbox-endless')).output_tokens;
    };
    await expect.poll(settled).toBe(true);
  });

  test('twice: the closing frames, or the whole answer, billed once', async () => {
    const stream = await (await ask('sandbox-twice', { stream: true, stream_options: { include_usage: true } })).text();
    expect(stream.match(/"prompt_tokens":/g)).toHaveLength(2);
    expect(stream.match(/\[DONE\]/g)).toHaveLength(2);
    const { text } = await raw('sandbox-twice', 200);
    expect(text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
    expect((await billed('sandbox-twice')).requests).toBe(2);
  });
});

describe('slow, but good', () => {
  test('slow waits before its first byte', async () => {
    const started = performance.now();
    const response = await ask('sandbox-slow', { stream: true, max_tokens: 3 });
    expect(performance.now() - started).toBeGreaterThanOrEqual(290);
    expect(await response.text()).toContain('[DONE]');
  });

  test('slow-bytes splits inside of characters and frames, and is whole when joined', async () => {
    const response = await ask('sandbox-slow-bytes', { stream: true });
    const parts: Uint8Array[] = [];
    for await (const part of response.body ?? []) parts.push(part);
    const alone = parts.map((part) => Buffer.from(part).toString()).join('');
    const joined = Buffer.concat(parts).toString();
    expect(alone).toContain('\uFFFD');
    expect(joined).not.toContain('\uFFFD');
    expect(joined).toContain('[DONE]');
    const json = await jsonOf(await ask('sandbox-slow-bytes'));
    expect(json.usage.completion_tokens).toBe(countText(json.choices[0].message.content));
  });
});

test('every text model serves responses too, and the label is on every answer', async () => {
  const silent = ['reset', 'hang', 'endless', 'huge'];
  for (const model of SANDBOX_MODELS.filter(({ endpoints, behaviour }) => endpoints.includes('responses') && !silent.includes(behaviour))) {
    const response = await sandbox.post('/v1/responses', KEY, { model: model.id, input: 'hi', stream: true, max_output_tokens: 40 });
    expect(response.headers.get('x-tallystick-sandbox')).toBe('1');
    await response.body?.cancel();
  }
});
