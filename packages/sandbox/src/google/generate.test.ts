import { FunctionCallingConfigMode, GoogleGenAI, Type } from '@google/genai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { countText } from '../tokens.ts';
import { type GoogleSandbox, googleSandbox } from './testing.ts';

let sandbox: GoogleSandbox;
let ai: GoogleGenAI;
const KEY = 'google-generate-test';
const model = 'sandbox-small';

beforeAll(async () => {
  sandbox = await googleSandbox(KEY);
  ai = new GoogleGenAI({ apiKey: KEY, httpOptions: { baseUrl: sandbox.url } });
});
afterAll(() => sandbox.close());

const weather = {
  name: 'get_weather',
  description: 'The weather in a city.',
  parameters: {
    type: Type.OBJECT,
    properties: { city: { type: Type.STRING }, days: { type: Type.INTEGER, minimum: 1, maximum: 7 } },
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

describe('generateContent', () => {
  test('answers in the true shape, and bills what it reports', async () => {
    const { result, ...billed } = await counted(() =>
      ai.models.generateContent({ model, contents: 'What is a tally stick?', config: { systemInstruction: 'Be kind.' } }),
    );
    expect(result.candidates).toMatchObject([{ index: 0, finishReason: 'STOP', content: { role: 'model' } }]);
    expect(result.modelVersion).toBe(model);
    expect(result.text).toContain('sandbox');
    const input = 3 + 3 + 1 + countText('Be kind.') + 3 + 1 + countText('What is a tally stick?');
    const output = countText(result.text ?? '');
    expect(result.usageMetadata).toEqual({ promptTokenCount: input, candidatesTokenCount: output, totalTokenCount: input + output });
    expect(billed).toEqual({ input, output, requests: 1 });
  });

  test('stops at the limit, before a stop sequence, and answers the same to the same seed', async () => {
    const limited = await ai.models.generateContent({ model, contents: 'hi', config: { maxOutputTokens: 5 } });
    expect(limited.candidates?.[0]?.finishReason).toBe('MAX_TOKENS');
    expect(limited.usageMetadata?.candidatesTokenCount).toBe(5);
    const stopped = await ai.models.generateContent({ model, contents: 'hi', config: { stopSequences: [' model'] } });
    expect(stopped.candidates?.[0]).toMatchObject({ finishReason: 'STOP', content: { parts: [{ text: 'This is sandbox output: no' }] } });
    const seeds = [1, 1, 2, 3, 4].map((seed) => ai.models.generateContent({ model, contents: 'hi', config: { seed } }));
    const texts = (await Promise.all(seeds)).map(({ text }) => text);
    expect(texts[0]).toBe(texts[1]);
    expect(new Set(texts).size).toBeGreaterThan(1);
  });

  test('gives several candidates, and bills all', async () => {
    const config = { candidateCount: 3, maxOutputTokens: 15 };
    const { result, output } = await counted(() => ai.models.generateContent({ model, contents: 'hi', config }));
    expect(result.candidates?.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(result.usageMetadata?.candidatesTokenCount).toBe(45);
    expect(output).toBe(45);
  });

  test('meets a schema in either language', async () => {
    const responseSchema = {
      type: Type.OBJECT,
      properties: { answer: { type: Type.STRING }, steps: { type: Type.ARRAY, minItems: '2', items: { type: Type.NUMBER } } },
      propertyOrdering: ['steps', 'answer'],
    };
    const json = { responseMimeType: 'application/json' };
    const own = await ai.models.generateContent({ model, contents: 'hi', config: { ...json, responseSchema } });
    const parsed = JSON.parse(own.text ?? '') as { steps: number[]; answer: string };
    expect(Object.keys(parsed)).toEqual(['steps', 'answer']);
    expect(parsed.steps.length).toBeGreaterThanOrEqual(2);
    const responseJsonSchema = { type: 'object', properties: { a: { const: 7 } }, required: ['a'] };
    const standard = await ai.models.generateContent({ model, contents: 'hi', config: { ...json, responseJsonSchema } });
    expect(JSON.parse(standard.text ?? '')).toEqual({ a: 7 });
    expect(JSON.parse((await ai.models.generateContent({ model, contents: 'hi', config: json })).text ?? '')).toMatchObject({
      sandbox: true,
    });
  });

  test('counts images and documents, and refuses what it would have to fetch', async () => {
    const blob = (mimeType: string) => ({ inlineData: { mimeType, data: 'aGVsbG8=' } });
    const plain = await ai.models.generateContent({ model, contents: ['look'] });
    const media = await ai.models.generateContent({
      model,
      contents: ['look', blob('image/png'), blob('image/jpeg'), blob('application/pdf')],
    });
    expect((media.usageMetadata?.promptTokenCount ?? 0) - (plain.usageMetadata?.promptTokenCount ?? 0)).toBe(256 + 256 + 1_000);
    const file = ai.models.generateContent({
      model,
      contents: [{ fileData: { fileUri: 'https://example.com/a.png', mimeType: 'image/png' } }],
    });
    await expect(file).rejects.toMatchObject({ status: 400 });
  });
});

describe('streamGenerateContent', () => {
  test('sends the same text in chunks, with a usage that grows to the whole', async () => {
    const whole = await ai.models.generateContent({ model, contents: 'hi' });
    let text = '';
    const totals: number[] = [];
    const finishes: unknown[] = [];
    let usage: unknown;
    for await (const chunk of await ai.models.generateContentStream({ model, contents: 'hi' })) {
      text += chunk.text ?? '';
      totals.push(chunk.usageMetadata?.totalTokenCount ?? 0);
      finishes.push(chunk.candidates?.[0]?.finishReason);
      usage = chunk.usageMetadata;
    }
    expect(text).toBe(whole.text);
    expect(usage).toEqual(whole.usageMetadata);
    expect(totals).toEqual([...totals].sort((a, b) => a - b));
    expect(new Set(totals).size).toBe(totals.length);
    expect(finishes.at(-1)).toBe('STOP');
    expect(finishes.slice(0, -1).every((finish) => finish === undefined)).toBe(true);
  });

  test('without alt=sse it is one JSON array of the same', async () => {
    const answer = await sandbox.ask(model, 'streamGenerateContent', { contents: [{ parts: [{ text: 'hi' }] }] });
    expect(answer.headers.get('content-type')).toBe('application/json');
    const chunks = (await answer.json()) as { candidates: [{ content: { parts: [{ text: string }] } }] }[];
    const whole = await ai.models.generateContent({ model, contents: 'hi' });
    expect(chunks.map((chunk) => chunk.candidates[0].content.parts[0].text).join('')).toBe(whole.text);
  });

  test('candidates take turns', async () => {
    const config = { candidateCount: 2 };
    const texts = ['', ''];
    let usage: unknown;
    for await (const { candidates = [], usageMetadata } of await ai.models.generateContentStream({ model, contents: 'hi', config })) {
      for (const { index = 0, content } of candidates) texts[index] += content?.parts?.[0]?.text ?? '';
      usage = usageMetadata;
    }
    const whole = await ai.models.generateContent({ model, contents: 'hi', config });
    expect(texts).toEqual(whole.candidates?.map(({ content }) => content?.parts?.[0]?.text));
    expect(usage).toEqual(whole.usageMetadata);
  });
});

describe('functions', () => {
  test('are called, and answered in words after their result, streamed or not', async () => {
    const chat = ai.chats.create({ model, config: { tools: [{ functionDeclarations: [weather] }] } });
    const called = await chat.sendMessage({ message: 'Rain tomorrow?' });
    const call = called.functionCalls?.[0];
    expect(call?.name).toBe('get_weather');
    expect(Object.keys(call?.args ?? {})).toEqual(['city', 'days']);
    expect(called.candidates?.[0]?.finishReason).toBe('STOP');
    const output = countText('get_weather') + countText(JSON.stringify(call?.args));
    expect(called.usageMetadata?.candidatesTokenCount).toBe(output);
    const result = {
      functionResponse: { name: 'get_weather', response: { rain: true }, ...(call?.id === undefined ? {} : { id: call.id }) },
    };
    const after = await chat.sendMessage({ message: [result] });
    expect(after.text).toContain('sandbox');
    expect(chat.getHistory(true)).toHaveLength(4);
    let again: unknown;
    for await (const chunk of await chat.sendMessageStream({ message: 'And the day after?' })) again = chunk.functionCalls ?? again;
    expect(again).toMatchObject([{ name: 'get_weather' }]);
    expect(chat.getHistory(true)).toHaveLength(6);
  });

  test('go by the mode, the allowed names and JSON schema too', async () => {
    const other = { name: 'get_time', parametersJsonSchema: { type: 'object', properties: { zone: { const: 'UTC' } } } };
    const ask = async (functionCallingConfig: object) => {
      const config = { tools: [{ functionDeclarations: [weather, other] }], toolConfig: { functionCallingConfig } };
      return (await ai.models.generateContent({ model, contents: 'hi', config })).functionCalls;
    };
    expect(await ask({ mode: FunctionCallingConfigMode.NONE })).toBeUndefined();
    expect(await ask({ mode: FunctionCallingConfigMode.ANY, allowedFunctionNames: ['get_time'] })).toMatchObject([
      { name: 'get_time', args: { zone: 'UTC' } },
    ]);
    await expect(ask({ mode: FunctionCallingConfigMode.ANY, allowedFunctionNames: ['none'] })).rejects.toMatchObject({ status: 400 });
  });

  test('a call that does not fit the limit is billed and not sent', async () => {
    const config = { tools: [{ functionDeclarations: [weather] }], maxOutputTokens: countText('get_weather') + 2 };
    const { result, output } = await counted(() => ai.models.generateContent({ model, contents: 'hi', config }));
    expect(result.candidates).toEqual([{ content: { role: 'model' }, finishReason: 'MAX_TOKENS', index: 0 }]);
    expect(output).toBe(config.maxOutputTokens);
    expect(result.usageMetadata?.candidatesTokenCount).toBe(output);
  });
});

describe('models that differ', () => {
  test('thoughts stand beside the candidates, inside of the limit', async () => {
    const ask = (config: object) => ai.models.generateContent({ model: 'sandbox-reasoning', contents: 'hi', config });
    const hidden = await ask({});
    const usage = hidden.usageMetadata ?? {};
    expect(usage.thoughtsTokenCount).toBeGreaterThanOrEqual(16);
    expect(usage.candidatesTokenCount).toBe(countText(hidden.text ?? ''));
    expect(usage.totalTokenCount).toBe((usage.promptTokenCount ?? 0) + (usage.candidatesTokenCount ?? 0) + (usage.thoughtsTokenCount ?? 0));
    const shown = await ask({ thinkingConfig: { includeThoughts: true } });
    const [thought, said] = shown.candidates?.[0]?.content?.parts ?? [];
    expect(thought?.thought).toBe(true);
    expect(countText(thought?.text ?? '')).toBe(shown.usageMetadata?.thoughtsTokenCount);
    expect(said?.thoughtSignature).toBeTruthy();
    const none = await ask({ thinkingConfig: { thinkingBudget: 0 } });
    expect(none.usageMetadata).not.toHaveProperty('thoughtsTokenCount');
    const { result, output } = await counted(() => ask({ maxOutputTokens: 10 }));
    expect(output).toBe(10);
    // As the real API has it when thinking takes the whole limit: no candidates' count, and a content without parts.
    expect(result.usageMetadata).toEqual({ promptTokenCount: 8, thoughtsTokenCount: 10, totalTokenCount: 18 });
    expect(result.candidates).toEqual([{ content: { role: 'model' }, finishReason: 'MAX_TOKENS', index: 0 }]);
  });

  test('thoughts come back in a stream, and are counted from the start', async () => {
    const request = { model: 'sandbox-reasoning', contents: 'hi' };
    for (const includeThoughts of [true, false]) {
      const config = { thinkingConfig: { includeThoughts } };
      const whole = await ai.models.generateContent({ ...request, config });
      let thoughts = '';
      let usage: unknown;
      for await (const { candidates, usageMetadata } of await ai.models.generateContentStream({ ...request, config })) {
        for (const part of candidates?.[0]?.content?.parts ?? []) if (part.thought) thoughts += part.text;
        expect(usageMetadata?.thoughtsTokenCount).toBeGreaterThan(0);
        usage = usageMetadata;
      }
      expect(usage).toEqual(whole.usageMetadata);
      expect(countText(thoughts)).toBe(includeThoughts ? whole.usageMetadata?.thoughtsTokenCount : 0);
    }
  });

  test('cached input is a part of the prompt', async () => {
    const { usageMetadata: usage = {} } = await ai.models.generateContent({ model: 'sandbox-cached', contents: 'hi there' });
    expect(usage.cachedContentTokenCount).toBe(Math.floor((usage.promptTokenCount ?? 0) / 2));
    expect(usage.totalTokenCount).toBe((usage.promptTokenCount ?? 0) + (usage.candidatesTokenCount ?? 0));
  });

  test('fixed bills exactly that, and a window is one', async () => {
    const { result, ...billed } = await counted(() => ai.models.generateContent({ model: 'sandbox-fixed-5', contents: 'hi '.repeat(99) }));
    expect(billed).toEqual({ input: 2, output: 3, requests: 1 });
    expect(result.usageMetadata).toEqual({ promptTokenCount: 2, candidatesTokenCount: 3, totalTokenCount: 5 });
    const long = ai.models.generateContent({ model, contents: 'word '.repeat(9_000) });
    await expect(long).rejects.toMatchObject({ status: 400, message: expect.stringContaining('maximum number of tokens allowed (8192)') });
  });
});
