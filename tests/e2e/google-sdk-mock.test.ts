import { type CallableTool, createPartFromFunctionResponse, type FunctionCall, type GoogleGenAI, type HttpOptions } from '@google/genai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { addKey, addSource, expectSoundBooks, noOpenHolds, showSource, verifiedReceipt, verifyAll } from '../support/calls.ts';
import { startDaemon, type TestDaemon } from '../support/daemon.ts';
import { type GoogleMock, startGoogleMock } from '../support/google-mock.ts';
import { GoogleCallers, readAll } from '../support/google-sdk.ts';

const SECRET = 'AIzaMock-0123456789abcdefghijklmnop';
/** Known to the built-in facts. */
const model = 'gemini-2.5-flash-lite';
const RETRYING: HttpOptions = { retryOptions: { attempts: 2, initialDelay: 0.01, jitter: 0 } };

let upstream: GoogleMock;
let daemon: TestDaemon;
let callers: GoogleCallers;
let source: string;
let key: string;
let ai: GoogleGenAI;
/** Charged for what was called without the SDK. */
let others = 0n;

function fixtures({ mock }: GoogleMock): void {
  const usage = { prompt_tokens: 11, completion_tokens: 4 };
  mock.onMessage('plain', { content: 'A plain answer.', usage });
  mock.onMessage('silent', { content: 'An answer that says nothing of its cost.' });
  mock.onMessage('think', { content: 'A considered answer.', reasoning: 'First, the notches.', usage });
  mock.onMessage('json', { content: '{"split":true,"notches":3}', usage });
  mock.onMessage('filter', { content: 'So far.', finishReason: 'content_filter', usage });
  mock.on({ toolCallId: 'call_weather' }, { content: 'Clear, says the tool.', usage });
  mock.onMessage('weather', { toolCalls: [{ id: 'call_weather', name: 'weather', arguments: '{"city":"Gdynia"}' }], usage });
  const both = [
    { id: 'call_weather', name: 'weather', arguments: '{"city":"Gdynia"}' },
    { id: 'call_clock', name: 'clock', arguments: '{"zone":"UTC"}' },
  ];
  mock.onMessage('together', { content: 'Two at once.', toolCalls: both, usage });
  mock.on({ userMessage: 'break off' }, { content: 'This answer never ends.', usage }, { truncateAfterChunks: 2, latency: 20 });
  mock.onMessage('limit me', { error: { message: 'Slow down.', type: 'RESOURCE_EXHAUSTED' }, status: 429 });
  mock.onMessage('fail', { error: { message: 'It broke.', type: 'INTERNAL' }, status: 500 });
  mock.onMessage('overloaded', { error: { message: 'Try later.', type: 'UNAVAILABLE' }, status: 503 });
  mock.onMessage('forbidden', { error: { message: `Not with ${SECRET}.`, type: 'PERMISSION_DENIED' }, status: 403 });
  mock.onMessage('bad field', { error: { message: `No: ${SECRET}.`, type: 'INVALID_ARGUMENT' }, status: 400 });
  mock.onEmbedding('embed', { embedding: [0.25, -0.5, 1] });
}

beforeAll(async () => {
  upstream = await startGoogleMock(SECRET);
  fixtures(upstream);
  daemon = await startDaemon({ env: { TALLY_SANDBOX: '0', TALLY_RETRIES_MAX: '0' } });
  const declared = {
    'own-model': { window: 32_768, maxOutput: 64, endpoints: ['generate'] },
    'own-embedder': { window: 2_048, endpoints: ['embed'] },
  };
  const added = { name: 'mock', provider: 'google', base_url: upstream.url, api_key: SECRET, cap: 50_000_000, models: declared };
  source = (await addSource(daemon, added)).id;
  key = (await addKey(daemon, { name: 'mock', sources: [source] })).virtual_key;
  callers = new GoogleCallers(daemon.url);
  ai = callers.client(key);
});

afterAll(async () => {
  await daemon?.dispose();
  await upstream?.close();
});

/** What the last call was charged, and on what ground. */
async function charge(): Promise<readonly [number, unknown, unknown]> {
  const { receipt, detail } = await verifiedReceipt(daemon, String(callers.last(key).receipt));
  return [Number(receipt.charged), detail['outcome'], detail['reason']];
}

/** The last body that the caller sent, and the one that arrived. */
function bodies(): readonly [string, string] {
  return [new TextDecoder().decode(callers.last(key).request), String(upstream.arrived.at(-1)?.body)];
}

