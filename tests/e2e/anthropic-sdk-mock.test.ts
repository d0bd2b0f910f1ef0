import Anthropic from '@anthropic-ai/sdk';
import { betaZodTool } from '@anthropic-ai/sdk/helpers/beta/zod';
import { zodOutputFormat } from '@anthropic-ai/sdk/helpers/zod';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type AnthropicMock, startAnthropicMock } from '../support/anthropic-mock.ts';
import { linesOf, textOf } from '../support/anthropic-sdk.ts';
import {
  addKey,
  addSource,
  expectSoundBooks,
  noOpenHolds,
  recordingFetch,
  showSource,
  verifiedReceipt,
  verifyAll,
} from '../support/calls.ts';
import { startDaemon, type TestDaemon } from '../support/daemon.ts';

const SECRET = 'sk-ant-api03-mock-0123456789abcdefghijklmnop';
const CAP = 50_000_000;
/** Of the built-in facts: its tokenizer is not public. */
const MODEL = 'claude-haiku-4-5';
const WINDOW = 200_000;
/** Declared by the operator, who knows more of it. */
const OWN = { 'claude-x': { window: 100_000, maxOutput: 4_096, endpoints: ['messages'], tokenizer: 'byte_bpe' } };

const record = recordingFetch();
let upstream: AnthropicMock;
let daemon: TestDaemon;
let source: string;
let virtualKey: string;

function client(maxRetries = 0, apiKey = virtualKey): Anthropic {
  return new Anthropic({ apiKey, baseURL: daemon.url, maxRetries, fetch: record.fetch });
}

const ask = (content: string, model = MODEL) => ({ model, max_tokens: 512, messages: [{ role: 'user' as const, content }] });

async function another(name: string, more: Readonly<Record<string, unknown>>): Promise<{ id: string; key: string }> {
  const { id } = await addSource(daemon, { name, provider: 'anthropic', base_url: upstream.url, api_key: SECRET, cap: CAP, ...more });
  return { id, key: (await addKey(daemon, { name, sources: [id] })).virtual_key };
}

beforeAll(async () => {
  upstream = await startAnthropicMock(SECRET);
  const { mock } = upstream;
  const usage = { input_tokens: 11, output_tokens: 4 };
  mock.onMessage('plain', { content: 'A plain answer.', usage });
  mock.onMessage('unreported', { content: 'An answer without a count.' });
  mock.onMessage('ponder', { content: 'An answer, thought over.', reasoning: 'Both halves match.', reasoningSignature: 'c2lnbmVk', usage });
  mock.onMessage('json', { content: '{"split":true,"notches":3}', usage });
  mock.on({ toolCallId: 'toolu_weather' }, { content: 'Clear, says the tool.', usage });
  mock.onMessage('weather', { toolCalls: [{ id: 'toolu_weather', name: 'weather', arguments: '{"city":"Gdynia"}' }], usage });
  const said = (message: string, type: string, status: number) => ({ error: { message, type }, status });
  mock.onMessage('limit me', said('Slow down.', 'rate_limit_error', 429));
  mock.onMessage('too busy', said('Overloaded', 'overloaded_error', 529));
  mock.onMessage('break', said('It broke.', 'api_error', 500));
  mock.onMessage('bad key', said(`invalid x-api-key: ${SECRET}`, 'authentication_error', 401));
  mock.onMessage('bad field', said(`No: ${SECRET}.`, 'invalid_request_error', 400));
  mock.onMessage('cut me', { content: 'An answer that will not come to its end.', usage }, { truncateAfterChunks: 4, latency: 20 });
  daemon = await startDaemon({ env: { TALLY_SANDBOX: '0' } });
  const added = await another('mock', { models: OWN });
  source = added.id;
  virtualKey = added.key;
});

afterAll(async () => {
  await daemon?.dispose();
  await upstream?.close();
});

/** The last request, as its bytes came to the mock. */
function arrived() {
  const last = upstream.arrived.at(-1);
  if (last === undefined) throw new Error('nothing came');
  return last;
}

const receiptOf = (response: Response) => verifiedReceipt(daemon, String(response.headers.get('x-tally-receipt')));

