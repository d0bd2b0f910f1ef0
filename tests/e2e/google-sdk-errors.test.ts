import { FinishReason, type GoogleGenAI, type HttpOptions } from '@google/genai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addKey, addSource, expectSoundBooks, noOpenHolds, showSource, verifyAll } from '../support/calls.ts';
import { startDaemon, type TestDaemon } from '../support/daemon.ts';
import { GoogleCallers, type Raised, readAll } from '../support/google-sdk.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { type OwnSandbox, ownSandbox } from '../support/sandbox.ts';

const GOOD_SECRET = 'AIzaGood-0123456789abcdefghijklmnop';
const FAULTY_SECRET = 'AIzaFaulty-0123456789abcdefghijklmnop';
const LEAVING_SECRET = 'AIzaLeaving-0123456789abcdefghijklmnop';
const QUESTION = 'What did the tally stick show?';
const model = 'sandbox-small';
/** The SDK retries nothing unless it is told to; then it goes by the status alone. */
const RETRYING: HttpOptions = { retryOptions: { attempts: 3, initialDelay: 0.01, jitter: 0 } };

type Pair = { readonly source: string; readonly key: string };
let sandbox: OwnSandbox;
let daemon: TestDaemon;
let callers: GoogleCallers;
let good: Pair;
let faulty: Pair;
let leaving: Pair;

async function pair(name: string, api_key: string): Promise<Pair> {
  const base_url = `${sandbox.url}/v1`;
  const { id } = await addSource(daemon, { name, provider: 'sandbox', base_url, api_key, cap: 50_000_000 });
  return { source: id, key: (await addKey(daemon, { name, sources: [id] })).virtual_key };
}

beforeAll(async () => {
  sandbox = await ownSandbox();
  // What is retried here is retried by the SDK.
  daemon = await startDaemon({ env: { TALLY_SANDBOX: '0', TALLY_RETRIES_MAX: '0' } });
  callers = new GoogleCallers(daemon.url);
  good = await pair('good', GOOD_SECRET);
  faulty = await pair('faulty', FAULTY_SECRET);
  leaving = await pair('leaving', LEAVING_SECRET);
});

afterAll(async () => {
  await daemon?.dispose();
  await sandbox?.close();
});

const raised = (key: string, work: (ai: GoogleGenAI) => Promise<unknown>, options = RETRYING): Promise<Raised> =>
  callers.raised(key, () => work(callers.client(key, options)));

const generate = (key: string, id: string, config: object = {}) =>
  raised(key, (ai) => ai.models.generateContent({ model: id, contents: QUESTION, config }));

