import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SANDBOX_MODELS } from '../models.ts';
import { type TestSandbox, testSandbox } from '../testing.ts';
import { countText } from '../tokens.ts';

let sandbox: TestSandbox;
let client: Anthropic;
const KEY = 'sk-ant-refusals-0123456789';
const VERSION = { 'anthropic-version': '2023-06-01' };

beforeAll(async () => {
  sandbox = await testSandbox();
  client = new Anthropic({ apiKey: KEY, baseURL: sandbox.url, maxRetries: 0 });
});
afterAll(() => sandbox.close());

const messages = [{ role: 'user' as const, content: 'hi' }];
const plain = { model: 'sandbox-small', max_tokens: 50, messages };
const withBlock = (block: unknown, role = 'user') => ({ messages: [{ role, content: [block] }] });
const url = { type: 'url', url: 'https://example.com/a.png' };

describe('refused as the real API does, and not billed', () => {
  const refused: [string, Record<string, unknown>, string][] = [
    ['no max_tokens', { max_tokens: undefined }, 'max_tokens: Field required'],
    ['max_tokens of 0', { max_tokens: 0 }, 'max_tokens: Input should be greater'],
    ['max_tokens above the model’s', { max_tokens: 2_049 }, 'max_tokens: 2049 > 2048, which is the maximum'],
    ['an unknown field', { made_up: 1 }, 'made_up: Extra inputs are not permitted'],
    ['no messages', { messages: undefined }, 'messages: Field required'],
    ['an empty list', { messages: [] }, 'messages: at least one message'],
    ['an unknown role', { messages: [{ role: 'king', content: 'hi' }] }, "messages.0.role: Input should be 'user'"],
    ['content of null', { messages: [{ role: 'user', content: null }] }, 'messages.0.content: Input should be a valid list'],
    ['an empty text block', withBlock({ type: 'text', text: '' }), 'messages.0.content.0: text content blocks must be non-empty'],
    ['a tool call by the user', withBlock({ type: 'tool_use', id: 'a', name: 'b', input: {} }), 'messages.0.content.0: Input tag'],
    ['a server tool’s result', withBlock({ type: 'web_search_tool_result' }, 'assistant'), 'messages.0.content.0: Input tag'],
    [
      'an image elsewhere',
      withBlock({ type: 'image', source: url }),
      "messages.0.content.0.source.type: The sandbox fetches and keeps nothing: 'url'",
    ],
    [
      'a file',
      withBlock({ type: 'document', source: { type: 'file', file_id: 'f' } }),
      'messages.0.content.0.source.type: The sandbox fetches',
    ],
    [
      'an image that is no base64',
      withBlock({ type: 'image', source: { type: 'base64', media_type: 'image/png', data: '%' } }),
      'messages.0.content.0.source.data',
    ],
    ['an unknown field in a block', withBlock({ type: 'text', text: 'a', b: 1 }), 'messages.0.content.0.b: Extra inputs are not permitted'],
    [
      'a ttl of a day',
      { system: [{ type: 'text', text: 'a', cache_control: { type: 'ephemeral', ttl: '1d' } }] },
      'system.0.cache_control.ttl: Input',
    ],
    [
      'five cache marks',
      { messages: Array(5).fill({ role: 'user', content: [{ type: 'text', text: 'a', cache_control: { type: 'ephemeral' } }] }) },
      'A maximum of 4 blocks',
    ],
    ['a server tool', { tools: [{ type: 'web_search_20250305', name: 'web_search' }] }, "tools.0.type: Input should be 'custom'"],
    [
      'two tools of one name',
      { tools: Array(2).fill({ name: 'a', input_schema: { type: 'object' } }) },
      'tools: Tool names must be unique',
    ],
    ['a choice of no tool', { tool_choice: { type: 'any' } }, 'tool_choice may only be specified while providing tools'],
    [
      'a budget under 1,024',
      { thinking: { type: 'enabled', budget_tokens: 10 } },
      'thinking.enabled.budget_tokens: Input should be greater',
    ],
    ['a budget over the limit', { thinking: { type: 'enabled', budget_tokens: 1_024 } }, '`max_tokens` must be greater than'],
    ['a container', { container: 'c' }, 'container: not supported'],
    ['fast mode', { speed: 'fast' }, "speed: Input should be 'standard'"],
    ['too long a prompt', { messages: [{ role: 'user', content: 'word '.repeat(9_000) }] }, 'prompt is too long: more than 8192 tokens'],
  ];
  test.each(refused)('%s', async (_what, more, message) => {
    const before = await sandbox.usage(KEY);
    const response = await sandbox.post('/v1/messages', KEY, { ...plain, ...more }, VERSION);
    expect(response.status).toBe(400);
    const error = { type: 'invalid_request_error', message: expect.stringContaining(message) };
    expect(await response.json()).toEqual({ type: 'error', error, request_id: response.headers.get('request-id') });
    expect(await sandbox.usage(KEY)).toEqual(before);
  });

  test('sampling, since the version that removed it', async () => {
    const send = async (version: string) =>
      (await sandbox.post('/v1/messages', KEY, { ...plain, temperature: 1 }, { 'anthropic-version': version })).status;
    expect([await send('2026-10-21'), await send('2023-06-01')]).toEqual([400, 200]);
    expect((await sandbox.post('/v1/messages', KEY, { ...plain, temperature: 2 }, VERSION)).status).toBe(400);
  });

  test('thinking and a forced tool', async () => {
    const tools: Anthropic.Tool[] = [{ name: 'a', input_schema: { type: 'object' } }];
    const forced = client.messages.create({ ...plain, tools, tool_choice: { type: 'any' }, thinking: { type: 'adaptive' } });
    await expect(forced).rejects.toBeInstanceOf(Anthropic.BadRequestError);
  });
});

