import Anthropic from '@anthropic-ai/sdk';
import type { APIPromise } from '@anthropic-ai/sdk/api-promise';
import { betaZodOutputFormat, betaZodTool } from '@anthropic-ai/sdk/helpers/beta/zod';
import { zodOutputFormat } from '@anthropic-ai/sdk/helpers/zod';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { CAP, classesOf, linesOf, MESSAGES, type Pair, PLAIN, SdkStage, textOf, totalOf } from '../support/anthropic-sdk.ts';
import { expectSoundBooks, noOpenHolds, verifiedReceipt, verifyAll } from '../support/calls.ts';

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';
const PDF = Buffer.from('%PDF-1.4\n%%EOF\n').toString('base64');

let stage: SdkStage;
let pair: Pair;
let ai: Anthropic;

beforeAll(async () => {
  stage = await SdkStage.open();
  pair = await stage.pair('good');
  ai = stage.client(pair.key);
});

afterAll(() => stage?.close());

/** An answer with the receipt of the call that it was. */
async function receipted<T>(call: APIPromise<T>) {
  const { data, response } = await call.withResponse();
  return { data, response, bundle: await verifiedReceipt(stage.daemon, String(response.headers.get('x-tally-receipt'))) };
}

describe('messages', () => {
  it('answers in JSON, with the gateway’s headers and a request id', async () => {
    const call = ai.messages.create(PLAIN);
    const { data, response, request_id } = await call.withResponse();
    const { _request_id } = await call;
    const header = (name: string) => Number(response.headers.get(name));
    expect(data).toMatchObject({ type: 'message', role: 'assistant', model: 'sandbox-small', stop_reason: 'end_turn' });
    expect(textOf(data)).toContain('sandbox');
    expect(request_id).toMatch(/^[0-9a-f-]{36}$/);
    expect([_request_id, response.headers.get('x-tally-call-id')]).toEqual([request_id, request_id]);
    expect(response.headers.get('x-tally-receipt')).toMatch(/^[0-9a-f]{32}$/);
    expect(header('x-tally-held')).toBeGreaterThanOrEqual(totalOf(data.usage));
    expect(response.headers.get('x-tally-proof')).toBe('bytes');
    expect(response.headers.get('x-tally-mode')).toBe('sandbox');
    expect(response.headers.get('x-tally-output-limit')).toBe('500; caller');
    expect(response.headers.has('x-tally-attempts')).toBe(false);
    expect(header('x-tally-overhead-ms')).toBeGreaterThan(0);
    expect(header('anthropic-ratelimit-tokens-limit')).toBe(CAP);
    expect(header('anthropic-ratelimit-tokens-remaining')).toBe(CAP - header('x-tally-held'));
  });

  it('takes a system prompt as a string or as blocks, and a conversation', async () => {
    const system = 'Be kind.';
    const bare = await ai.messages.create(PLAIN);
    const written = await ai.messages.create({ ...PLAIN, system, metadata: { user_id: 'u' }, service_tier: 'auto' });
    const blocks = await ai.messages.create({ ...PLAIN, system: [{ type: 'text', text: system }] });
    expect(written.usage.input_tokens).toBeGreaterThan(bare.usage.input_tokens);
    expect(blocks.usage).toEqual(written.usage);
    const messages: Anthropic.MessageParam[] = [
      ...MESSAGES,
      { role: 'assistant', content: bare.content },
      { role: 'user', content: 'And?' },
    ];
    expect((await ai.messages.create({ ...PLAIN, messages })).stop_reason).toBe('end_turn');
  });

  it('stops at a stop sequence, and at the caller’s limit', async () => {
    const stopped = await ai.messages.create({ ...PLAIN, stop_sequences: ['no model'] });
    expect(stopped).toMatchObject({ stop_reason: 'stop_sequence', stop_sequence: 'no model' });
    expect(textOf(stopped)).toBe('This is sandbox output: ');
    const cut = await ai.messages.create({ ...PLAIN, model: 'sandbox-long', max_tokens: 7 });
    expect([cut.stop_reason, cut.usage.output_tokens]).toEqual(['max_tokens', 7]);
  });

  it('injects a limit where none is named, clamps one above what the model can emit, and says so', async () => {
    const { max_tokens: _, ...without } = PLAIN;
    const limitOf = async (params: typeof without & { max_tokens?: number }) => {
      // The SDK’s own types ask for a limit, and its own estimate of the time refuses a large one without a timeout.
      const call = ai.messages.create(params as Anthropic.MessageCreateParamsNonStreaming, { timeout: 10_000 });
      return (await call.withResponse()).response.headers.get('x-tally-output-limit');
    };
    expect(await limitOf(without)).toBe('2048; injected');
    expect(await limitOf({ ...without, model: 'sandbox-large' })).toBe('4096; injected');
    expect(await limitOf({ ...without, max_tokens: 1_000_000_000 })).toBe('2048; clamped');
  });

  it.each(['sandbox-reasoning', 'sandbox-cached', 'sandbox-slow-bytes', 'sandbox-large'])('serves %s', async (model) => {
    const whole = await ai.messages.create({ ...PLAIN, model });
    expect(textOf(await ai.messages.stream({ ...PLAIN, model }).finalMessage())).toBe(textOf(whole));
  });
});

