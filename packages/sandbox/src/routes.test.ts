import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SANDBOX_MODELS } from './models.ts';
import { type TestSandbox, testSandbox } from './testing.ts';
import { countText } from './tokens.ts';

let sandbox: TestSandbox;
let client: OpenAI;
const KEY = 'sk-routes-test';

beforeAll(async () => {
  sandbox = await testSandbox();
  client = new OpenAI({ apiKey: KEY, baseURL: `${sandbox.url}/v1`, maxRetries: 0 });
});
afterAll(() => sandbox.close());

describe('models', () => {
  test('lists the table, the well-behaved first', async () => {
    const { data } = await client.models.list();
    expect(data.map((model) => model.id)).toEqual(SANDBOX_MODELS.map((model) => model.id));
    expect(data.every((model) => model.id.startsWith('sandbox-') && model.object === 'model')).toBe(true);
    expect((data[0] as unknown as { tallystick: { description: string } }).tallystick.description).not.toBe('');
    const firstBad = SANDBOX_MODELS.findIndex((model) => !model.wellBehaved);
    expect(SANDBOX_MODELS.slice(firstBad).some((model) => model.wellBehaved)).toBe(false);
    expect(new Set(data.map((model) => model.id)).size).toBe(data.length);
  });

  test('shows one, and not one that is not there', async () => {
    expect(await client.models.retrieve('sandbox-small')).toMatchObject({ id: 'sandbox-small', owned_by: 'tallystick-sandbox' });
    await expect(client.models.retrieve('sandbox-none')).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  });
});

describe('embeddings', () => {
  test('are the same as floats and as base64, and are unit vectors', async () => {
    const input = ['hello world', 'something else'];
    const floats = await client.embeddings.create({ model: 'sandbox-embed', input, dimensions: 64, encoding_format: 'float' });
    // Without a format the SDK asks for base64 and decodes it.
    const decoded = await client.embeddings.create({ model: 'sandbox-embed', input, dimensions: 64 });
    expect(decoded.data.map((each) => Array.from(each.embedding))).toEqual(floats.data.map((each) => each.embedding));
    expect(floats.data.map((each) => each.index)).toEqual([0, 1]);
    expect(Math.hypot(...(floats.data[0]?.embedding ?? []))).toBeCloseTo(1, 5);
    const tokens = countText('hello world') + countText('something else');
    expect(floats.usage).toEqual({ prompt_tokens: tokens, total_tokens: tokens });
    expect((await sandbox.usage(KEY)).by_model['sandbox-embed']).toEqual({
      requests: 2,
      count_requests: 0,
      input_tokens: 2 * tokens,
      output_tokens: 0,
      total_tokens: 2 * tokens,
    });
  });

  test('take token arrays, and refuse what the real API refuses', async () => {
    const tokens = await client.embeddings.create({ model: 'sandbox-embed', input: [[1, 2, 3], [4]] });
    expect(tokens.usage.prompt_tokens).toBe(4);
    expect(tokens.data[0]?.embedding.length).toBe(256);
    for (const input of ['', [], [''], [1.5], 'word '.repeat(9_000), { a: 1 }, Array(2_049).fill('a')]) {
      await expect(client.embeddings.create({ model: 'sandbox-embed', input: input as string })).rejects.toBeInstanceOf(
        OpenAI.BadRequestError,
      );
    }
    await expect(client.embeddings.create({ model: 'sandbox-small', input: 'a' })).rejects.toMatchObject({ status: 400, param: 'model' });
    const many = client.embeddings.create({ model: 'sandbox-embed', input: Array(40).fill('word '.repeat(8_000)) });
    await expect(many).rejects.toMatchObject({ status: 400 });
  });
});

