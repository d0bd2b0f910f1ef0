import { rmSync } from 'node:fs';
import { type Sandbox, startSandbox } from '@tallystick/sandbox';
import OpenAI from 'openai';
import { zodFunction, zodResponseFormat, zodTextFormat } from 'openai/helpers/zod';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { addKey, addSource, expectSoundBooks, noOpenHolds, recordingFetch, showSource, verifyAll } from '../support/calls.ts';
import { startDaemon, type TestDaemon, temporaryFolder } from '../support/daemon.ts';

const GOOD_SECRET = 'sk-sandbox-good-0123456789abcdef';
const FAULTY_SECRET = 'sk-sandbox-faulty-0123456789abcdef';
const MESSAGES = [{ role: 'user' as const, content: 'What did the tally stick show?' }];

const sandboxDir = temporaryFolder();
const record = recordingFetch();
let sandbox: Sandbox;
let daemon: TestDaemon;
let good: { source: string; key: string };
let faulty: { source: string; key: string };

function client(apiKey: string, maxRetries = 0): OpenAI {
  return new OpenAI({ apiKey, baseURL: `${daemon.url}/v1`, maxRetries, fetch: record.fetch });
}

async function pair(name: string, secret: string): Promise<{ source: string; key: string }> {
  const source = await addSource(daemon, { name, provider: 'sandbox', base_url: `${sandbox.url}/v1`, api_key: secret, cap: 50_000_000 });
  const key = await addKey(daemon, { name, sources: [source.id] });
  return { source: source.id, key: key.virtual_key };
}

async function sandboxUsage(secret: string): Promise<{ requests: number; total_tokens: number }> {
  const answer = await fetch(`${sandbox.url}/sandbox/usage`, { headers: { authorization: `Bearer ${secret}` } });
  return (await answer.json()) as { requests: number; total_tokens: number };
}

beforeAll(async () => {
  sandbox = await startSandbox({ dataDir: sandboxDir });
  daemon = await startDaemon({ env: { TALLY_SANDBOX: '0' } });
  good = await pair('good', GOOD_SECRET);
  faulty = await pair('faulty', FAULTY_SECRET);
});

afterAll(async () => {
  await daemon?.dispose();
  await sandbox?.close();
  rmSync(sandboxDir, { recursive: true, force: true });
});

describe('chat completions', () => {
  it('answers in JSON, with the gateway’s headers and a request id', async () => {
    const call = client(good.key).chat.completions.create({ model: 'sandbox-small', messages: MESSAGES });
    const { data, response, request_id } = await call.withResponse();
    const { _request_id } = await call;
    expect(data.choices[0]?.message.content).toContain('sandbox');
    expect(data.usage?.total_tokens).toBeGreaterThan(0);
    expect(_request_id).toBe(response.headers.get('x-tally-call-id'));
    expect(request_id).toBe(_request_id);
    expect(response.headers.get('x-tally-receipt')).toMatch(/^[0-9a-f]{32}$/);
    expect(Number(response.headers.get('x-tally-held'))).toBeGreaterThanOrEqual(data.usage?.total_tokens ?? 0);
    expect(response.headers.get('x-tally-mode')).toBe('sandbox');
    expect(response.headers.get('x-tally-output-limit')).toBe('2048; injected');
    expect(response.headers.get('x-ratelimit-remaining-tokens')).toMatch(/^\d+$/);
    expect(Number(response.headers.get('x-tally-overhead-ms'))).toBeGreaterThan(0);
  });

  it('gives as many choices as asked, and stops at a stop sequence', async () => {
    const answer = await client(good.key).chat.completions.create({ model: 'sandbox-small', messages: MESSAGES, n: 3, stop: ['no model'] });
    expect(answer.choices).toHaveLength(3);
    for (const { message } of answer.choices) expect(message.content).toBe('This is sandbox output: ');
  });

  it('cuts at the caller’s limit, by either name of it', async () => {
    const ai = client(good.key);
    for (const limit of [{ max_tokens: 7 }, { max_completion_tokens: 7 }]) {
      const answer = await ai.chat.completions.create({ model: 'sandbox-long', messages: MESSAGES, ...limit });
      expect(answer.usage?.completion_tokens).toBe(7);
      expect(answer.choices[0]?.finish_reason).toBe('length');
    }
  });

  it('clamps a limit above what the model can emit, and says so', async () => {
    const { response } = await client(good.key)
      .chat.completions.create({ model: 'sandbox-small', messages: MESSAGES, max_tokens: 1_000_000_000 })
      .withResponse();
    expect(response.headers.get('x-tally-output-limit')).toBe('2048; clamped');
  });

  it.each(['sandbox-reasoning', 'sandbox-cached', 'sandbox-slow-bytes'])('serves %s', async (model) => {
    const ai = client(good.key);
    const answer = await ai.chat.completions.create({ model, messages: MESSAGES, max_completion_tokens: 200 });
    const stream = await ai.chat.completions.create({ model, messages: MESSAGES, max_completion_tokens: 200, stream: true });
    let text = '';
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    expect(text).toBe(answer.choices[0]?.message.content);
  });
});