describe('streams', () => {
  it('gives the events of the dialect, in their order, the usage at both ends', async () => {
    const whole = await ai.messages.create(PLAIN);
    const events: Anthropic.RawMessageStreamEvent[] = [];
    for await (const event of await ai.messages.create({ ...PLAIN, stream: true })) events.push(event);
    const kinds = events.map(({ type }) => type).filter((type, at, all) => type !== all[at - 1]);
    const block = ['content_block_start', 'content_block_delta', 'content_block_stop'];
    expect(kinds).toEqual(['message_start', ...block, 'message_delta', 'message_stop']);
    const [first, last] = [events[0], events.at(-2)];
    if (first?.type !== 'message_start' || last?.type !== 'message_delta') throw new Error('another order');
    expect(first.message.usage.input_tokens).toBe(whole.usage.input_tokens);
    expect(last.usage.output_tokens).toBe(whole.usage.output_tokens);
  });

  it('works with the helper: events as they come, then the whole message', async () => {
    const stream = ai.messages.stream(PLAIN);
    const seen: string[] = [];
    const pieces: string[] = [];
    for (const name of ['connect', 'contentBlock', 'message', 'finalMessage', 'end'] as const) stream.on(name, () => seen.push(name));
    stream.on('text', (piece) => pieces.push(piece));
    const { response, request_id } = await stream.withResponse();
    const message = await stream.finalMessage();
    await stream.done();
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect([stream.request_id, response.headers.get('x-tally-call-id')]).toEqual([request_id, request_id]);
    expect(pieces.length).toBeGreaterThan(5);
    expect(pieces.join('')).toBe(await stream.finalText());
    expect(seen).toEqual(['connect', 'contentBlock', 'message', 'finalMessage', 'end']);
    const whole = await ai.messages.create(PLAIN);
    expect([message.content, message.usage]).toEqual([whole.content, whole.usage]);
  });

  it('can be taken apart and passed on', async () => {
    const [left, right] = (await ai.messages.create({ ...PLAIN, stream: true })).tee();
    const texts = await Promise.all(
      [left, right].map(async (half) => {
        let text = '';
        for await (const event of half)
          if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') text += event.delta.text;
        return text;
      }),
    );
    expect(texts[0]).toBe(texts[1]);
    expect(texts[0]).toContain('sandbox');
  });
});

