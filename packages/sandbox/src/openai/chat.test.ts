import OpenAI from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type TestSandbox, testSandbox } from '../testing.ts';
import { countText } from '../tokens.ts';

let sandbox: TestSandbox;
let client: OpenAI;
const KEY = 'sk-chat-test';

beforeAll(async () => {
  sandbox = await testSandbox();
  client = new OpenAI({ apiKey: KEY, baseURL: `${sandbox.url}/v1`, maxRetries: 0 });
});
afterAll(() => sandbox.close());

const messages: OpenAI.ChatCompletionMessageParam[] = [
  { role: 'system', content: 'Be kind.' },
  { role: 'user', content: 'What is a tally stick?' },
];
const weather: OpenAI.ChatCompletionTool = {
  type: 'function',
  function: {
    name: 'get_weather',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string' }, days: { type: 'integer', minimum: 1, maximum: 7 } },
      required: ['city', 'days'],
    },
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

describe('chat completions, JSON', () => {
  test('answers in the true shape, and bills what it reports', async () => {
    const { result, ...billed } = await counted(() => client.chat.completions.create({ model: 'sandbox-small', messages }));
    expect(result).toMatchObject({
      object: 'chat.completion',
      model: 'sandbox-small',
      choices: [{ index: 0, finish_reason: 'stop', logprobs: null }],
    });
    expect(result.id).toMatch(/^chatcmpl-/);
    const text = result.choices[0]?.message.content ?? '';
    expect(text).toContain('sandbox');
    expect(result.usage?.completion_tokens).toBe(countText(text));
    expect(result.usage?.prompt_tokens).toBe(3 + 3 + 1 + countText('Be kind.') + 3 + 1 + countText('What is a tally stick?'));
    expect(result.usage?.total_tokens).toBe((result.usage?.prompt_tokens ?? 0) + (result.usage?.completion_tokens ?? 0));
    expect(billed).toEqual({ input: result.usage?.prompt_tokens, output: result.usage?.completion_tokens, requests: 1 });
  });

  test('answers the same to the same, and another to another', async () => {
    const ask = async (content: string) => {
      const answer = await client.chat.completions.create({ model: 'sandbox-small', messages: [{ role: 'user', content }] });
      return answer.choices[0]?.message.content;
    };
    const answers = await Promise.all(['a', 'a', 'b', 'c', 'd'].map(ask));
    expect(answers[0]).toBe(answers[1]);
    expect(new Set(answers).size).toBeGreaterThan(2);
  });

  test.each(['max_tokens', 'max_completion_tokens'])('stops exactly at %s', async (name) => {
    for (const limit of [1, 5, 19]) {
      const answer = await client.chat.completions.create({ model: 'sandbox-small', messages, [name]: limit });
      expect(answer.choices[0]?.finish_reason).toBe('length');
      expect(answer.usage?.completion_tokens).toBe(limit);
      expect(countText(answer.choices[0]?.message.content ?? '')).toBe(limit);
    }
  });

  test('takes an image with its data in it, and bills 256 tokens for each', async () => {
    const text: OpenAI.ChatCompletionContentPart = { type: 'text', text: 'Look.' };
    const image: OpenAI.ChatCompletionContentPart = { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA', detail: 'high' } };
    const inputOf = async (content: OpenAI.ChatCompletionContentPart[]) => {
      const { usage } = await client.chat.completions.create({ model: 'sandbox-small', messages: [{ role: 'user', content }] });
      return usage?.prompt_tokens ?? 0;
    };
    expect(await inputOf([image, text, image])).toBe((await inputOf([text])) + 2 * 256);
  });

  test('gives n different choices, and bills all', async () => {
    const { result, output } = await counted(() =>
      client.chat.completions.create({ model: 'sandbox-small', messages, n: 3, max_completion_tokens: 15 }),
    );
    expect(result.choices.map((choice) => choice.index)).toEqual([0, 1, 2]);
    expect(result.usage?.completion_tokens).toBe(45);
    expect(output).toBe(45);
    expect(new Set(result.choices.map((choice) => choice.message.content)).size).toBeGreaterThan(1);
  });

  test('stops before a stop sequence', async () => {
    const answer = await client.chat.completions.create({ model: 'sandbox-small', messages, stop: ['zzz', ' model'] });
    expect(answer.choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: 'This is sandbox output: no' } });
    expect(answer.usage?.completion_tokens).toBe(6);
  });

  test('calls a tool, and answers in words after its result', async () => {
    const called = await client.chat.completions.create({ model: 'sandbox-small', messages, tools: [weather] });
    const message = called.choices[0]?.message as OpenAI.ChatCompletionMessage;
    expect(called.choices[0]?.finish_reason).toBe('tool_calls');
    expect(message.content).toBeNull();
    const call = message.tool_calls?.[0] as OpenAI.ChatCompletionMessageFunctionToolCall;
    const args = JSON.parse(call.function.arguments);
    expect(args.days).toBeGreaterThanOrEqual(1);
    expect(called.usage?.completion_tokens).toBe(countText('get_weather') + countText(call.function.arguments));
    const after = await client.chat.completions.create({
      model: 'sandbox-small',
      messages: [...messages, message, { role: 'tool', tool_call_id: call.id, content: '{"rain":true}' }],
      tools: [weather],
    });
    expect(after.choices[0]?.finish_reason).toBe('stop');
    const none = await client.chat.completions.create({ model: 'sandbox-small', messages, tools: [weather], tool_choice: 'none' });
    expect(none.choices[0]?.message.tool_calls).toBeUndefined();
  });

  test('calls every tool where parallel calls were asked for', async () => {
    const other = { type: 'function' as const, function: { name: 'get_time' } };
    const called = await client.chat.completions.create({
      model: 'sandbox-small',
      messages,
      tools: [weather, other],
      parallel_tool_calls: true,
    });
    expect(called.choices[0]?.message.tool_calls?.map((call) => call.type === 'function' && call.function.name)).toEqual([
      'get_weather',
      'get_time',
    ]);
    const named = await client.chat.completions.create({
      model: 'sandbox-small',
      messages,
      tools: [weather, other],
      tool_choice: { type: 'function', function: { name: 'get_time' } },
    });
    expect(named.choices[0]?.message.tool_calls).toMatchObject([{ function: { name: 'get_time', arguments: '{}' } }]);
  });

  test('meets a json_schema, parsed by the SDK', async () => {
    const shape = z.object({ answer: z.string(), sure: z.number().min(0).max(1), steps: z.array(z.object({ text: z.string() })) });
    const parsed = await client.chat.completions.parse({
      model: 'sandbox-small',
      messages,
      response_format: zodResponseFormat(shape, 'reply'),
    });
    expect(shape.parse(parsed.choices[0]?.message.parsed)).toBeTruthy();
    const object = await client.chat.completions.create({
      model: 'sandbox-small',
      messages: [{ role: 'user', content: 'Answer in JSON' }],
      response_format: { type: 'json_object' },
    });
    expect(JSON.parse(object.choices[0]?.message.content ?? '')).toMatchObject({ sandbox: true });
  });
});

