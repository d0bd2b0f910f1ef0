import OpenAI from 'openai';
import { zodTextFormat } from 'openai/helpers/zod';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type TestSandbox, testSandbox } from '../testing.ts';
import { countText } from '../tokens.ts';

let sandbox: TestSandbox;
let client: OpenAI;
const KEY = 'sk-responses-test';

beforeAll(async () => {
  sandbox = await testSandbox();
  client = new OpenAI({ apiKey: KEY, baseURL: `${sandbox.url}/v1`, maxRetries: 0 });
});
afterAll(() => sandbox.close());

const tool: OpenAI.Responses.FunctionTool = {
  type: 'function',
  name: 'look_up',
  strict: true,
  parameters: { type: 'object', properties: { id: { type: 'integer' } }, required: ['id'], additionalProperties: false },
};

describe('responses, JSON', () => {
  test('answers in the true shape, and bills what it reports', async () => {
    const answer = await client.responses.create({ model: 'sandbox-small', instructions: 'Be kind.', input: 'Hello' });
    expect(answer).toMatchObject({
      object: 'response',
      status: 'completed',
      incomplete_details: null,
      error: null,
      instructions: 'Be kind.',
    });
    expect(answer.output).toMatchObject([{ type: 'message', role: 'assistant', status: 'completed' }]);
    expect(answer.output_text).toContain('sandbox');
    expect(answer.usage?.output_tokens).toBe(countText(answer.output_text));
    const { by_model } = await sandbox.usage(KEY);
    expect(by_model['sandbox-small']).toEqual({
      requests: 1,
      count_requests: 0,
      input_tokens: answer.usage?.input_tokens,
      output_tokens: answer.usage?.output_tokens,
      total_tokens: answer.usage?.total_tokens,
    });
  });

  test('takes images with their data in them, also in a function’s output', async () => {
    const image: OpenAI.Responses.ResponseInputImage = { type: 'input_image', image_url: 'data:image/webp;base64,AAAA', detail: 'auto' };
    const inputOf = async (images: OpenAI.Responses.ResponseInputImage[]) => {
      const input: OpenAI.Responses.ResponseInput = [
        { role: 'user', content: [{ type: 'input_text', text: 'Look.' }, ...images] },
        { type: 'function_call', call_id: 'a', name: 'b', arguments: '{}' },
        { type: 'function_call_output', call_id: 'a', output: [{ type: 'input_text', text: 'seen' }, ...images] },
      ];
      return (await client.responses.create({ model: 'sandbox-small', input })).usage?.input_tokens ?? 0;
    };
    expect(await inputOf([image, image])).toBe((await inputOf([])) + 4 * 256);
    const elsewhere = { ...image, image_url: 'https://example.com/a.png' };
    for (const refused of [elsewhere, { type: 'input_image' as const, file_id: 'f', detail: 'auto' as const }]) {
      await expect(inputOf([refused])).rejects.toBeInstanceOf(OpenAI.BadRequestError);
    }
  });

  test('a limit makes it incomplete', async () => {
    const answer = await client.responses.create({ model: 'sandbox-small', input: 'Hello', max_output_tokens: 7 });
    expect(answer).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      usage: { output_tokens: 7 },
    });
    expect(countText(answer.output_text)).toBe(7);
  });

  test('calls a function, takes its output, meets a schema', async () => {
    const called = await client.responses.create({ model: 'sandbox-small', input: 'Look it up', tools: [tool] });
    const call = called.output[0] as OpenAI.Responses.ResponseFunctionToolCall;
    expect(call).toMatchObject({ type: 'function_call', name: 'look_up', status: 'completed' });
    expect(JSON.parse(call.arguments)).toEqual({ id: expect.any(Number) });
    const input: OpenAI.Responses.ResponseInput = [
      { role: 'user', content: 'Look it up' },
      call,
      { type: 'function_call_output', call_id: call.call_id, output: 'found' },
    ];
    const after = await client.responses.create({ model: 'sandbox-small', input, tools: [tool] });
    expect(after.output_text).toContain('sandbox');
    const shape = z.object({ name: z.string(), count: z.int() });
    const parsed = await client.responses.parse({ model: 'sandbox-small', input: 'Hi', text: { format: zodTextFormat(shape, 'shape') } });
    expect(shape.parse(parsed.output_parsed)).toBeTruthy();
  });
});

describe('responses, stream', () => {
  async function eventsOf(body: Partial<OpenAI.Responses.ResponseCreateParamsStreaming>) {
    const stream = await client.responses.create({ model: 'sandbox-small', input: 'Hello', stream: true, ...body });
    const events: OpenAI.Responses.ResponseStreamEvent[] = [];
    for await (const event of stream) events.push(event);
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, index) => index));
    return events;
  }
  const kinds = (events: { type: string }[]) => events.map((event) => event.type).filter((type, at, all) => type !== all[at - 1]);

  test('sends the true sequence of events', async () => {
    const events = await eventsOf({});
    expect(kinds(events)).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ]);
    const last = events.at(-1);
    const done = events.find((event) => event.type === 'response.output_text.done');
    const deltas = events.map((event) => (event.type === 'response.output_text.delta' ? event.delta : '')).join('');
    expect(done?.type === 'response.output_text.done' && done.text).toBe(deltas);
    expect(last?.type === 'response.completed' && last.response.usage?.output_tokens).toBe(countText(deltas));
  });

  test('sends reasoning items, function calls and an incomplete end', async () => {
    const reasoned = await eventsOf({ model: 'sandbox-reasoning', max_output_tokens: 66 });
    expect(reasoned.filter((event) => event.type === 'response.output_item.added').map((event) => event.item.type)).toEqual([
      'reasoning',
      'message',
    ]);
    const called = await eventsOf({ tools: [tool] });
    expect(kinds(called)).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.function_call_arguments.delta',
      'response.function_call_arguments.done',
      'response.output_item.done',
      'response.completed',
    ]);
    expect((await eventsOf({ max_output_tokens: 3 })).at(-1)?.type).toBe('response.incomplete');
  });

  test('the SDK joins a stream to the final response', async () => {
    const final = await client.responses.stream({ model: 'sandbox-small', input: 'Hello' }).finalResponse();
    const whole = await client.responses.create({ model: 'sandbox-small', input: 'Hello' });
    expect(final.output_text).toBe(whole.output_text);
    expect(final.usage).toEqual(whole.usage);
  });
});