describe('tools', () => {
  const input_schema = {
    type: 'object' as const,
    properties: { city: { type: 'string' } },
    required: ['city'],
    additionalProperties: false,
  };
  const weather: Anthropic.Tool = { name: 'weather', description: 'Of a city.', input_schema, strict: true };
  const time: Anthropic.Tool = { name: 'time', input_schema };
  const callsOf = ({ content }: Anthropic.Message) => content.filter((block) => block.type === 'tool_use');
  const answers = (calls: readonly Anthropic.ToolUseBlock[]): Anthropic.MessageParam => ({
    role: 'user',
    content: calls.map(({ id, name }) => ({ type: 'tool_result', tool_use_id: id, content: `${name}: clear` })),
  });

  it('goes the round by hand: call, result, answer', async () => {
    const first = await ai.messages.create({ ...PLAIN, tools: [weather] });
    expect(first.stop_reason).toBe('tool_use');
    const calls = callsOf(first);
    expect(calls.map(({ name }) => name)).toEqual(['weather']);
    expect(calls[0]?.input).toHaveProperty('city');
    const messages: Anthropic.MessageParam[] = [...MESSAGES, { role: 'assistant', content: first.content }, answers(calls)];
    const second = await ai.messages.create({ ...PLAIN, tools: [weather], messages });
    expect(second.stop_reason).toBe('end_turn');
    expect(textOf(second)).toContain('sandbox');
  });

  it('goes it in streams, and with parallel calls', async () => {
    const params = { ...PLAIN, tools: [weather, time], tool_choice: { type: 'any' as const, disable_parallel_tool_use: false } };
    const stream = ai.messages.stream(params);
    let json = '';
    stream.on('inputJson', (piece) => {
      json += piece;
    });
    const first = await stream.finalMessage();
    const calls = callsOf(first);
    expect(calls.map(({ name }) => name)).toEqual(['weather', 'time']);
    expect(json).toBe(calls.map(({ input }) => JSON.stringify(input)).join(''));
    const messages: Anthropic.MessageParam[] = [...MESSAGES, { role: 'assistant', content: first.content }, answers(calls)];
    const second = await ai.messages.stream({ ...PLAIN, tools: [weather, time], messages }).finalMessage();
    expect(second.stop_reason).toBe('end_turn');
  });

  const Asked = z.object({ city: z.string() });

  it.each([false, true])('goes it with the runner (stream: %s), which does without a thread at the provider', async (stream) => {
    const asked: unknown[] = [];
    const before = stage.record.all.length;
    const tool = betaZodTool({ name: 'weather', description: 'Of a city.', inputSchema: Asked, run: ({ city }) => `${asked.push(city)}` });
    const params = { ...PLAIN, tools: [tool] };
    const { messages } = ai.beta;
    const final = stream ? await messages.toolRunner({ ...params, stream: true }) : await messages.toolRunner({ ...params, stream: false });
    expect(final.stop_reason).toBe('end_turn');
    expect(textOf(final)).toContain('sandbox');
    expect(asked).toHaveLength(1);
    // What it asks for first is refused before anything is held, in the words on which it goes on with the whole conversation.
    expect(stage.record.all.slice(before).map(({ code, receipt }) => [code, receipt !== null])).toEqual([
      ['FIELD_NOT_ALLOWED', false],
      [null, true],
      [null, true],
    ]);
  });

  it('tells the model of a tool that failed', async () => {
    const run = () => {
      throw new Error('no weather today');
    };
    const tool = betaZodTool({ name: 'weather', description: 'Of a city.', inputSchema: Asked, run });
    const runner = ai.beta.messages.toolRunner({ ...PLAIN, tools: [tool], thread: false });
    expect((await runner).stop_reason).toBe('end_turn');
    const told = runner.params.messages.flatMap(({ content }) => (Array.isArray(content) ? content : []));
    expect(told.find(({ type }) => type === 'tool_result')).toMatchObject({ is_error: true });
  });
});

describe('structured outputs', () => {
  const Verdict = z.object({ split: z.boolean(), notches: z.number(), words: z.array(z.string()) });
  const output_config = { format: zodOutputFormat(Verdict) };

  it('parses an answer, and a stream', async () => {
    const answer = await ai.messages.parse({ ...PLAIN, output_config });
    expect(Verdict.parse(answer.parsed_output)).toEqual(JSON.parse(textOf(answer)));
    const streamed = await ai.messages.stream({ ...PLAIN, output_config }).finalMessage();
    expect(streamed.parsed_output).toEqual(answer.parsed_output);
    // The parsed content goes back into the conversation, as callers do it.
    const messages: Anthropic.MessageParam[] = [...MESSAGES, { role: 'assistant', content: answer.content }, ...MESSAGES];
    expect((await ai.messages.create({ ...PLAIN, messages })).stop_reason).toBe('end_turn');
  });

  it('parses it on the beta route, by either name of the field', async () => {
    const format = betaZodOutputFormat(Verdict);
    const answer = await ai.beta.messages.parse({ ...PLAIN, output_config: { format } });
    expect(typeof answer.parsed_output?.split).toBe('boolean');
    const old = await ai.beta.messages.parse({ ...PLAIN, output_format: format });
    expect(old.parsed_output).toEqual(answer.parsed_output);
  });
});