describe('text over a server that nobody here wrote', () => {
  it('comes in JSON, metered at what it reports', async () => {
    const answer = await ai.models.generateContent({ model, contents: 'plain' });
    expect(answer.text).toBe('A plain answer.');
    expect(answer.usageMetadata).toMatchObject({ promptTokenCount: 11, candidatesTokenCount: 4, totalTokenCount: 15 });
    expect(answer.sdkHttpResponse?.headers?.['x-tally-mode']).toBeUndefined();
    expect(answer.sdkHttpResponse?.headers?.['x-tally-output-limit']).toBe('4096; injected');
    expect(await charge()).toEqual([15, 'metered', undefined]);
  });

  it('comes in streams, several frames of it', async () => {
    const stream = await ai.models.generateContentStream({ model, contents: 'plain' });
    const { text, last } = await readAll(stream);
    expect([text, last.usageMetadata?.totalTokenCount, last.candidates?.[0]?.finishReason]).toEqual(['A plain answer.', 15, 'STOP']);
    expect(await charge()).toEqual([15, 'metered', undefined]);
    expect(upstream.arrived.at(-1)?.path).toBe(`/base/v1/models/${model}:streamGenerateContent?alt=sse`);
  });

  it('comes in chats', async () => {
    const chat = ai.chats.create({ model, config: { systemInstruction: 'Be brief.' } });
    expect((await chat.sendMessage({ message: 'plain' })).text).toBe('A plain answer.');
    expect((await readAll(await chat.sendMessageStream({ message: 'plain again' }))).text).toBe('A plain answer.');
    const said = upstream.mock.getLastRequest()?.body as unknown as { messages: { role: string; content: string }[] };
    expect(said.messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'user']);
  });

  it('comes with thoughts', async () => {
    const answer = await ai.models.generateContent({ model, contents: 'think', config: { thinkingConfig: { includeThoughts: true } } });
    const parts = answer.candidates?.[0]?.content?.parts ?? [];
    expect(parts.map(({ text, thought }) => [text, thought])).toEqual([
      ['First, the notches.', true],
      ['A considered answer.', undefined],
    ]);
    expect((await readAll(await ai.models.generateContentStream({ model, contents: 'think' }))).text).toBe('A considered answer.');
  });

  it('is metered where it was filtered', async () => {
    const { last } = await readAll(await ai.models.generateContentStream({ model, contents: 'filter' }));
    expect(last.candidates?.[0]?.finishReason).toBe('SAFETY');
    expect(await charge()).toEqual([15, 'metered', undefined]);
  });

  it('is metered at zeros where it reports zeros', async () => {
    const { usageMetadata } = await ai.models.generateContent({ model, contents: 'silent' });
    expect(usageMetadata).toMatchObject({ promptTokenCount: 0, totalTokenCount: 0 });
    expect(await charge()).toEqual([0, 'metered', undefined]);
  });

  it('meets a schema that zod then reads', async () => {
    const Verdict = z.object({ split: z.boolean(), notches: z.number() });
    const config = { responseMimeType: 'application/json', responseJsonSchema: z.toJSONSchema(Verdict) };
    const { text } = await ai.models.generateContent({ model, contents: 'json', config });
    expect(Verdict.parse(JSON.parse(text ?? ''))).toEqual({ split: true, notches: 3 });
  });
});

