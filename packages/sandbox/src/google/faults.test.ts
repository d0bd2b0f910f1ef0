import { GoogleGenAI } from '@google/genai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SANDBOX_MODELS } from '../models.ts';
import { OVERRUN_TOKENS } from '../plan.ts';
import { countText } from '../tokens.ts';
import { contentsOf, type GoogleSandbox, googleSandbox, sseChunks } from './testing.ts';

let sandbox: GoogleSandbox;
let ai: GoogleGenAI;
const KEY = 'google-faults-0123456789';
const STREAM = 'streamGenerateContent?alt=sse';

beforeAll(async () => {
  sandbox = await googleSandbox(KEY);
  ai = new GoogleGenAI({ apiKey: KEY, httpOptions: { baseUrl: sandbox.url } });
});
afterAll(() => sandbox.close());

/** As much of an answer's shape as these tests read; what it holds may be any nonsense. */
type Loose = {
  usageMetadata: Record<string, number>;
  candidates: [{ content: { parts: [{ text: string }] }; finishReason?: string }];
  error: { code: number; message: string; status: string; details: Record<string, unknown>[] };
};
const ask = (model: string, verb = 'generateContent', text = 'hi', generationConfig = {}) =>
  sandbox.ask(model, verb, { contents: contentsOf(text), generationConfig });
const jsonOf = async (answer: Response) => (await answer.json()) as Loose;

describe('answers that do not arrive whole, and are billed whole', () => {
  test.each(['cut', 'reset'])('%s', async (behaviour) => {
    const model = `sandbox-${behaviour}`;
    for (const verb of ['generateContent', STREAM]) await expect(ask(model, verb).then((answer) => answer.text())).rejects.toThrow();
    expect((await sandbox.billed(model)).output_tokens).toBeGreaterThanOrEqual(2 * 20);
  });

  test.each(['hang', 'stall'])('%s', async (behaviour) => {
    const model = `sandbox-${behaviour}`;
    const asked = fetch(`${sandbox.url}/v1beta/models/${model}:${STREAM}`, {
      method: 'POST',
      headers: { 'x-goog-api-key': KEY },
      body: JSON.stringify({ contents: contentsOf('hi') }),
      signal: AbortSignal.timeout(150),
    }).then((answer) => answer.text());
    await expect(asked).rejects.toThrow();
    expect((await sandbox.billed(model)).requests).toBe(1);
  });

  test('error: refused, or in mid-stream as the official client knows it', async () => {
    expect((await jsonOf(await ask('sandbox-error'))).error).toMatchObject({ code: 500, status: 'INTERNAL' });
    const overloaded = await jsonOf(await ask('sandbox-error', 'generateContent', 'be overloaded'));
    expect(overloaded.error).toMatchObject({ code: 503, status: 'UNAVAILABLE' });
    const chunks: unknown[] = [];
    const streamed = async () => {
      for await (const chunk of await ai.models.generateContentStream({ model: 'sandbox-error', contents: 'be overloaded' }))
        chunks.push(chunk);
    };
    await expect(streamed()).rejects.toMatchObject({ name: 'ApiError', status: 503 });
    expect(chunks.length).toBeGreaterThan(1);
    const array = (await (await ask('sandbox-error', 'streamGenerateContent')).json()) as Loose[];
    expect(array.at(-1)?.error).toMatchObject({ code: 500, status: 'INTERNAL' });
    expect((await sandbox.billed('sandbox-error')).requests).toBe(4);
  });

  test('garbage, html, huge', async () => {
    await expect((await ask('sandbox-garbage')).json()).rejects.toThrow(SyntaxError);
    await expect((await ask('sandbox-garbage', 'streamGenerateContent')).json()).rejects.toThrow(SyntaxError);
    const junk = (await (await ask('sandbox-garbage', STREAM)).text()).split('\r\n\r\n').filter((frame) => frame !== '');
    for (const frame of junk) expect(() => JSON.parse(frame.replace(/^data: /, ''))).toThrow(SyntaxError);
    expect((await ask('sandbox-html', STREAM)).headers.get('content-type')).toContain('text/html');
    const body = await (await ask('sandbox-huge', 'generateContent', 'hi', { maxOutputTokens: 9 })).text();
    expect(body.length).toBeGreaterThan(64 * 1024 * 1024);
    expect(JSON.parse(body).usageMetadata.candidatesTokenCount).toBe(9);
  });
});

describe('reports that are not true', () => {
  const usageOf = async (model: string, text = 'hi') => (await jsonOf(await ask(model, 'generateContent', text))).usageMetadata;

  test('low, zero, none; a stream says the same at its end, and no more before', async () => {
    const low = await usageOf('sandbox-lie-low');
    expect(low.candidatesTokenCount).toBe(Math.floor((await sandbox.billed('sandbox-lie-low')).output_tokens / 2));
    const chunks = sseChunks<Loose>(await (await ask('sandbox-lie-low', STREAM)).text());
    expect(chunks.at(-1)?.usageMetadata).toEqual(low);
    for (const { usageMetadata } of chunks) expect(usageMetadata.totalTokenCount).toBeLessThanOrEqual(low.totalTokenCount ?? 0);
    expect(await usageOf('sandbox-lie-zero')).toEqual({ promptTokenCount: 0, totalTokenCount: 0 });
    expect(await usageOf('sandbox-no-usage')).toBeUndefined();
    expect(await (await ask('sandbox-no-usage', STREAM)).text()).not.toContain('usageMetadata');
  });

  test('nonsense of each kind', async () => {
    const bad = (text?: string) => usageOf('sandbox-bad-usage', text);
    expect((await bad()).promptTokenCount).toBeLessThan(0);
    expect(((await bad('a fraction')).totalTokenCount ?? 0) % 1).not.toBe(0);
    expect(typeof (await bad('a string')).candidatesTokenCount).toBe('string');
    expect((await bad('a huge one')).totalTokenCount).toBe(2e30);
    expect((await bad('null')).promptTokenCount).toBeNull();
    const { promptTokenCount = 0, candidatesTokenCount = 0, thoughtsTokenCount = 0, totalTokenCount } = await bad('a mismatch');
    expect(totalTokenCount).not.toBe(promptTokenCount + candidatesTokenCount + thoughtsTokenCount);
  });
});