describe('what a message may hold', () => {
  const text: Anthropic.ContentBlockParam = { type: 'text', text: 'Look.' };
  const image: Anthropic.ImageBlockParam = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PIXEL } };
  const pdf: Anthropic.DocumentBlockParam = {
    type: 'document',
    source: { type: 'base64', media_type: 'application/pdf', data: PDF },
    title: 'A page',
    citations: { enabled: true },
  };
  const ask = async (...content: Anthropic.ContentBlockParam[]) => {
    const call = ai.messages.create({ ...PLAIN, messages: [{ role: 'user', content }] });
    const { data, response } = await call.withResponse();
    expect(Number(response.headers.get('x-tally-held'))).toBeGreaterThanOrEqual(totalOf(data.usage));
    return { input: data.usage.input_tokens, proof: response.headers.get('x-tally-proof') };
  };

  it('images, counted one by one', async () => {
    const alone = await ask(text);
    expect(await ask(image, text, image)).toEqual({ input: alone.input + 2 * 256, proof: 'bytes' });
  });

  it('PDFs, bounded by the window', async () => {
    const alone = await ask(text, { type: 'text', text: 'A page' });
    expect(await ask(pdf, text)).toEqual({ input: alone.input + 1_000, proof: 'window' });
  });

  it('text documents, search results, and images in the result of a tool', async () => {
    const written: Anthropic.DocumentBlockParam = {
      type: 'document',
      source: { type: 'text', media_type: 'text/plain', data: 'Written down.' },
    };
    const found: Anthropic.SearchResultBlockParam = {
      type: 'search_result',
      source: 's',
      title: 't',
      content: [{ type: 'text', text: 'u' }],
    };
    const alone = await ask(text);
    expect((await ask(written, found, text)).input).toBeGreaterThan(alone.input);
    const result = { role: 'user' as const, content: [{ type: 'tool_result' as const, tool_use_id: 'toolu_1', content: [image] }] };
    const call = { role: 'assistant' as const, content: [{ type: 'tool_use' as const, id: 'toolu_1', name: 'camera', input: {} }] };
    const tools: Anthropic.Tool[] = [{ name: 'camera', input_schema: { type: 'object' } }];
    const answer = await ai.messages.create({ ...PLAIN, tools, messages: [...MESSAGES, call, result] });
    expect(answer.usage.input_tokens).toBeGreaterThan(256);
  });
});

describe('thinking', () => {
  const params = { ...PLAIN, model: 'sandbox-reasoning', max_tokens: 4_096 };
  const tools: Anthropic.Tool[] = [{ name: 'weather', input_schema: { type: 'object' } }];

  it.each([
    { type: 'enabled' as const, budget_tokens: 1_024 },
    { type: 'adaptive' as const, display: 'summarized' as const },
  ])('$type: sent back with its signature, and charged as a class of its own', async (thinking) => {
    const { data, bundle } = await receipted(ai.messages.create({ ...params, thinking, tools }));
    const [thought, call] = data.content;
    if (thought?.type !== 'thinking' || call?.type !== 'tool_use') throw new Error('no thought, or no call');
    expect(thought.signature).toMatch(/^[A-Za-z0-9+/]{80,}=*$/);
    expect(data.usage.output_tokens_details?.thinking_tokens).toBeGreaterThanOrEqual(16);
    expect(linesOf(bundle)).toEqual(classesOf(data.usage));
    const result: Anthropic.MessageParam = { role: 'user', content: [{ type: 'tool_result', tool_use_id: call.id, content: 'clear' }] };
    const messages: Anthropic.MessageParam[] = [...MESSAGES, { role: 'assistant', content: data.content }, result];
    const { data: next, response } = await ai.messages.create({ ...params, thinking, tools, messages }).withResponse();
    expect(next.stop_reason).toBe('end_turn');
    // What encrypted thinking stands for its bytes do not tell, so the window bounds it.
    expect(response.headers.get('x-tally-proof')).toBe('window');
  });

  it('comes in streams, with its signature; omitted where that is asked', async () => {
    const stream = ai.messages.stream({ ...params, thinking: { type: 'enabled', budget_tokens: 1_024 } });
    let thought = '';
    const signatures: string[] = [];
    stream.on('thinking', (piece) => {
      thought += piece;
    });
    stream.on('signature', (signature) => signatures.push(signature));
    const [block] = (await stream.finalMessage()).content;
    expect(block).toEqual({ type: 'thinking', thinking: thought, signature: signatures[0] });
    expect(thought).not.toBe('');
    const omitted = await ai.messages.create({ ...params, thinking: { type: 'adaptive', display: 'omitted' } });
    expect(omitted.content[0]).toMatchObject({ type: 'thinking', thinking: '' });
  });

  it('a budget that leaves nothing for the answer is refused before it is sent', async () => {
    const thinking = { type: 'enabled' as const, budget_tokens: 4_096 };
    const { error, code, field } = await stage.raised(() => ai.messages.create({ ...params, thinking }));
    expect(error).toBeInstanceOf(Anthropic.BadRequestError);
    expect([code, field]).toEqual(['FIELD_INVALID', 'thinking.budget_tokens']);
  });
});