describe('what arrives there', () => {
  it('are the caller’s own bytes, where they name a limit', async () => {
    const safetySettings = [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' }];
    const generationConfig = { maxOutputTokens: 77, temperature: 0.5, seed: 7, stopSequences: ['never'] };
    const extraBody = { labels: { team: 'wood' }, safetySettings };
    await ai.models.generateContent({ model, contents: 'plain', config: { ...generationConfig, httpOptions: { extraBody } } });
    const [sent, arrived] = bodies();
    expect(arrived).toBe(sent);
    expect(JSON.parse(sent)).toMatchObject({ generationConfig, ...extraBody });
    expect(upstream.mock.getLastRequest()?.body).toMatchObject({ max_tokens: 77, temperature: 0.5 });
  });

  it('is that limit alone beside them, where they name none or too large a one', async () => {
    await ai.models.generateContent({ model, contents: 'plain', config: { temperature: 1 } });
    const [sent, arrived] = bodies();
    expect(JSON.parse(arrived)).toEqual({ ...JSON.parse(sent), generationConfig: { temperature: 1, maxOutputTokens: 4_096 } });
    await ai.models.generateContent({ model: 'own-model', contents: 'plain', config: { maxOutputTokens: 1_000 } });
    const [large, clamped] = bodies();
    expect(clamped).toBe(large.replace('"maxOutputTokens":1000', '"maxOutputTokens":64'));
    expect(await charge()).toEqual([15, 'metered', undefined]);
  });
});

/** A tool that the SDK calls by itself. */
function callable(cities: unknown[]): CallableTool {
  const parametersJsonSchema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
  return {
    tool: async () => ({ functionDeclarations: [{ name: 'weather', parametersJsonSchema }] }),
    callTool: async (calls: FunctionCall[]) => {
      cities.push(...calls.map(({ args }) => args?.['city']));
      return calls.map(({ id = '', name = '' }) => createPartFromFunctionResponse(id, name, { sky: 'clear' }));
    },
  };
}

describe('functions over it', () => {
  it('are called by the SDK, whole, streamed and in a chat', async () => {
    const cities: unknown[] = [];
    const config = { tools: [callable(cities)] };
    expect((await ai.models.generateContent({ model, contents: 'weather', config })).text).toBe('Clear, says the tool.');
    const streamed = await readAll(await ai.models.generateContentStream({ model, contents: 'weather', config }));
    expect(streamed.text).toBe('Clear, says the tool.');
    const chat = ai.chats.create({ model, config });
    expect((await chat.sendMessage({ message: 'weather' })).text).toBe('Clear, says the tool.');
    expect(cities).toEqual(['Gdynia', 'Gdynia', 'Gdynia']);
  });

  it('come several at once, beside text', async () => {
    const declarations = ['weather', 'clock'].map((name) => ({ name, parametersJsonSchema: { type: 'object' } }));
    const config = { tools: [{ functionDeclarations: declarations }] };
    const { functionCalls } = await ai.models.generateContent({ model, contents: 'together', config });
    expect(functionCalls?.map(({ name, args }) => [name, args])).toEqual([
      ['weather', { city: 'Gdynia' }],
      ['clock', { zone: 'UTC' }],
    ]);
    const streamed: FunctionCall[] = [];
    for await (const chunk of await ai.models.generateContentStream({ model, contents: 'together', config })) {
      streamed.push(...(chunk.functionCalls ?? []));
    }
    expect(streamed).toEqual(functionCalls);
    expect(await charge()).toEqual([15, 'metered', undefined]);
  });
});

describe('embeddings over it', () => {
  it('without usage are charged at the bound', async () => {
    // The SDK itself sends batches only, which this server does not know.
    const body = JSON.stringify({ content: { parts: [{ text: 'embed this' }] } });
    const answer = await fetch(`${daemon.url}/v1beta/models/own-embedder:embedContent`, {
      method: 'POST',
      headers: { 'x-goog-api-key': key, 'content-type': 'application/json' },
      body,
    });
    expect(await answer.json()).toEqual({ embedding: { values: [0.25, -0.5, 1] } });
    const { receipt, detail } = await verifiedReceipt(daemon, String(answer.headers.get('x-tally-receipt')));
    expect([receipt.charged, detail['outcome'], detail['reason']]).toEqual([2_048n, 'bound', 'the answer carried no usable usage']);
    others += receipt.charged;
  });

  it('that it refuses are an error of the SDK’s', async () => {
    const { status, code } = await callers.raised(key, () => ai.models.embedContent({ model: 'own-embedder', contents: 'embed this' }));
    expect([status, code]).toEqual([400, 'UPSTREAM_REFUSED']);
  });
});

describe('errors of it', () => {
  beforeEach(() => upstream.mock.resetMatchCounts());

  it.each([
    ['limit me', 429, 'UPSTREAM_RATE_LIMITED', 2],
    ['fail', 502, 'UPSTREAM_ERROR', 2],
    ['overloaded', 503, 'UPSTREAM_OVERLOADED', 2],
    ['forbidden', 502, 'UPSTREAM_AUTH', 2],
    ['bad field', 400, 'UPSTREAM_REFUSED', 1],
  ])('“%s” surfaces as the SDK’s own, whole and before a stream', async (contents, status, code, requests) => {
    const { models } = callers.client(key, RETRYING);
    for (const ask of [() => models.generateContent({ model, contents }), () => models.generateContentStream({ model, contents })]) {
      const before = upstream.arrived.length;
      const error = await callers.raised(key, ask);
      expect([error.status, error.code, error.requests]).toEqual([status, code, requests]);
      expect(error.message).not.toContain(SECRET.slice(8));
      expect(upstream.arrived.length - before).toBe(requests);
    }
  });

  it('a stream that breaks off is raised in its midst, and spends its whole hold', async () => {
    let text = '';
    let held = '';
    const error = await callers.raised(key, async () => {
      for await (const chunk of await ai.models.generateContentStream({ model, contents: 'break off' })) {
        text += chunk.text ?? '';
        held = String(chunk.sdkHttpResponse?.headers?.['x-tally-held']);
      }
    });
    expect(text).toMatch(/^This a/);
    expect([error.status, error.code]).toEqual([502, 'UPSTREAM_ERROR']);
    const [charged, outcome] = await charge();
    expect([String(charged), outcome]).toEqual([held, 'burned']);
  });
});

describe('after all of it', () => {
  it('each hold that was sent is one request there, and every receipt verifies', async () => {
    await noOpenHolds(daemon);
    const calls = callers.calls(key);
    // One was made without the SDK.
    expect(upstream.arrived).toHaveLength(calls.filter(({ receipt }) => receipt !== null).length + 1);
    expect(String((await verifyAll(daemon, calls)) + others)).toBe((await showSource(daemon, source)).spent);
    await expectSoundBooks(daemon);
  });

  it('every request carried the source’s secret alone, and nothing of the caller’s', () => {
    const names = ['accept', 'accept-encoding', 'connection', 'content-length', 'content-type', 'host', 'x-goog-api-key'];
    for (const { path, headers, body } of upstream.arrived) {
      expect(headers.map(([name]) => name.toLowerCase()).sort(), path).toEqual(names);
      expect(headers.find(([name]) => name === 'x-goog-api-key')?.[1]).toBe(SECRET);
      expect(JSON.stringify([path, headers]) + body.toString('latin1')).not.toContain(key);
    }
  });
});