describe('refusals', () => {
  const messages = [{ role: 'user', content: 'hi' }];
  const refused: [string, Record<string, unknown>, string | null, string | null][] = [
    ['a limit that is text', { max_tokens: '5' }, 'max_tokens', 'invalid_type'],
    ['a limit with a fraction', { max_completion_tokens: 1.5 }, 'max_completion_tokens', 'invalid_type'],
    ['a limit of 0', { max_tokens: 0 }, 'max_tokens', 'integer_below_min_value'],
    ['a huge limit', { max_tokens: 1e9 }, 'max_tokens', 'invalid_value'],
    ['both limits', { max_tokens: 5, max_completion_tokens: 5 }, 'max_tokens', 'invalid_parameter_combination'],
    ['an unknown field', { max_token: 5 }, 'max_token', 'unknown_parameter'],
    ['n of 0', { n: 0 }, 'n', 'integer_below_min_value'],
    ['no messages', { messages: [] }, 'messages', 'empty_array'],
    ['messages of another type', { messages: 'hi' }, 'messages', 'invalid_type'],
    ['an unknown role', { messages: [{ role: 'king', content: 'hi' }] }, 'messages[0].role', 'invalid_value'],
    ['audio', { messages: [{ role: 'user', content: [{ type: 'input_audio' }] }] }, 'messages[0].content[0].type', 'invalid_value'],
    [
      'an image elsewhere',
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://example.com/a.png' } }] }] },
      'messages[0].content[0].image_url.url',
      'invalid_image_url',
    ],
    ['content of null', { messages: [{ role: 'user', content: null }] }, 'messages[0].content', 'invalid_type'],
    ['stream options without a stream', { stream_options: { include_usage: true } }, 'stream_options', null],
    ['a server tool', { tools: [{ type: 'web_search' }] }, 'tools[0].type', 'invalid_value'],
    ['a choice of no tool', { tool_choice: 'required' }, 'tool_choice', null],
    ['a prediction', { prediction: { type: 'content', content: 'x' } }, 'prediction', 'unsupported_parameter'],
    ['JSON without the word', { response_format: { type: 'json_object' } }, 'response_format', null],
    ['a temperature of 3', { temperature: 3 }, 'temperature', 'invalid_value'],
  ];
  test.each(refused)('%s', async (_what, more, param, code) => {
    const before = await sandbox.usage(KEY);
    const response = await sandbox.post('/v1/chat/completions', KEY, { model: 'sandbox-small', messages, ...more });
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ error: { message: expect.any(String), type: 'invalid_request_error', param, code } });
    expect(await sandbox.usage(KEY)).toEqual(before);
  });

  test('rubbish: JSON, UTF-8, model, path, key', async () => {
    const status = async (body: unknown) => (await sandbox.post('/v1/chat/completions', KEY, body)).status;
    expect(await status('{"model":')).toBe(400);
    expect(await status('[]')).toBe(400);
    expect(await status(`{"model":"sandbox-small","metadata":${'['.repeat(1e6)}${']'.repeat(1e6)}}`)).toBe(400);
    expect(await status({ messages })).toBe(400);
    expect(await status({ model: 7, messages })).toBe(400);
    expect(await status({ model: 'gpt-4o', messages })).toBe(404);
    expect(await status({ model: 'sandbox-embed', messages })).toBe(400);
    expect((await sandbox.post('/v1/nothing', KEY, {})).status).toBe(404);
    const bare = (headers: Record<string, string>, body?: Uint8Array<ArrayBuffer>) =>
      fetch(`${sandbox.url}/v1/chat/completions`, { method: 'POST', headers, ...(body === undefined ? {} : { body }) });
    const keyed = { authorization: `Bearer ${KEY}` };
    expect((await bare({})).status).toBe(401);
    expect((await bare(keyed, new Uint8Array([0x7b, 0xff, 0x7d]))).status).toBe(400);
    expect((await bare({ ...keyed, 'content-encoding': 'gzip' }, new Uint8Array(3))).status).toBe(415);
    const labelled = await sandbox.get('/nowhere', KEY);
    expect(labelled.headers.get('x-tallystick-sandbox')).toBe('1');
  });

  test('responses refuse stored state', async () => {
    for (const more of [
      { previous_response_id: 'resp_1' },
      { background: true },
      { conversation: 'c' },
      { truncation: 'auto' },
      { max_output_tokens: 1e9 },
    ]) {
      expect((await sandbox.post('/v1/responses', KEY, { model: 'sandbox-small', input: 'hi', ...more })).status).toBe(400);
    }
  });

  test('a key in the URL, so that a leak shows', async () => {
    for (const path of ['/v1/chat/completions?key=abc', '/v1/models?key=abc', '/v1beta/models?key=abc']) {
      expect((await sandbox.get(path, KEY)).status).toBe(400);
    }
  });

  test('keys are counted apart', async () => {
    await sandbox.post('/v1/chat/completions', 'sk-one', { model: 'sandbox-fixed-5', messages });
    expect((await sandbox.usage('sk-one')).total_tokens).toBe(5);
    expect((await sandbox.usage('sk-two')).total_tokens).toBe(0);
  });
});

describe('the export of what a key was billed', () => {
  const exported = (from: unknown, to: unknown, key = KEY) => sandbox.get(`/sandbox/usage/export?from=${from}&to=${to}`, key);

  test('is a table by the second that adds up to the usage, of this key alone', async () => {
    const key = 'sk-export-test';
    const from = Math.floor(Date.now() / 1000) * 1000;
    for (let n = 0; n < 3; n += 1)
      await sandbox.post('/v1/chat/completions', key, { model: 'sandbox-fixed-5', messages: [{ role: 'user', content: 'hi' }] });
    const to = from + 60_000;
    const answer = await exported(from, to, key);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/csv; charset=utf-8']);
    const [heading, ...rows] = (await answer.text()).trim().split('\n');
    expect(heading).toBe('timestamp,tokens');
    const parsed = rows.map((row) => row.split(',') as [string, string]);
    expect(parsed.every(([at]) => Date.parse(at) >= from && Date.parse(at) < to)).toBe(true);
    expect(parsed.reduce((sum, [, tokens]) => sum + Number(tokens), 0)).toBe((await sandbox.usage(key)).total_tokens);
    expect(await (await exported(from - 60_000, from, key)).text()).toBe('timestamp,tokens\n');
    expect(await (await exported(from, to, 'sk-nobody')).text()).toBe('timestamp,tokens\n');
  });

  test.each([
    ['', 1000],
    [0, ''],
    [500, 2000],
    [2000, 1000],
    ['x', 1000],
    [-1000, 0],
  ])('from %j to %j is refused', async (from, to) => {
    expect((await exported(from, to)).status).toBe(400);
  });
});
