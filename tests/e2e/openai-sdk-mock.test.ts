import { LLMock } from '@copilotkit/aimock';
import OpenAI from 'openai';
import { zodFunction, zodResponseFormat, zodTextFormat } from 'openai/helpers/zod';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { addKey, addSource, expectSoundBooks, noOpenHolds, recordingFetch, showSource, verifyAll } from '../support/calls.ts';
import { startDaemon, type TestDaemon } from '../support/daemon.ts';

const SECRET = 'sk-mock-0123456789abcdefghijklmnop';
const MODEL = 'gpt-4o-mini';
const ask = (content: string) => [{ role: 'user' as const, content }];

const record = recordingFetch();
let mock: LLMock;
let daemon: TestDaemon;
let source: string;
let virtualKey: string;

function client(maxRetries = 0): OpenAI {
  return new OpenAI({ apiKey: virtualKey, baseURL: `${daemon.url}/v1`, maxRetries, fetch: record.fetch });
}

beforeAll(async () => {
  mock = new LLMock({ port: 0, journalMaxEntries: 0 });
  const usage = { prompt_tokens: 11, completion_tokens: 4, total_tokens: 15 };
  mock.onMessage('plain', { content: 'A plain answer.', usage });
  mock.onMessage('respond', { content: 'A response.', usage: { input_tokens: 9, output_tokens: 3 } });
  mock.onMessage('json', { content: '{"split":true,"notches":3}', usage });
  mock.onMessage('verdict', { content: '{"split":true,"notches":3}', usage: { input_tokens: 9, output_tokens: 3 } });
  mock.on({ toolCallId: 'call_weather' }, { content: 'Clear, says the tool.', usage });
  mock.onMessage('weather', { toolCalls: [{ id: 'call_weather', name: 'weather', arguments: '{"city":"Gdynia"}' }], usage });
  mock.onEmbedding('embed', { embedding: [0.25, -0.5, 1] });
  mock.onMessage('limit me', { error: { message: 'Slow down.', type: 'rate_limit_error', code: 'rate_limit_exceeded' }, status: 429 });
  mock.onMessage('break', { error: { message: 'It broke.', type: 'server_error' }, status: 500 });
  mock.onMessage('bad key', { error: { message: `Incorrect API key provided: ${SECRET}.`, code: 'invalid_api_key' }, status: 401 });
  mock.onMessage('bad field', { error: { message: `No: ${SECRET}.`, type: 'invalid_request_error', code: 'bad' }, status: 400 });
  await mock.start();
  daemon = await startDaemon({ env: { TALLY_SANDBOX: '0' } });
  const added = await addSource(daemon, { name: 'mock', provider: 'openai', base_url: `${mock.url}/v1`, api_key: SECRET, cap: 50_000_000 });
  source = added.id;
  virtualKey = (await addKey(daemon, { name: 'mock', sources: [source] })).virtual_key;
});

afterAll(async () => {
  await daemon?.dispose();
  await mock?.stop();
});

/** What the mock parsed of the last request. */
function arrived(): Record<string, unknown> {
  return mock.getLastRequest()?.body as unknown as Record<string, unknown>;
}

describe('chat over a server that nobody here wrote', () => {
  it('answers in JSON, metered at what it reports', async () => {
    const { data, response } = await client()
      .chat.completions.create({ model: MODEL, messages: ask('plain') })
      .withResponse();
    expect(data.choices[0]?.message.content).toBe('A plain answer.');
    expect(data.usage).toMatchObject({ prompt_tokens: 11, completion_tokens: 4, total_tokens: 15 });
    expect(response.headers.has('x-tally-mode')).toBe(false);
    expect(arrived()).toMatchObject({ model: MODEL, messages: ask('plain'), max_completion_tokens: 4096 });
  });

  it.each([true, false])('streams (usage asked: %s)', async (asked) => {
    const params = { model: MODEL, messages: ask('plain'), stream: true as const };
    const stream = await client().chat.completions.create(asked ? { ...params, stream_options: { include_usage: true } } : params);
    let text = '';
    let usages = 0;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      if (chunk.usage) usages += 1;
    }
    expect([text, usages]).toEqual(['A plain answer.', asked ? 1 : 0]);
    expect(arrived()['stream_options']).toEqual({ include_usage: true });
  });

  it('sends the legacy limit under its new name, and nothing else anew', async () => {
    await client().chat.completions.create({ model: MODEL, messages: ask('plain'), max_tokens: 77, temperature: 0.5, user: 'u' });
    const { max_completion_tokens, ...rest } = arrived();
    expect(max_completion_tokens).toBe(77);
    const own = Object.entries(rest).filter(([name]) => !name.startsWith('_'));
    expect(Object.fromEntries(own)).toEqual({ model: MODEL, messages: ask('plain'), temperature: 0.5, user: 'u' });
  });

  it('parses structured outputs', async () => {
    const format = zodResponseFormat(z.object({ split: z.boolean(), notches: z.number() }), 'verdict');
    const answer = await client().chat.completions.parse({ model: MODEL, messages: ask('json'), response_format: format });
    expect(answer.choices[0]?.message.parsed).toEqual({ split: true, notches: 3 });
    expect(arrived()['response_format']).toEqual(JSON.parse(JSON.stringify(format)));
  });

  it.each([false, true])('goes the round of a tool with the runner (stream: %s)', async (stream) => {
    const cities: string[] = [];
    const weather = zodFunction({
      name: 'weather',
      parameters: z.object({ city: z.string() }),
      function: ({ city }) => {
        cities.push(city);
        return 'clear';
      },
    });
    const params = { model: MODEL, messages: ask('weather'), tools: [weather] };
    const { completions } = client().chat;
    const runner = stream ? completions.runTools({ ...params, stream: true }) : completions.runTools({ ...params, stream: false });
    expect(await runner.finalContent()).toBe('Clear, says the tool.');
    expect(cities).toEqual(['Gdynia']);
  });
});