describe('refusals before generation bill nothing', () => {
  test.each([
    ['sandbox-refuse', 400, 'INVALID_ARGUMENT'],
    ['sandbox-refuse-rate', 429, 'RESOURCE_EXHAUSTED'],
    ['sandbox-refuse-auth', 400, 'INVALID_ARGUMENT'],
  ])('%s', async (model, code, status) => {
    for (const verb of ['generateContent', STREAM, 'countTokens']) {
      const answer = await sandbox.ask(model, verb, { contents: contentsOf('hi') });
      expect(answer.status).toBe(code);
      expect(answer.headers.get('retry-after')).toBeNull();
      const { error } = await jsonOf(answer);
      expect(error).toMatchObject({ code, status });
      if (code === 429) expect(error.details).toContainEqual({ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '1s' });
      if (model === 'sandbox-refuse-auth') expect(error.details[0]).toMatchObject({ reason: 'API_KEY_INVALID' });
      expect(error.message.includes(KEY.slice(0, 8))).toBe(model === 'sandbox-refuse-auth');
      expect(JSON.stringify(error)).not.toContain(KEY);
    }
    expect(await sandbox.billed(model)).toMatchObject({ requests: 0, count_requests: 0 });
  });

  test('redirect, unless it is followed', async () => {
    const answer = await ask('sandbox-redirect', STREAM);
    expect(answer.status).toBe(307);
    expect((await sandbox.billed('sandbox-redirect')).requests).toBe(0);
    const followed = await sandbox.post(answer.headers.get('location') ?? '', { contents: contentsOf('hi') });
    expect(sseChunks<Loose>(await followed.text()).at(-1)?.candidates[0].finishReason).toBe('STOP');
    expect((await sandbox.billed('sandbox-redirect')).requests).toBe(1);
  });
});

describe('more than was asked for', () => {
  test('overrun emits, bills and reports it', async () => {
    const answer = await jsonOf(await ask('sandbox-overrun', 'generateContent', 'hi', { maxOutputTokens: 10 }));
    expect(answer.usageMetadata.candidatesTokenCount).toBe(10 + OVERRUN_TOKENS);
    expect(countText(answer.candidates[0].content.parts[0].text)).toBe(10 + OVERRUN_TOKENS);
    expect((await sandbox.billed('sandbox-overrun')).output_tokens).toBe(10 + OVERRUN_TOKENS);
  });

  test.each([STREAM, 'streamGenerateContent', 'generateContent'])('endless bills at least what it has sent: %s', async (verb) => {
    const before = (await sandbox.billed('sandbox-endless')).output_tokens;
    const answer = await ask('sandbox-endless', verb, 'hi', { maxOutputTokens: 5 });
    const reader = answer.body?.getReader();
    let received = '';
    while (received.length < 100_000) received += Buffer.from((await reader?.read())?.value ?? []).toString();
    await reader?.cancel();
    const texts =
      verb === 'generateContent'
        ? [received.slice(received.indexOf('"text":"') + 8)]
        : [...received.matchAll(/"text":"([^"]+)"/g)].map(([, text]) => text);
    const sent = countText(texts.join(''));
    expect(sent).toBeGreaterThan(300);
    expect((await sandbox.billed('sandbox-endless')).output_tokens - before).toBeGreaterThanOrEqual(sent);
    const reported = [...received.matchAll(/"candidatesTokenCount":(\d+)/g)].map(([, count]) => Number(count));
    expect(reported).toEqual(verb === 'generateContent' ? [] : reported.map((_, index) => index + 1));
  });

  test('twice: the closing chunk again, billed once', async () => {
    const chunks = sseChunks<Loose>(await (await ask('sandbox-twice', STREAM)).text());
    expect(chunks.filter(({ candidates }) => candidates[0].finishReason === 'STOP')).toHaveLength(2);
    expect(chunks.at(-1)).toEqual(chunks.at(-2));
    expect((await sandbox.billed('sandbox-twice')).requests).toBe(1);
  });
});

test('slow-bytes is whole when joined', async () => {
  const chunks = sseChunks<Loose>(await (await ask('sandbox-slow-bytes', STREAM)).text());
  const text = chunks.map(({ candidates }) => candidates[0].content.parts[0].text).join('');
  expect(text).not.toContain('\uFFFD');
  expect(chunks.at(-1)?.usageMetadata.candidatesTokenCount).toBe(countText(text));
});

test('the label is on every answer of every model', async () => {
  const silent = ['reset', 'hang', 'endless', 'huge'];
  for (const { id, endpoints, behaviour } of SANDBOX_MODELS) {
    if (!endpoints.includes('generate') || silent.includes(behaviour)) continue;
    const answer = await ask(id, STREAM, 'hi', { maxOutputTokens: 40 });
    expect(answer.headers.get('x-tallystick-sandbox')).toBe('1');
    await answer.body?.cancel();
  }
});