describe('chat streams', () => {
  it('withholds the usage that nobody asked for, in every chunk', async () => {
    const stream = await client(good.key).chat.completions.create({ model: 'sandbox-small', messages: MESSAGES, stream: true });
    let text = '';
    for await (const chunk of stream) {
      expect(chunk.choices.length).toBeGreaterThan(0);
      expect('usage' in chunk).toBe(false);
      text += chunk.choices[0]?.delta.content ?? '';
    }
    expect(text).toContain('sandbox');
  });

  it.each([{ include_usage: false }, null])('withholds it as well where the caller says %j', async (stream_options) => {
    const stream = await client(good.key).chat.completions.create({
      model: 'sandbox-small',
      messages: MESSAGES,
      stream: true,
      stream_options,
    });
    for await (const chunk of stream) expect('usage' in chunk).toBe(false);
  });

  it('gives it to who asked, as the upstream sent it', async () => {
    const stream = await client(good.key).chat.completions.create({
      model: 'sandbox-small',
      messages: MESSAGES,
      stream: true,
      stream_options: { include_usage: true },
    });
    const usages: (OpenAI.CompletionUsage | null | undefined)[] = [];
    for await (const chunk of stream) usages.push(chunk.usage);
    expect(usages.at(-1)?.total_tokens).toBeGreaterThan(0);
    expect(new Set(usages.slice(0, -1))).toEqual(new Set([null]));
  });

  it('works with the helper that puts a stream together', async () => {
    const stream = client(good.key).chat.completions.stream({ model: 'sandbox-small', messages: MESSAGES });
    const pieces: string[] = [];
    stream.on('content', (piece) => pieces.push(piece));
    const whole = await stream.finalChatCompletion();
    expect(whole.choices[0]?.message.content).toBe(pieces.join(''));
    const two = client(good.key).chat.completions.stream({ model: 'sandbox-small', messages: MESSAGES, n: 2 });
    expect((await two.finalChatCompletion()).choices.map(({ index }) => index)).toEqual([0, 1]);
  });
});

describe('tools', () => {
  const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false };
  const tools = [{ type: 'function' as const, function: { name: 'weather', description: 'Of a city.', parameters, strict: true } }];

  it('goes the round by hand: call, result, answer', async () => {
    const ai = client(good.key);
    const first = await ai.chat.completions.create({ model: 'sandbox-small', messages: MESSAGES, tools });
    const [message] = first.choices.map((choice) => choice.message);
    const call = message?.tool_calls?.[0];
    if (message === undefined || call?.type !== 'function') throw new Error('no tool was called');
    expect(JSON.parse(call.function.arguments)).toHaveProperty('city');
    const second = await ai.chat.completions.create({
      model: 'sandbox-small',
      messages: [...MESSAGES, message, { role: 'tool', tool_call_id: call.id, content: '{"sky":"clear"}' }],
      tools,
    });
    expect(second.choices[0]?.finish_reason).toBe('stop');
  });

  it('goes it in streams', async () => {
    const stream = client(good.key).chat.completions.stream({ model: 'sandbox-small', messages: MESSAGES, tools, tool_choice: 'required' });
    const whole = await stream.finalChatCompletion();
    expect(whole.choices[0]?.finish_reason).toBe('tool_calls');
  });

  it.each([false, true])('goes it with the runner (stream: %s)', async (stream) => {
    const asked: unknown[] = [];
    const weather = zodFunction({
      name: 'weather',
      parameters: z.object({ city: z.string() }),
      function: (args) => {
        asked.push(args);
        return { sky: 'clear' };
      },
    });
    const params = { model: 'sandbox-small', messages: MESSAGES, tools: [weather] };
    const completions = client(good.key).chat.completions;
    const runner = stream ? completions.runTools({ ...params, stream: true }) : completions.runTools({ ...params, stream: false });
    expect(await runner.finalContent()).toContain('sandbox');
    expect(asked).toHaveLength(1);
  });
});