describe('chat completions, stream', () => {
  test('sends the same text, then the usage, once', async () => {
    const whole = await client.chat.completions.create({ model: 'sandbox-small', messages });
    const stream = await client.chat.completions.create({
      model: 'sandbox-small',
      messages,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    const usages: unknown[] = [];
    const finishes: unknown[] = [];
    for await (const chunk of stream) {
      expect(chunk.object).toBe('chat.completion.chunk');
      text += chunk.choices[0]?.delta.content ?? '';
      if (chunk.choices[0]?.finish_reason) finishes.push(chunk.choices[0].finish_reason);
      if (chunk.usage) usages.push(chunk.usage);
    }
    expect(text).toBe(whole.choices[0]?.message.content);
    expect(usages).toEqual([whole.usage]);
    expect(finishes).toEqual(['stop']);
  });

  test('sends no usage unless asked, and ends with [DONE]', async () => {
    const response = await sandbox.post('/v1/chat/completions', KEY, { model: 'sandbox-small', messages, stream: true });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    expect(response.headers.get('x-tallystick-sandbox')).toBe('1');
    const text = await response.text();
    expect(text).not.toContain('"usage"');
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
  });

  test('tool calls arrive in deltas, joined by the SDK', async () => {
    const run = client.chat.completions.stream({
      model: 'sandbox-small',
      messages,
      tools: [weather],
      stream_options: { include_usage: true },
    });
    let deltas = 0;
    run.on('tool_calls.function.arguments.delta', () => {
      deltas += 1;
    });
    const final = await run.finalChatCompletion();
    expect(deltas).toBeGreaterThan(2);
    expect(final.choices[0]?.finish_reason).toBe('tool_calls');
    const call = final.choices[0]?.message.tool_calls?.[0] as OpenAI.ChatCompletionMessageFunctionToolCall;
    expect(Object.keys(JSON.parse(call.function.arguments))).toEqual(['city', 'days']);
  });

  test('n choices take turns', async () => {
    const stream = await client.chat.completions.create({ model: 'sandbox-small', messages, stream: true, n: 2 });
    const texts = ['', ''];
    for await (const chunk of stream) {
      const choice = chunk.choices[0];
      if (choice) texts[choice.index] += choice.delta.content ?? '';
    }
    const whole = await client.chat.completions.create({ model: 'sandbox-small', messages, n: 2 });
    expect(texts).toEqual(whole.choices.map((choice) => choice.message.content));
  });
});

describe('models that differ', () => {
  test('reasoning is hidden inside the output count', async () => {
    const answer = await client.chat.completions.create({ model: 'sandbox-reasoning', messages });
    const hidden = answer.usage?.completion_tokens_details?.reasoning_tokens ?? 0;
    expect(hidden).toBeGreaterThanOrEqual(16);
    expect(answer.usage?.completion_tokens).toBe(hidden + countText(answer.choices[0]?.message.content ?? ''));
    const short = await client.chat.completions.create({ model: 'sandbox-reasoning', messages, max_completion_tokens: 10 });
    expect(short.usage).toMatchObject({ completion_tokens: 10, completion_tokens_details: { reasoning_tokens: 10 } });
    expect(short.choices[0]).toMatchObject({ finish_reason: 'length', message: { content: '' } });
  });

  test('cached input is a part of the input', async () => {
    const { usage } = await client.chat.completions.create({ model: 'sandbox-cached', messages });
    expect(usage?.prompt_tokens_details?.cached_tokens).toBe(Math.floor((usage?.prompt_tokens ?? 0) / 2));
  });

  test('long goes on until its limit', async () => {
    const answer = await client.chat.completions.create({ model: 'sandbox-long', messages, max_completion_tokens: 777 });
    expect(answer.usage?.completion_tokens).toBe(777);
    expect(countText(answer.choices[0]?.message.content ?? '')).toBe(777);
    const most = await client.chat.completions.create({ model: 'sandbox-long', messages });
    expect(most.usage?.completion_tokens).toBe(16_384);
  });

  test.each([
    ['sandbox-fixed-5', 2, 3],
    ['sandbox-fixed-100', 40, 60],
  ])('%s bills exactly that', async (model, input, output) => {
    for (const request of [
      { messages },
      { messages, max_tokens: 1 },
      { messages, n: 4 },
      { messages: [{ role: 'user' as const, content: 'x '.repeat(20_000) }] },
    ]) {
      const { result, ...billed } = await counted(() => client.chat.completions.create({ model, ...request }));
      expect(billed).toEqual({ input, output, requests: 1 });
      expect(result.usage).toMatchObject({ prompt_tokens: input, completion_tokens: output, total_tokens: input + output });
    }
    const plain = await client.chat.completions.create({ model, messages });
    expect(countText(plain.choices[0]?.message.content ?? '')).toBe(output);
  });

  test('the window holds input and output together', async () => {
    const content = 'word '.repeat(8_100);
    const answer = await client.chat.completions.create({ model: 'sandbox-small', messages: [{ role: 'user', content }], n: 1 });
    expect((answer.usage?.prompt_tokens ?? 0) + (answer.usage?.completion_tokens ?? 0)).toBeLessThanOrEqual(8_192);
    const long = client.chat.completions.create({ model: 'sandbox-small', messages: [{ role: 'user', content: content + content }] });
    await expect(long).rejects.toMatchObject({ status: 400, code: 'context_length_exceeded', param: 'messages' });
  });
});
