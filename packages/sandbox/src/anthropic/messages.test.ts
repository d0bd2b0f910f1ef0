import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestSandbox, testSandbox } from '../testing.ts';
import { countText } from '../tokens.ts';

let sandbox: TestSandbox;
let client: Anthropic;
const KEY = 'sk-ant-messages-test';
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';

beforeAll(async () => {
  sandbox = await testSandbox();
  client = new Anthropic({ apiKey: KEY, baseURL: sandbox.url, maxRetries: 0 });
});
afterAll(() => sandbox.close());

const messages: Anthropic.MessageParam[] = [{ role: 'user', content: 'What is a tally stick?' }];
const plain = { model: 'sandbox-small', max_tokens: 500, messages };
const weather: Anthropic.Tool = {
  name: 'get_weather',
  description: 'The weather of a city.',
  input_schema: {
    type: 'object',
    properties: { city: { type: 'string' }, days: { type: 'integer', minimum: 1, maximum: 7 } },
    required: ['city', 'days'],
  },
};

async function counted<T>(of: () => Promise<T>): Promise<{ result: T; input: number; output: number; requests: number }> {
  const before = await sandbox.usage(KEY);
  const result = await of();
  const after = await sandbox.usage(KEY);
  return {
    result,
    input: after.input_tokens - before.input_tokens,
    output: after.output_tokens - before.output_tokens,
    requests: after.requests - before.requests,
  };
}
const textOf = ({ content }: Anthropic.Message) => content.map((block) => (block.type === 'text' ? block.text : '')).join('');

describe('messages, JSON', () => {
  test('answers in the true shape, and bills what it reports', async () => {
    const system = 'Be kind.';
    const { result, ...billed } = await counted(() => client.messages.create({ ...plain, system }));
    expect(result).toMatchObject({
      type: 'message',
      role: 'assistant',
      model: 'sandbox-small',
      stop_reason: 'end_turn',
      stop_sequence: null,
    });
    expect(result.id).toMatch(/^msg_/);
    expect(result._request_id).toMatch(/^req_/);
    expect(result.usage).toMatchObject({
      input_tokens: 3 + 3 + 1 + countText(system) + 3 + 1 + countText('What is a tally stick?'),
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
      cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
      output_tokens: countText(textOf(result)),
    });
    expect(billed).toEqual({ input: result.usage.input_tokens, output: result.usage.output_tokens, requests: 1 });
    const blocks = await client.messages.create({
      ...plain,
      system: [{ type: 'text', text: system, cache_control: { type: 'ephemeral' } }],
    });
    expect(blocks.usage).toEqual(result.usage);
  });

  test('stops at max_tokens, and at a stop sequence', async () => {
    for (const max_tokens of [1, 5, 19]) {
      const answer = await client.messages.create({ ...plain, max_tokens });
      expect(answer).toMatchObject({ stop_reason: 'max_tokens', usage: { output_tokens: max_tokens } });
      expect(countText(textOf(answer))).toBe(max_tokens);
    }
    const stopped = await client.messages.create({ ...plain, stop_sequences: ['zzz', ' model', ' no'] });
    expect(stopped).toMatchObject({ stop_reason: 'stop_sequence', stop_sequence: ' no' });
    expect(textOf(stopped)).toBe('This is sandbox output:');
  });

  test('a tool loop: calls, takes the result, answers in words', async () => {
    const called = await client.messages.create({ ...plain, tools: [weather] });
    expect(called.stop_reason).toBe('tool_use');
    const call = called.content[0] as Anthropic.ToolUseBlock;
    expect(call).toMatchObject({ type: 'tool_use', name: 'get_weather', input: { city: expect.any(String), days: expect.any(Number) } });
    expect(called.usage.output_tokens).toBe(countText('get_weather') + countText(JSON.stringify(call.input)));
    const after = await client.messages.create({
      ...plain,
      tools: [weather],
      messages: [
        ...messages,
        { role: 'assistant', content: called.content },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: call.id, content: [{ type: 'text', text: 'rain' }] }] },
      ],
    });
    expect(after.stop_reason).toBe('end_turn');
    expect(textOf(after)).toContain('sandbox');
  });

  test('the SDK’s tool runner goes the whole loop', async () => {
    let ran = 0;
    const run = () => {
      ran += 1;
      return 'rain';
    };
    const tool = { ...weather, run, parse: (content: unknown) => content };
    const final = await client.beta.messages.toolRunner({ ...plain, tools: [tool as never] });
    expect(ran).toBe(1);
    expect(final.stop_reason).toBe('end_turn');
  });

  test('which tools it calls', async () => {
    const other: Anthropic.Tool = { name: 'get_time', input_schema: { type: 'object' } };
    const names = async (tool_choice: Anthropic.ToolChoice) => {
      const { content } = await client.messages.create({ ...plain, tools: [weather, other], tool_choice });
      return content.map((block) => (block.type === 'tool_use' ? block.name : block.type));
    };
    expect(await names({ type: 'auto' })).toEqual(['get_weather']);
    expect(await names({ type: 'any', disable_parallel_tool_use: false })).toEqual(['get_weather', 'get_time']);
    expect(await names({ type: 'tool', name: 'get_time' })).toEqual(['get_time']);
    expect(await names({ type: 'none' })).toEqual(['text']);
  });

  test('meets a JSON schema', async () => {
    const schema = { type: 'object', properties: { sure: { type: 'boolean' } }, required: ['sure'], additionalProperties: false };
    const answer = await client.messages.create({ ...plain, output_config: { format: { type: 'json_schema', schema } } });
    expect(JSON.parse(textOf(answer))).toEqual({ sure: expect.any(Boolean) });
  });
});