describe('structured outputs', () => {
  const Verdict = z.object({ split: z.boolean(), notches: z.number(), words: z.array(z.string()) });

  it('parses a chat completion', async () => {
    const ai = client(good.key);
    const format = zodResponseFormat(Verdict, 'verdict');
    const answer = await ai.chat.completions.parse({ model: 'sandbox-small', messages: MESSAGES, response_format: format });
    const message = answer.choices[0]?.message;
    expect(typeof message?.parsed?.split).toBe('boolean');
    const streamed = await ai.chat.completions
      .stream({ model: 'sandbox-small', messages: MESSAGES, response_format: format })
      .finalChatCompletion();
    expect(streamed.choices[0]?.message.parsed).toEqual(message?.parsed);
    // What the parser added goes back with the message, as callers do it.
    if (message === undefined) throw new Error('no message');
    await ai.chat.completions.create({ model: 'sandbox-small', messages: [...MESSAGES, message, ...MESSAGES] });
  });

  it('parses a response', async () => {
    const ai = client(good.key);
    const text = { format: zodTextFormat(Verdict, 'verdict') };
    const answer = await ai.responses.parse({ model: 'sandbox-small', input: 'Well?', text });
    expect(typeof answer.output_parsed?.split).toBe('boolean');
    const history = answer.output as OpenAI.Responses.ResponseInputItem[];
    await ai.responses.create({ model: 'sandbox-small', input: [{ role: 'user', content: 'Well?' }, ...history] });
  });

  it('takes plain JSON mode', async () => {
    const answer = await client(good.key).chat.completions.create({
      model: 'sandbox-small',
      messages: [{ role: 'user', content: 'Answer in json.' }],
      response_format: { type: 'json_object' },
    });
    expect(JSON.parse(answer.choices[0]?.message.content ?? '')).toHaveProperty('sandbox', true);
  });
});

describe('responses', () => {
  it('answers in JSON', async () => {
    const { data, response } = await client(good.key)
      .responses.create({ model: 'sandbox-small', instructions: 'Be brief.', input: 'Well?', max_output_tokens: 64 })
      .withResponse();
    expect(data.output_text).toContain('sandbox');
    expect(data.usage?.total_tokens).toBeGreaterThan(0);
    expect(response.headers.get('x-tally-output-limit')).toBe('64; caller');
  });

  it('streams its events, usage in the last', async () => {
    const stream = await client(good.key).responses.create({ model: 'sandbox-small', input: 'Well?', stream: true });
    const events: OpenAI.Responses.ResponseStreamEvent[] = [];
    for await (const event of stream) events.push(event);
    expect(events[0]?.type).toBe('response.created');
    const last = events.at(-1);
    expect(last?.type === 'response.completed' && last.response.usage?.total_tokens).toBeGreaterThan(0);
  });

  it('works with the helper, and goes the round of a tool', async () => {
    const ai = client(good.key);
    const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false };
    const tools = [{ type: 'function' as const, name: 'weather', parameters, strict: true }];
    const first = await ai.responses.stream({ model: 'sandbox-small', input: 'Well?', tools }).finalResponse();
    const call = first.output[0];
    if (call?.type !== 'function_call') throw new Error('no tool was called');
    const second = await ai.responses.create({
      model: 'sandbox-small',
      tools,
      input: [{ role: 'user', content: 'Well?' }, call, { type: 'function_call_output', call_id: call.call_id, output: 'clear' }],
    });
    expect(second.output_text).toContain('sandbox');
  });
});