describe('errors are the SDK’s own, and final ones are asked once', () => {
  it('401 for a key that is not known', async () => {
    const { status, name, code, requests, headers } = await generate(`tk_${'A'.repeat(43)}`, model);
    expect([status, name, code, requests]).toEqual([401, 'UNAUTHENTICATED', 'AUTH_INVALID', 1]);
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it.each([
    ['a tool that the provider runs', { tools: [{ googleSearch: {} }] }, 'tools[0].googleSearch'],
    ['code that the provider runs', { tools: [{ codeExecution: {} }] }, 'tools[0].codeExecution'],
    ['another output than text', { responseModalities: ['IMAGE'] }, 'generationConfig.responseModalities[0]'],
    ['another price', { serviceTier: 'flex' }, 'serviceTier'],
    ['a field that nobody knows', { httpOptions: { ...RETRYING, extraBody: { wish: 1 } } }, 'wish'],
  ])('400 with the field’s name: %s', async (_, config, name) => {
    const { status, code, field, requests } = await generate(good.key, model, config);
    expect([status, code, field, requests]).toEqual([400, 'FIELD_NOT_ALLOWED', name, 1]);
  });

  it('404 for a model that there is none of, also on another route', async () => {
    const { status, name, code, requests } = await generate(good.key, 'gemini-none');
    expect([status, name, code, requests]).toEqual([404, 'NOT_FOUND', 'MODEL_UNKNOWN', 1]);
    expect((await generate(good.key, 'sandbox-embed')).code).toBe('MODEL_UNKNOWN');
    const embedding = await raised(good.key, (ai) => ai.models.embedContent({ model, contents: 'a text' }));
    expect(embedding.code).toBe('MODEL_UNKNOWN');
    expect((await raised(good.key, (ai) => ai.models.get({ model: 'gemini-none' }))).code).toBe('MODEL_UNKNOWN');
  });

  it('404 for what is not served: stored contexts, files, interactions', async () => {
    const cached = await raised(good.key, (ai) => ai.caches.create({ model, config: { contents: QUESTION } }));
    expect([cached.status, cached.code]).toEqual([404, 'ROUTE_UNKNOWN']);
    expect((await raised(good.key, (ai) => ai.files.list())).code).toBe('ROUTE_UNKNOWN');
    const interaction = callers.client(good.key).interactions.create({ model, input: QUESTION });
    await expect(interaction).rejects.toMatchObject({ status: 404, message: expect.stringContaining('no such route') });
  });

  it('402 for a cap that is reached', async () => {
    const { virtual_key } = await addKey(daemon, { name: 'small', limit: 50, sources: [good.source] });
    const { status, name, code, requests, headers } = await generate(virtual_key, model);
    expect([status, name, code, requests]).toEqual([402, 'RESOURCE_EXHAUSTED', 'CAP_EXCEEDED', 1]);
    expect(headers.get('x-should-retry')).toBe('false');
    const streamed = await raised(virtual_key, (ai) => ai.models.generateContentStream({ model, contents: QUESTION }));
    expect([streamed.code, streamed.requests]).toEqual(['CAP_EXCEEDED', 1]);
  });

  it('409 for an idempotency key that was served, 422 for another body', async () => {
    const once = (contents: string) => {
      const options = { ...RETRYING, headers: { 'idempotency-key': 'once-only' } };
      return callers.client(good.key, options).models.generateContent({ model: 'sandbox-fixed-5', contents });
    };
    await once('one');
    await noOpenHolds(daemon);
    const served = await callers.raised(good.key, () => once('one'));
    expect([served.status, served.name, served.code, served.requests]).toEqual([409, 'ABORTED', 'ALREADY_SERVED', 1]);
    const other = await callers.raised(good.key, () => once('two'));
    expect([other.status, other.code, other.requests]).toEqual([422, 'IDEMPOTENCY_MISMATCH', 1]);
  });
});

describe('faults of the upstream', () => {
  it.each([
    ['sandbox-refuse', 400, 'UPSTREAM_REFUSED', 1],
    ['sandbox-refuse-rate', 429, 'UPSTREAM_RATE_LIMITED', 3],
    ['sandbox-error', 502, 'UPSTREAM_ERROR', 3],
    ['sandbox-html', 502, 'UPSTREAM_ERROR', 3],
    ['sandbox-redirect', 502, 'UPSTREAM_ERROR', 3],
    ['sandbox-reset', 502, 'UPSTREAM_ERROR', 3],
    // Final, but this SDK knows no such header.
    ['sandbox-refuse-auth', 502, 'UPSTREAM_AUTH', 3],
  ])('%s is retried by its status', async (id, status, code, requests) => {
    const error = await generate(faulty.key, id);
    expect([error.status, error.code, error.requests]).toEqual([status, code, requests]);
    expect(error.message).not.toContain(FAULTY_SECRET.slice(0, 8));
  });

  it.each([
    ['sandbox-cut', 'UPSTREAM_ERROR'],
    ['sandbox-error', 'UPSTREAM_ERROR'],
    ['sandbox-overrun', 'UPSTREAM_OVERRUN'],
    ['sandbox-endless', 'UPSTREAM_OVERRUN'],
  ])('inside a stream are raised there, once: %s', async (id, code) => {
    const config = { maxOutputTokens: 20 };
    const error = await raised(faulty.key, async (ai) => {
      for await (const _ of await ai.models.generateContentStream({ model: id, contents: QUESTION, config }));
    });
    expect([error.status, error.code, error.requests]).toEqual([502, code, 1]);
    if (code === 'UPSTREAM_OVERRUN') await daemon.admin(`/sources/${faulty.source}/resume`, { reconciled_total: '0' });
  });

  it('inside a chat’s stream leave the chat usable', async () => {
    const chat = callers.client(faulty.key).chats.create({ model: 'sandbox-cut' });
    const { code } = await callers.raised(faulty.key, async () => {
      for await (const _ of await chat.sendMessageStream({ message: QUESTION }));
    });
    expect(code).toBe('UPSTREAM_ERROR');
    expect(chat.getHistory()).toEqual([]);
  });

  it('that are no stream of this dialect are found by the SDK’s own parser', async () => {
    const stream = await callers.client(faulty.key).models.generateContentStream({ model: 'sandbox-garbage', contents: QUESTION });
    await expect(readAll(stream)).rejects.toThrow(SyntaxError);
  });

  it('that hide what they bill are charged at the bound', async () => {
    const config = { maxOutputTokens: 20 };
    const request = { model: 'sandbox-no-usage', contents: QUESTION, config };
    const ai = callers.client(faulty.key);
    const { sdkHttpResponse } = await ai.models.generateContent(request);
    const held = Number(sdkHttpResponse?.headers?.['x-tally-held']);
    expect(await verifyAll(daemon, [callers.last(faulty.key)])).toBe(BigInt(held));
    await readAll(await ai.models.generateContentStream(request));
    expect(await verifyAll(daemon, [callers.last(faulty.key)])).toBe(BigInt(held));
  });
});

describe('a cap that is only busy', () => {
  it('is retried by the SDK until it passes', async () => {
    const limit = 700;
    const { id, virtual_key } = await addKey(daemon, { name: 'busy', limit, sources: [good.source] });
    const request = { model: 'sandbox-slow', contents: QUESTION, config: { maxOutputTokens: 200 } };
    const ask = (options: HttpOptions) => callers.client(virtual_key, options).models.generateContent(request);
    // A stream, which takes its time.
    const running = callers.client(virtual_key).models.generateContentStream(request).then(readAll);
    await expect.poll(async () => heldOf(id)).toBeGreaterThan(limit / 2);
    const { status, name, code, headers } = await callers.raised(virtual_key, () => ask({}));
    expect([status, name, code]).toEqual([429, 'RESOURCE_EXHAUSTED', 'CAP_BUSY']);
    expect(headers.get('retry-after')).toBe('1');
    const second = ask({ retryOptions: { attempts: 20, initialDelay: 0.05, expBase: 1.2, jitter: 0 } });
    expect((await running).text).toBe((await second).text);
    const codes = callers.calls(virtual_key).map((call) => call.code);
    expect(codes.filter((each) => each === 'CAP_BUSY').length).toBeGreaterThanOrEqual(2);
    expect(codes.at(-1)).toBeNull();
  });

  async function heldOf(id: string): Promise<number> {
    const { body } = await daemon.admin<{ keys: { id: string; held: string }[] }>('/keys');
    return Number(body.keys.find((key) => key.id === id)?.held);
  }
});

describe('callers that leave', () => {
  const slow = { model: 'sandbox-slow', contents: QUESTION };

  it('by a timeout, again and again, have bought each of their attempts', async () => {
    const options = { timeout: 250, retryOptions: { attempts: 2, initialDelay: 0.01, jitter: 0 } };
    const before = await sandbox.usage(LEAVING_SECRET);
    await expect(callers.client(leaving.key, options).models.generateContent(slow)).rejects.toMatchObject({ name: 'AbortError' });
    await noOpenHolds(daemon);
    const after = await sandbox.usage(LEAVING_SECRET);
    expect(after.requests - before.requests).toBe(2);
    expect((await showSource(daemon, leaving.source)).spent).toBe(String(after.total_tokens));
  });

  it('by a signal, before the first byte or in the middle of a stream', async () => {
    const ai = callers.client(leaving.key);
    const early = new AbortController();
    const { requests } = await sandbox.usage(LEAVING_SECRET);
    const whole = ai.models.generateContent({ ...slow, config: { abortSignal: early.signal } });
    await expect.poll(async () => (await sandbox.usage(LEAVING_SECRET)).requests, { interval: 20 }).toBe(requests + 1);
    early.abort();
    await expect(whole).rejects.toMatchObject({ name: 'AbortError' });
    const late = new AbortController();
    const stream = await ai.models.generateContentStream({ ...slow, config: { abortSignal: late.signal } });
    const reading = (async () => {
      for await (const _ of stream) late.abort();
    })();
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('by breaking off the loop over a stream', async () => {
    for await (const chunk of await callers.client(leaving.key).models.generateContentStream(slow)) {
      expect(chunk.candidates).toHaveLength(1);
      break;
    }
  });

  it('pay what the upstream counted, no more and no less', async () => {
    await noOpenHolds(daemon);
    const { requests, total_tokens } = await sandbox.usage(LEAVING_SECRET);
    expect(requests).toBe(5);
    expect((await showSource(daemon, leaving.source)).spent).toBe(String(total_tokens));
  });
});

describe('answers that would be continued by a stored token', () => {
  it('are not: the first part is charged, and the second request refused by name before it is sent', async () => {
    const upstream = await startRecordingUpstream();
    upstream.answer = (_, res) => {
      const content = { role: 'model', parts: [{ text: 'The first part,' }] };
      const candidate = { content, finishReason: 'CONTINUATION', continuationToken: 'stored-there', index: 0 };
      const usageMetadata = { promptTokenCount: 3, candidatesTokenCount: 4, totalTokenCount: 7 };
      res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ candidates: [candidate], usageMetadata }));
    };
    try {
      const models = { decoder: { window: 8_192, maxOutput: 2_048, tokenizer: 'byte_bpe', endpoints: ['generate'] } };
      const added = { name: 'long', provider: 'google', base_url: upstream.url, api_key: 'AIzaLong', cap: 1_000_000, models };
      const { id } = await addSource(daemon, added);
      const { virtual_key: key } = await addKey(daemon, { name: 'long', sources: [id] });
      const request = { model: 'decoder', contents: QUESTION };
      const { code, field, requests } = await raised(key, (ai) => ai.models.generateContent(request));
      expect([code, field, requests]).toEqual(['FIELD_NOT_ALLOWED', 'continuationToken', 2]);
      expect(upstream.arrived).toHaveLength(1);
      const config = { automaticContinuation: false };
      const part = await callers.client(key).models.generateContent({ ...request, config });
      expect([part.text, part.candidates?.[0]?.finishReason]).toEqual(['The first part,', FinishReason.CONTINUATION]);
      await noOpenHolds(daemon);
      expect((await showSource(daemon, id)).spent).toBe('14');
    } finally {
      await upstream.close();
    }
  });
});

describe('after all of it', () => {
  it('every receipt verifies, and the books agree with what the upstream counted', async () => {
    await noOpenHolds(daemon);
    const { total_tokens } = await sandbox.usage(GOOD_SECRET);
    expect(Number((await showSource(daemon, good.source)).spent)).toBe(total_tokens);

    const spent = await verifyAll(daemon, callers.calls(faulty.key));
    const faults = await showSource(daemon, faulty.source);
    expect(String(spent)).toBe(faults.spent);
    expect(Number(faults.spent)).toBeGreaterThanOrEqual((await sandbox.usage(FAULTY_SECRET)).total_tokens);
    await verifyAll(daemon, [...callers.calls(good.key), ...callers.calls(leaving.key)]);
    await expectSoundBooks(daemon);
  });
});