describe('responses and embeddings over it', () => {
  it('answers in JSON', async () => {
    const answer = await client().responses.create({ model: MODEL, input: 'respond' });
    expect(answer.output_text).toBe('A response.');
    expect(answer.usage).toMatchObject({ input_tokens: 9, output_tokens: 3 });
  });

  it('streams', async () => {
    const whole = await client().responses.stream({ model: MODEL, input: 'respond' }).finalResponse();
    expect(whole.output_text).toBe('A response.');
  });

  it('parses structured outputs', async () => {
    const text = { format: zodTextFormat(z.object({ split: z.boolean(), notches: z.number() }), 'verdict') };
    const answer = await client().responses.parse({ model: MODEL, input: 'verdict', text });
    expect(answer.output_parsed).toEqual({ split: true, notches: 3 });
  });

  it('decodes embeddings', async () => {
    const { data } = await client().embeddings.create({ model: 'text-embedding-3-small', input: 'embed this' });
    expect(data[0]?.embedding).toEqual([0.25, -0.5, 1]);
  });
});

describe('errors of it', () => {
  beforeEach(() => mock.resetMatchCounts());

  it.each([
    ['limit me', OpenAI.RateLimitError, 'UPSTREAM_RATE_LIMITED', 2],
    ['break', OpenAI.InternalServerError, 'UPSTREAM_ERROR', 2],
    ['bad key', OpenAI.InternalServerError, 'UPSTREAM_AUTH', 1],
    ['bad field', OpenAI.BadRequestError, 'UPSTREAM_REFUSED', 1],
  ])('“%s” surfaces as the SDK’s own class', async (content, type, code, requests) => {
    const before = mock.getRequests().length;
    const error = await client(1)
      .chat.completions.create({ model: MODEL, messages: ask(content) })
      .then(
        () => null,
        (cause: unknown) => cause,
      );
    expect(error).toBeInstanceOf(type);
    expect((error as InstanceType<typeof OpenAI.APIError>).code).toBe(code);
    expect(String(error)).not.toContain(SECRET.slice(8));
    expect(mock.getRequests().length - before).toBe(requests);
  });
});

describe('after all of it', () => {
  it('each hold that was sent is one request in the mock’s journal, and every receipt verifies', async () => {
    await noOpenHolds(daemon);
    const sent = record.all.filter(({ receipt }) => receipt !== null);
    expect(mock.getRequests()).toHaveLength(sent.length);
    const charged = await verifyAll(daemon, record.all);
    expect(String(charged)).toBe((await showSource(daemon, source)).spent);
    await expectSoundBooks(daemon);
  });

  it('every request carried the source’s secret, and none the virtual key', () => {
    for (const { headers, path } of mock.getRequests()) {
      expect(JSON.stringify(headers)).not.toContain(virtualKey);
      // The mock notes down an `x-request-id` of its own; the raw headers are looked at in verbatim.test.ts.
      const names = Object.keys(headers).filter((name) => name !== 'x-request-id');
      expect(names.sort(), path).toEqual([
        'accept',
        'accept-encoding',
        'authorization',
        'connection',
        'content-length',
        'content-type',
        'host',
      ]);
    }
  });
});