describe('embeddings and models', () => {
  it('decodes the base64 that the SDK asks for, the same as floats', async () => {
    const ai = client(good.key);
    const input = ['one', 'two'];
    const packed = await ai.embeddings.create({ model: 'sandbox-embed', input, dimensions: 16 });
    const floats = await ai.embeddings.create({ model: 'sandbox-embed', input, dimensions: 16, encoding_format: 'float' });
    expect(packed.data).toHaveLength(2);
    expect(packed.data.map(({ embedding }) => embedding)).toEqual(floats.data.map(({ embedding }) => embedding));
  });

  it('takes token ids as well', async () => {
    const { data } = await client(good.key).embeddings.create({ model: 'sandbox-embed', input: [[1, 2], [3]] });
    expect(data.map(({ embedding }) => embedding.length)).toEqual([256, 256]);
  });

  it('lists and retrieves models', async () => {
    const ai = client(good.key);
    const ids: string[] = [];
    for await (const { id } of ai.models.list()) ids.push(id);
    expect(ids[0]).toBe('sandbox-small');
    expect((await ai.models.retrieve('sandbox-embed')).owned_by).toBe('sandbox');
    await expect(ai.models.retrieve('none-such')).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  });
});

/** What an SDK raised, and how many requests it made for it. */
async function raised(work: () => Promise<unknown>): Promise<{ error: InstanceType<typeof OpenAI.APIError>; requests: number }> {
  const before = record.all.length;
  const error = await work().then(
    () => null,
    (cause: unknown) => cause,
  );
  if (!(error instanceof OpenAI.APIError)) throw new Error(`expected an API error, got ${String(error)}`);
  return { error, requests: record.all.length - before };
}