describe('thinking', () => {
  const thinking: Anthropic.ThinkingConfigParam = { type: 'enabled', budget_tokens: 1_024 };
  const ask = { ...plain, model: 'sandbox-reasoning', max_tokens: 2_000 };

  test('is a block with a signature, inside the output count, and may be sent back', async () => {
    const answer = await client.messages.create({ ...ask, thinking });
    const block = answer.content[0] as Anthropic.ThinkingBlock;
    expect(block.type).toBe('thinking');
    expect(block.signature).not.toBe('');
    const hidden = answer.usage.output_tokens_details?.thinking_tokens ?? 0;
    expect(hidden).toBeGreaterThanOrEqual(16);
    expect(countText(block.thinking)).toBe(hidden);
    expect(answer.usage.output_tokens).toBe(hidden + countText(textOf(answer)));
    const history: Anthropic.MessageParam[] = [
      { role: 'assistant', content: [...answer.content, { type: 'redacted_thinking', data: 'b3BhcXVl' }] },
    ];
    const next = await client.messages.create({
      ...ask,
      thinking,
      messages: [...messages, ...history, { role: 'user', content: 'Go on.' }],
    });
    expect(next.usage.input_tokens).toBeGreaterThan(answer.usage.input_tokens + hidden);
  });

  test('only where it is asked for, and not in words where they are to be left out', async () => {
    const kinds = async (config: Anthropic.ThinkingConfigParam) => (await client.messages.create({ ...ask, thinking: config })).content;
    expect((await kinds({ type: 'adaptive' })).map(({ type }) => type)).toEqual(['thinking', 'text']);
    expect((await kinds({ type: 'disabled' })).map(({ type }) => type)).toEqual(['text']);
    expect((await client.messages.create(ask)).content.map(({ type }) => type)).toEqual(['text']);
    expect((await kinds({ type: 'adaptive', display: 'omitted' }))[0]).toMatchObject({
      thinking: '',
      signature: expect.stringMatching(/./),
    });
    expect((await client.messages.create({ ...ask, model: 'sandbox-small', thinking })).content.map(({ type }) => type)).toEqual(['text']);
  });

  test('that uses up the limit leaves no text', async () => {
    const short = await client.messages.create({ ...ask, max_tokens: 10, thinking: { type: 'adaptive' } });
    expect(short).toMatchObject({ stop_reason: 'max_tokens', usage: { output_tokens: 10 } });
    expect(short.content.map(({ type }) => type)).toEqual(['thinking']);
  });
});

describe('prompt caching', () => {
  const cached = (ttl?: '5m' | '1h') => ({
    ...plain,
    model: 'sandbox-cached',
    system: [
      {
        type: 'text' as const,
        text: 'A long, long story. '.repeat(20),
        ...(ttl ? { cache_control: { type: 'ephemeral' as const, ttl } } : {}),
      },
    ],
  });

  test('reads and writes are beside the input, and the sum is what was billed', async () => {
    for (const [request, five, hour] of [
      [cached(), false, false],
      [cached('5m'), true, false],
      [cached('1h'), false, true],
      [{ ...cached('1h'), cache_control: { type: 'ephemeral' as const } }, true, true],
    ] as const) {
      const { result, input } = await counted(() => client.messages.create(request));
      const { input_tokens, cache_creation_input_tokens, cache_read_input_tokens, cache_creation } = result.usage;
      expect(cache_read_input_tokens).toBe(Math.floor(input / 2));
      const [written, read] = [cache_creation_input_tokens ?? 0, cache_read_input_tokens ?? 0];
      expect(input_tokens + written + read).toBe(input);
      expect([(cache_creation?.ephemeral_5m_input_tokens ?? 0) > 0, (cache_creation?.ephemeral_1h_input_tokens ?? 0) > 0]).toEqual([
        five,
        hour,
      ]);
      expect((cache_creation?.ephemeral_5m_input_tokens ?? 0) + (cache_creation?.ephemeral_1h_input_tokens ?? 0)).toBe(written);
    }
  });

  test('the mark itself costs nothing', async () => {
    const [without, within] = await Promise.all([
      counted(() => client.messages.countTokens(bare(cached()))),
      client.messages.countTokens(bare(cached('1h'))),
    ]);
    expect(within).toEqual(without.result);
  });
});