describe('messages over a server that nobody here wrote', () => {
  it('answers in JSON, metered at what it reports', async () => {
    const { data, response } = await client().messages.create(ask('plain')).withResponse();
    expect(textOf(data)).toBe('A plain answer.');
    expect(data.usage).toMatchObject({ input_tokens: 11, output_tokens: 4 });
    expect(response.headers.has('x-tally-mode')).toBe(false);
    expect([response.headers.get('x-tally-proof'), response.headers.get('x-tally-held')]).toEqual(['window', String(WINDOW)]);
    expect(linesOf(await receiptOf(response))).toEqual({ input: 11, output: 4 });
  });

  it('streams', async () => {
    const stream = client().messages.stream(ask('plain'));
    const { response } = await stream.withResponse();
    const message = await stream.finalMessage();
    expect([textOf(message), message.stop_reason]).toEqual(['A plain answer.', 'end_turn']);
    expect(message.usage).toMatchObject({ input_tokens: 11, output_tokens: 4 });
    expect(linesOf(await receiptOf(response))).toEqual({ input: 11, output: 4 });
  });

  it.each([true, false])('sends the bytes that the caller sent (stream: %s)', async (stream) => {
    const params = { ...ask('plain'), system: 'Zażółć gęślą jaźń, \u2028 1e3', stop_sequences: ['¶'], metadata: { user_id: 'u' }, stream };
    await client().messages.create(params);
    expect(arrived().body).toEqual(Buffer.from(JSON.stringify(params)));
    expect(arrived().path).toBe('/base/v1/messages');
  });

  it('adds the limit where there is none, and nothing else', async () => {
    const { max_tokens: _, ...without } = ask('plain', 'claude-x');
    const call = client().messages.create(without as Anthropic.MessageCreateParamsNonStreaming);
    const { response } = await call.withResponse();
    expect(JSON.parse(arrived().body.toString())).toEqual({ ...without, max_tokens: 4_096 });
    // Its operator has declared a byte-level tokenizer: the bytes bound it, far below its window.
    expect([response.headers.get('x-tally-proof'), response.headers.get('x-tally-output-limit')]).toEqual(['bytes', '4096; injected']);
    expect(Number(response.headers.get('x-tally-held'))).toBeLessThan(6_000);
  });

  it('settles a report of zeros at zero, but where the giver lets nothing be released', async () => {
    for (const stream of [false, true]) {
      const answer = await client()
        .messages.create({ ...ask('unreported'), stream })
        .withResponse();
      if (stream) for await (const _ of answer.data as AsyncIterable<unknown>);
      const { receipt } = await receiptOf(answer.response);
      expect([receipt.kind, receipt.charged, receipt.lines]).toEqual([1, 0n, []]);
    }
    const kept = await another('kept', { settle: 'hold' });
    const { response } = await client(0, kept.key).messages.create(ask('unreported')).withResponse();
    const { receipt } = await receiptOf(response);
    expect([receipt.kind, receipt.charged]).toEqual([3, BigInt(WINDOW)]);
  });

  it('passes thinking and its signature, both ways', async () => {
    const params = { ...ask('ponder'), max_tokens: 2_048, thinking: { type: 'enabled' as const, budget_tokens: 1_024 } };
    const whole = await client().messages.create(params);
    expect(whole.content[0]).toEqual({ type: 'thinking', thinking: 'Both halves match.', signature: 'c2lnbmVk' });
    expect((await client().messages.stream(params).finalMessage()).content).toEqual(whole.content);
    const messages = [...params.messages, { role: 'assistant' as const, content: whole.content }, ...ask('plain').messages];
    await client().messages.create({ ...params, messages });
    expect(JSON.parse(arrived().body.toString()).messages[1].content).toEqual(whole.content);
  });

  it('parses structured outputs', async () => {
    const output_config = { format: zodOutputFormat(z.object({ split: z.boolean(), notches: z.number() })) };
    const answer = await client().messages.parse({ ...ask('json'), output_config });
    expect(answer.parsed_output).toEqual({ split: true, notches: 3 });
    expect(JSON.parse(arrived().body.toString()).output_config).toEqual(JSON.parse(JSON.stringify(output_config)));
  });

  it.each([false, true])('goes the round of a tool with the runner (stream: %s)', async (stream) => {
    const cities: string[] = [];
    const run = ({ city }: { city: string }) => {
      cities.push(city);
      return 'clear';
    };
    const weather = betaZodTool({ name: 'weather', description: 'Of a city.', inputSchema: z.object({ city: z.string() }), run });
    const params = { ...ask('weather'), tools: [weather] };
    const { messages } = client().beta;
    const final = stream ? await messages.toolRunner({ ...params, stream: true }) : await messages.toolRunner({ ...params, stream: false });
    expect(textOf(final)).toBe('Clear, says the tool.');
    expect(cities).toEqual(['Gdynia']);
  });
});