describe('errors are the SDK’s own', () => {
  const chat = (key: string, model: string, retries: number, more: object = {}) =>
    raised(() => client(key, retries).chat.completions.create({ model, messages: MESSAGES, ...more }));

  it('AuthenticationError, once', async () => {
    const { error, requests } = await chat(`tk_${'A'.repeat(43)}`, 'sandbox-small', 5);
    expect(error).toBeInstanceOf(OpenAI.AuthenticationError);
    expect([error.code, error.type, requests]).toEqual(['AUTH_INVALID', 'authentication_error', 1]);
    expect(error.requestID).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('BadRequestError with the field’s name, once', async () => {
    const { error, requests } = await chat(good.key, 'sandbox-small', 5, { web_search_options: {} });
    expect(error).toBeInstanceOf(OpenAI.BadRequestError);
    expect([error.code, error.param, requests]).toEqual(['FIELD_NOT_ALLOWED', 'web_search_options', 1]);
  });

  it('NotFoundError, once', async () => {
    const { error, requests } = await chat(good.key, 'gpt-none', 5);
    expect(error).toBeInstanceOf(OpenAI.NotFoundError);
    expect([error.code, requests]).toEqual(['MODEL_UNKNOWN', 1]);
  });

  it('ConflictError for an idempotency key that was served, UnprocessableEntityError for another body', async () => {
    const again = (content: string) =>
      client(good.key, 5).chat.completions.create(
        { model: 'sandbox-fixed-5', messages: [{ role: 'user', content }] },
        { headers: { 'idempotency-key': 'once-only' } },
      );
    await again('one');
    await noOpenHolds(daemon);
    const served = await raised(() => again('one'));
    expect(served.error).toBeInstanceOf(OpenAI.ConflictError);
    expect([served.error.code, served.requests]).toEqual(['ALREADY_SERVED', 1]);
    const other = await raised(() => again('two'));
    expect(other.error).toBeInstanceOf(OpenAI.UnprocessableEntityError);
    expect([other.error.code, other.requests]).toEqual(['IDEMPOTENCY_MISMATCH', 1]);
  });

  it('status 402 for a cap that is reached, once', async () => {
    const { virtual_key } = await addKey(daemon, { name: 'small', limit: 50, sources: [good.source] });
    const { error, requests } = await chat(virtual_key, 'sandbox-small', 5);
    expect([error.status, error.code, error.type, requests]).toEqual([402, 'CAP_EXCEEDED', 'insufficient_quota', 1]);
    expect(error.headers?.get('x-should-retry')).toBe('false');
  });

  it.each([
    ['sandbox-refuse', OpenAI.BadRequestError, 'UPSTREAM_REFUSED', 1],
    ['sandbox-refuse-rate', OpenAI.RateLimitError, 'UPSTREAM_RATE_LIMITED', 2],
    ['sandbox-refuse-auth', OpenAI.InternalServerError, 'UPSTREAM_AUTH', 1],
    ['sandbox-error', OpenAI.InternalServerError, 'UPSTREAM_ERROR', 2],
    ['sandbox-html', OpenAI.InternalServerError, 'UPSTREAM_ERROR', 2],
    ['sandbox-redirect', OpenAI.InternalServerError, 'UPSTREAM_ERROR', 2],
  ])('%s, retried only where that can help', async (model, type, code, expected) => {
    const { error, requests } = await chat(faulty.key, model, 1);
    expect(error).toBeInstanceOf(type);
    expect([error.code, requests]).toEqual([code, expected]);
  });

  it.each(['sandbox-cut', 'sandbox-endless'])('raises inside a chat stream: %s', async (model) => {
    const { error } = await raised(async () => {
      const stream = await client(faulty.key).chat.completions.create({ model, messages: MESSAGES, stream: true, max_tokens: 20 });
      for await (const _ of stream);
    });
    expect(error.code).toBe(model === 'sandbox-endless' ? 'UPSTREAM_OVERRUN' : 'UPSTREAM_ERROR');
    if (model === 'sandbox-endless') {
      await daemon.admin(`/sources/${faulty.source}/resume`, { reconciled_total: '0' });
    }
  });

  it('raises where a stream is no stream of this dialect', async () => {
    // The frames are relayed as they came, so it is the SDK's own parser that finds them unreadable.
    const stream = await client(faulty.key).chat.completions.create({ model: 'sandbox-garbage', messages: MESSAGES, stream: true });
    const reading = (async () => {
      for await (const _ of stream);
    })();
    await expect(reading).rejects.toThrow(/malformed/);
  });

  it.each(['create', 'helper'])('raises inside a responses stream (%s)', async (how) => {
    const { error } = await raised(async () => {
      const params = { model: 'sandbox-cut', input: 'Well?', max_output_tokens: 40 };
      const { responses } = client(faulty.key);
      if (how === 'helper') await responses.stream(params).finalResponse();
      else for await (const _ of await responses.create({ ...params, stream: true }));
    });
    expect(error.code).toBe('UPSTREAM_ERROR');
  });
});

describe('a cap that is only busy', () => {
  it('is a RateLimitError, which the SDK retries until it passes', async () => {
    const limit = 700;
    const { id, virtual_key } = await addKey(daemon, { name: 'busy', limit, sources: [good.source] });
    const ask = (retries: number) =>
      client(virtual_key, retries).chat.completions.create({ model: 'sandbox-slow', messages: MESSAGES, max_tokens: 200 });
    const running = ask(0);
    await expect.poll(async () => heldOf(id)).toBeGreaterThan(limit / 2);
    const { error } = await raised(() => ask(0));
    expect(error).toBeInstanceOf(OpenAI.RateLimitError);
    expect([error.code, error.headers?.get('retry-after')]).toEqual(['CAP_BUSY', '1']);
    const before = record.all.length;
    const answers = await Promise.all([running, ask(5)]);
    expect(answers.map(({ object }) => object)).toEqual(['chat.completion', 'chat.completion']);
    const codes = record.all.slice(before).map(({ code }) => code);
    expect(codes.slice(0, -1)).toContain('CAP_BUSY');
    expect(codes.at(-1)).toBeNull();
  });

  async function heldOf(id: string): Promise<number> {
    const { body } = await daemon.admin<{ keys: { id: string; held: string }[] }>('/keys');
    return Number(body.keys.find((key) => key.id === id)?.held);
  }
});

describe('after all of it', () => {
  it('every receipt verifies, the books agree, and both sides counted the same', async () => {
    await noOpenHolds(daemon);
    const of = (key: string) => record.all.filter(({ virtualKey }) => virtualKey === key);
    const wellBehaved = record.all.filter(({ virtualKey }) => virtualKey !== faulty.key);
    const charged = await verifyAll(daemon, wellBehaved);
    const usage = await sandboxUsage(GOOD_SECRET);
    expect(Number((await showSource(daemon, good.source)).spent)).toBe(usage.total_tokens);
    expect(Number(charged)).toBe(usage.total_tokens);
    expect(wellBehaved.filter(({ receipt }) => receipt !== null)).toHaveLength(usage.requests);

    const spent = await verifyAll(daemon, of(faulty.key));
    const faults = await showSource(daemon, faulty.source);
    expect(String(spent)).toBe(faults.spent);
    expect(Number(faults.spent)).toBeGreaterThanOrEqual((await sandboxUsage(FAULTY_SECRET)).total_tokens);
    await expectSoundBooks(daemon);
  });
});