function bare({ max_tokens: _, ...request }: Anthropic.MessageCreateParamsNonStreaming): Anthropic.MessageCountTokensParams {
  return request as Anthropic.MessageCountTokensParams;
}

describe('messages, stream', () => {
  test('the true sequence of events, with the usage at both ends', async () => {
    const whole = await client.messages.create(plain);
    const stream = await client.messages.create({ ...plain, stream: true });
    const events: Anthropic.RawMessageStreamEvent[] = [];
    for await (const event of stream) events.push(event);
    const kinds = events.map(({ type }) => type).filter((type, at, all) => type !== all[at - 1]);
    expect(kinds).toEqual([
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
    const start = events[0] as Anthropic.RawMessageStartEvent;
    expect(start.message).toMatchObject({
      content: [],
      stop_reason: null,
      usage: { input_tokens: whole.usage.input_tokens, output_tokens: 1 },
    });
    const end = events.at(-2) as Anthropic.RawMessageDeltaEvent;
    expect(end).toMatchObject({
      delta: { stop_reason: 'end_turn' },
      usage: { input_tokens: whole.usage.input_tokens, output_tokens: whole.usage.output_tokens },
    });
  });

  test('begins with a ping, and every event has its name', async () => {
    const response = await sandbox.post('/v1/messages', KEY, { ...plain, stream: true }, { 'anthropic-version': '2023-06-01' });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const frames = (await response.text()).split('\n\n').filter((frame) => frame !== '');
    expect(frames[1]).toBe('event: ping\ndata: {"type":"ping"}');
    for (const frame of frames) {
      const [name, data] = frame.split('\n') as [string, string];
      expect(name).toBe(`event: ${JSON.parse(data.slice('data: '.length)).type}`);
    }
  });

  test('the SDK joins a stream to the message that a plain call gets', async () => {
    const thinking = { type: 'adaptive' as const };
    for (const request of [
      plain,
      { ...plain, tools: [weather] },
      { ...plain, model: 'sandbox-reasoning', thinking },
      { ...plain, model: 'sandbox-cached', cache_control: { type: 'ephemeral' as const } },
      { ...plain, stop_sequences: [' model'] },
      { ...plain, max_tokens: 3 },
    ]) {
      const streamed = await client.messages.stream(request).finalMessage();
      const whole = await client.messages.create(request);
      const same = ({ content, stop_reason, stop_sequence, usage }: Anthropic.Message) => ({
        content: content.map((block) => (block.type === 'tool_use' ? { ...block, id: '' } : block)),
        stop_reason,
        stop_sequence,
        usage,
      });
      expect(same(streamed)).toEqual(same(whole));
    }
  });
});

describe('what a message may hold', () => {
  const base = async (content: Anthropic.ContentBlockParam[]) => {
    const { usage } = await client.messages.create({ ...plain, messages: [{ role: 'user', content }] });
    return usage.input_tokens;
  };

  test('images, PDFs, text documents and search results', async () => {
    const text: Anthropic.ContentBlockParam = { type: 'text', text: 'Look.' };
    const alone = await base([text]);
    const image: Anthropic.ImageBlockParam = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PIXEL } };
    expect(await base([image, text, image])).toBe(alone + 2 * 256);
    expect(await base([{ type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: PIXEL } }, text])).toBe(
      alone + 1_000,
    );
    const written = { type: 'text', media_type: 'text/plain', data: 'Written down.' } as const;
    expect(await base([{ type: 'document', source: written, title: 'Notes' }, text])).toBe(
      alone + countText('Written down.') + countText('Notes'),
    );
    expect(await base([{ type: 'document', source: { type: 'content', content: [image] } }, text])).toBe(alone + 256);
    const found: Anthropic.SearchResultBlockParam = {
      type: 'search_result',
      source: 's',
      title: 't',
      content: [{ type: 'text', text: 'u' }],
    };
    expect(await base([found, text])).toBe(alone + 3);
  });
});