describe('the door', () => {
  const send = (headers: Record<string, string>, path = '/v1/messages') =>
    fetch(sandbox.url + path, { method: 'POST', headers, body: JSON.stringify(plain) });
  const said = async (response: Response) => [response.status, ((await response.json()) as Anthropic.ErrorResponse).error.type];

  test('takes the key from either header, and says what is missing', async () => {
    expect((await send({ 'x-api-key': KEY, ...VERSION })).status).toBe(200);
    expect((await send({ authorization: `Bearer ${KEY}`, ...VERSION })).status).toBe(200);
    expect(await said(await send(VERSION))).toEqual([401, 'authentication_error']);
    expect(await said(await send({ 'x-api-key': KEY }))).toEqual([400, 'invalid_request_error']);
    expect(await said(await send({ 'x-api-key': KEY, 'anthropic-version': '2021-01-01' }))).toEqual([400, 'invalid_request_error']);
    expect(await said(await send({ 'x-api-key': KEY, ...VERSION }, '/v1/messages?key=abc'))).toEqual([400, 'invalid_request_error']);
    expect(await said(await send({ 'x-api-key': KEY, ...VERSION }, '/v1/messages/batches'))).toEqual([404, 'not_found_error']);
  });

  test('models that are not there, or speak otherwise', async () => {
    await expect(client.messages.create({ ...plain, model: 'claude-nothing' })).rejects.toBeInstanceOf(Anthropic.NotFoundError);
    await expect(client.messages.create({ ...plain, model: 'sandbox-embed' })).rejects.toBeInstanceOf(Anthropic.BadRequestError);
  });
});