describe('errors of it', () => {
  beforeEach(() => {
    upstream.mock.resetMatchCounts();
  });

  it.each([
    ['limit me', Anthropic.RateLimitError, 'UPSTREAM_RATE_LIMITED', 2],
    ['too busy', Anthropic.InternalServerError, 'UPSTREAM_OVERLOADED', 2],
    ['break', Anthropic.InternalServerError, 'UPSTREAM_ERROR', 2],
    ['bad key', Anthropic.InternalServerError, 'UPSTREAM_AUTH', 1],
    ['bad field', Anthropic.BadRequestError, 'UPSTREAM_REFUSED', 1],
  ])('“%s” surfaces as the SDK’s own class', async (content, type, code, requests) => {
    const before = upstream.arrived.length;
    const error: unknown = await client(1)
      .messages.create(ask(content))
      .then(
        () => null,
        (cause: unknown) => cause,
      );
    expect(error).toBeInstanceOf(type);
    expect(error).toMatchObject({ error: { error: { code } } });
    expect(String(error)).not.toContain(SECRET.slice(-12));
    expect(upstream.arrived.length - before).toBe(requests);
  });

  it('a stream that it cuts is raised as an error, and its whole hold is spent', async () => {
    const stream = client().messages.stream(ask('cut me'));
    const { response } = await stream.withResponse();
    await expect(stream.finalMessage()).rejects.toMatchObject({ error: { error: { code: 'UPSTREAM_ERROR' } } });
    const { receipt } = await receiptOf(response);
    expect([receipt.kind, receipt.charged]).toEqual([2, BigInt(WINDOW)]);
  });

  it('it cannot count: below its window a model is not served on a count’s promise', async () => {
    const { id, key } = await another('small', { cap: 100_000, count_consent: true });
    const before = upstream.arrived.length;
    await expect(client(0, key).messages.create(ask('plain'))).rejects.toBeInstanceOf(Anthropic.InternalServerError);
    expect(upstream.arrived.slice(before).map(({ path }) => path)).toEqual(['/base/v1/messages/count_tokens']);
    await noOpenHolds(daemon);
    expect((await showSource(daemon, id)).spent).toBe('0');
  });
});

describe('after all of it', () => {
  it('each hold that was sent is one request, and every receipt verifies', async () => {
    await noOpenHolds(daemon);
    const sent = record.all.filter(({ receipt }) => receipt !== null);
    const calls = upstream.arrived.filter(({ path }) => path === '/base/v1/messages');
    expect(calls).toHaveLength(sent.length);
    const charged = await verifyAll(
      daemon,
      record.all.filter((call) => call.virtualKey === virtualKey),
    );
    expect(String(charged)).toBe((await showSource(daemon, source)).spent);
    await expectSoundBooks(daemon);
  });

  it('every request carried the source’s secret and a version, and none the virtual key', () => {
    for (const { headers } of upstream.arrived) {
      const sent = Object.fromEntries(headers);
      expect(sent).toMatchObject({ 'x-api-key': SECRET, 'anthropic-version': '2026-10-21', 'accept-encoding': 'identity' });
      expect(JSON.stringify(headers)).not.toContain('tk_');
      expect(Object.keys(sent).sort()).toEqual([
        'accept',
        'accept-encoding',
        'anthropic-version',
        'connection',
        'content-length',
        'content-type',
        'host',
        'x-api-key',
      ]);
    }
  });
});