describe('prompt caching', () => {
  const cached = (ttl: '5m' | '1h', whole = false): Anthropic.MessageCreateParamsNonStreaming => ({
    ...PLAIN,
    model: 'sandbox-cached',
    system: [{ type: 'text', text: 'A long preamble. '.repeat(20), cache_control: { type: 'ephemeral', ttl } }],
    ...(whole ? { cache_control: { type: 'ephemeral' } } : {}),
  });

  it.each([
    ['5m', cached('5m'), true, false],
    ['1h', cached('1h'), false, true],
    ['both', cached('1h', true), true, true],
  ] as const)('counts what is read and written (%s) once, in JSON and in a stream', async (_, params, short, long) => {
    const before = await stage.billed(pair);
    const { data, bundle } = await receipted(ai.messages.create(params));
    const lines = linesOf(bundle);
    expect(lines).toEqual(classesOf(data.usage));
    expect([(lines.cache_write_5m ?? 0) > 0, (lines.cache_write_1h ?? 0) > 0]).toEqual([short, long]);
    expect(lines.cached_input).toBeGreaterThan(0);
    expect(Number(bundle.receipt.charged)).toBe(totalOf(data.usage));
    const stream = ai.messages.stream(params);
    const { response } = await stream.withResponse();
    expect((await stream.finalMessage()).usage).toEqual(data.usage);
    const streamed = await verifiedReceipt(stage.daemon, String(response.headers.get('x-tally-receipt')));
    expect(linesOf(streamed)).toEqual(lines);
    expect((await stage.billed(pair)).total_tokens - before.total_tokens).toBe(2 * totalOf(data.usage));
  });
});

describe('counting and models', () => {
  it('counts for nothing, and gives a receipt for it', async () => {
    await noOpenHolds(stage.daemon);
    const [spent, billed] = await Promise.all([stage.spent(pair), stage.billed(pair)]);
    const params = {
      model: 'sandbox-closed',
      messages: MESSAGES,
      system: 'Be kind.',
      tools: [{ name: 'weather', input_schema: { type: 'object' as const } }],
      output_config: { format: zodOutputFormat(z.object({ yes: z.boolean() })) },
    };
    const { data, response, bundle } = await receipted(ai.messages.countTokens(params));
    expect([response.headers.get('x-tally-held'), response.headers.has('x-tally-output-limit')]).toEqual(['0', false]);
    expect([bundle.receipt.charged, bundle.receipt.lines]).toEqual([0n, []]);
    expect(await ai.beta.messages.countTokens(params)).toEqual(data);
    expect(await stage.spent(pair)).toEqual(spent);
    expect(await stage.billed(pair)).toMatchObject({ total_tokens: billed.total_tokens, count_requests: billed.count_requests + 2 });
    expect((await ai.messages.create({ ...params, max_tokens: 50 })).usage.input_tokens).toBe(data.input_tokens);
  });

  it('lists and retrieves models', async () => {
    const before = await stage.billed(pair);
    const models: Anthropic.ModelInfo[] = [];
    for await (const model of ai.models.list()) models.push(model);
    expect(models[0]).toMatchObject({ type: 'model', id: 'sandbox-small', max_input_tokens: 8_192, max_tokens: 2_048 });
    expect(models.map(({ id }) => id)).not.toContain('sandbox-embed');
    expect(await ai.models.retrieve('sandbox-small')).toMatchObject({ id: 'sandbox-small', display_name: 'sandbox-small' });
    expect((await ai.beta.models.list()).data.map(({ id }) => id)).toEqual(models.map(({ id }) => id));
    await expect(ai.models.retrieve('sandbox-embed')).rejects.toBeInstanceOf(Anthropic.NotFoundError);
    expect(await stage.billed(pair)).toEqual(before);
  });
});

describe('after all of it', () => {
  it('every receipt verifies, the books agree, and both sides counted the same', async () => {
    await noOpenHolds(stage.daemon);
    const charged = await verifyAll(stage.daemon, stage.record.all);
    const { total_tokens, requests, count_requests } = await stage.billed(pair);
    expect(await stage.spent(pair)).toEqual({ source: total_tokens, key: total_tokens });
    expect(Number(charged)).toBe(total_tokens);
    expect(stage.record.all.filter(({ receipt }) => receipt !== null)).toHaveLength(requests + count_requests);
    await expectSoundBooks(stage.daemon);
  });
});