describe('models', () => {
  const served = SANDBOX_MODELS.filter(({ endpoints }) => endpoints.includes('messages')).map(({ id }) => id);

  test('are listed by pages, in this dialect and not in OpenAI’s', async () => {
    const all: string[] = [];
    for await (const model of client.models.list({ limit: 7 })) all.push(model.id);
    expect(all).toEqual(served);
    const last = await client.models.list({ before_id: served[5] as string, limit: 2 });
    expect(last).toMatchObject({ has_more: true, first_id: served[3], last_id: served[4] });
    const plainList = (await (await sandbox.get('/v1/models', KEY)).json()) as { object: string };
    expect(plainList.object).toBe('list');
    await expect(client.models.list({ after_id: 'nobody' })).rejects.toBeInstanceOf(Anthropic.BadRequestError);
  });

  test('are shown one by one', async () => {
    const model = await client.models.retrieve('sandbox-closed');
    expect(model).toMatchObject({ type: 'model', id: 'sandbox-closed', max_input_tokens: 200_000, max_tokens: 8_192, lifecycle: 'active' });
    await expect(client.models.retrieve('sandbox-embed')).rejects.toBeInstanceOf(Anthropic.NotFoundError);
  });
});

describe('counting', () => {
  const image = { type: 'image' as const, source: { type: 'base64' as const, media_type: 'image/png' as const, data: 'aaaa' } };
  const request = {
    system: 'Be kind.',
    messages: [{ role: 'user' as const, content: [{ type: 'text' as const, text: 'zażółć 沙盒' }, image] }],
    tools: [{ name: 'a', input_schema: { type: 'object' as const, properties: { b: { type: 'string' } } } }],
  };

  test('says what is then billed, is free, and is noted', async () => {
    for (const model of ['sandbox-small', 'sandbox-cached', 'sandbox-closed', 'sandbox-fixed-100', 'sandbox-overrun']) {
      const key = `sk-ant-count-${model}`;
      const own = new Anthropic({ apiKey: key, baseURL: sandbox.url, maxRetries: 0 });
      const { input_tokens } = await own.messages.countTokens({ model, ...request });
      expect(await sandbox.usage(key)).toMatchObject({ requests: 0, count_requests: 1, total_tokens: 0 });
      await own.messages.create({ model, max_tokens: 20, ...request });
      expect(await sandbox.usage(key)).toMatchObject({ requests: 1, count_requests: 1, input_tokens });
      expect((await sandbox.usage(key)).by_model[model]).toMatchObject({ requests: 1, count_requests: 1 });
    }
  });

  test('a closed tokenizer bills three for one, but no more for an image', async () => {
    const of = async (model: string) => (await client.messages.countTokens({ model, ...request })).input_tokens;
    expect((await of('sandbox-closed')) - 256).toBe(3 * ((await of('sandbox-small')) - 256));
    const short = { model: 'sandbox-closed', messages: [{ role: 'user' as const, content: '沙'.repeat(100) }] };
    expect((await client.messages.countTokens(short)).input_tokens).toBeGreaterThan(3 * countText('沙'.repeat(100)));
  });

  test('an undercount says half, and the bill is whole', async () => {
    const { input_tokens } = await client.messages.countTokens({ model: 'sandbox-undercount', ...request });
    const { usage } = await client.messages.create({ model: 'sandbox-undercount', max_tokens: 20, ...request });
    expect(input_tokens).toBe(Math.floor(usage.input_tokens / 2));
  });

  test('takes no field of output, and counts past the window', async () => {
    const post = (more: object) => sandbox.post('/v1/messages/count_tokens', KEY, { model: 'sandbox-small', messages, ...more }, VERSION);
    for (const name of ['max_tokens', 'stream', 'temperature', 'metadata']) expect((await post({ [name]: 1 })).status).toBe(400);
    const long = await post({ messages: [{ role: 'user', content: 'word '.repeat(9_000) }] });
    expect(await long.json()).toEqual({ input_tokens: expect.closeTo(9_008, -1) });
  });

  test('misbehaves as its model does', async () => {
    const of = (model: string) => client.messages.countTokens({ model, messages });
    await expect(of('sandbox-refuse-rate')).rejects.toBeInstanceOf(Anthropic.RateLimitError);
    await expect(of('sandbox-error')).rejects.toBeInstanceOf(Anthropic.InternalServerError);
    await expect(of('sandbox-cut')).rejects.toThrow();
    expect((await of('sandbox-endless')).input_tokens).toBeGreaterThan(0);
  });
});
