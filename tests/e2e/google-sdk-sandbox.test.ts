import {
  type CallableTool,
  createModelContent,
  createPartFromBase64,
  createPartFromFunctionResponse,
  createPartFromUri,
  createUserContent,
  type FunctionCall,
  FunctionCallingConfigMode,
  type GenerateContentResponse,
  type GoogleGenAI,
  type Part,
  Type,
} from '@google/genai';
import { unitName } from '@tallystick/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { addKey, addSource, expectSoundBooks, noOpenHolds, showSource, verifiedReceipt, verifyAll } from '../support/calls.ts';
import { startDaemon, type TestDaemon } from '../support/daemon.ts';
import { GoogleCallers, readAll } from '../support/google-sdk.ts';
import { type OwnSandbox, ownSandbox } from '../support/sandbox.ts';

const SECRET = 'AIzaSandbox-0123456789abcdefghijklmnop';
const QUESTION = 'What did the tally stick show?';
const model = 'sandbox-small';
/** One white pixel. */
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mP8/x8AAwMCAO+ip1sAAAAASUVORK5CYII=';
const PDF = Buffer.from('%PDF-1.4\n%%EOF\n').toString('base64');

let sandbox: OwnSandbox;
let daemon: TestDaemon;
let callers: GoogleCallers;
let source: string;
let key: string;
let ai: GoogleGenAI;

beforeAll(async () => {
  sandbox = await ownSandbox();
  daemon = await startDaemon({ env: { TALLY_SANDBOX: '0' } });
  callers = new GoogleCallers(daemon.url);
  const base_url = `${sandbox.url}/v1`;
  source = (await addSource(daemon, { name: 'google', provider: 'sandbox', base_url, api_key: SECRET, cap: 50_000_000 })).id;
  key = (await addKey(daemon, { name: 'google', sources: [source] })).virtual_key;
  ai = callers.client(key);
});

afterAll(async () => {
  await daemon?.dispose();
  await sandbox?.close();
});

function headersOf({ sdkHttpResponse }: Pick<GenerateContentResponse, 'sdkHttpResponse'>): Readonly<Record<string, string>> {
  return sdkHttpResponse?.headers ?? {};
}

/** What the last call's receipt charges, by class. */
async function lines(): Promise<Readonly<Record<string, number>>> {
  const { receipt } = await verifiedReceipt(daemon, String(callers.last(key).receipt));
  return Object.fromEntries(receipt.lines.map(({ unit, quantity }) => [String(unitName(unit)), Number(quantity)]));
}

function partsOf({ candidates }: GenerateContentResponse): readonly Part[] {
  return candidates?.[0]?.content?.parts ?? [];
}

describe('generateContent', () => {
  it('answers in JSON, with the gateway’s headers, and is charged what the answer says', async () => {
    const answer = await ai.models.generateContent({ model, contents: QUESTION });
    expect(answer.text).toContain('sandbox');
    expect(answer.modelVersion).toBe(model);
    const usage = answer.usageMetadata;
    const headers = headersOf(answer);
    expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(headers['x-tally-call-id']).toBe(headers['x-request-id']);
    expect(headers['x-tally-receipt']).toMatch(/^[0-9a-f]{32}$/);
    expect(Number(headers['x-tally-held'])).toBeGreaterThanOrEqual(usage?.totalTokenCount ?? 0);
    expect([headers['x-tally-proof'], headers['x-tally-mode']]).toEqual(['bytes', 'sandbox']);
    expect(Number(headers['x-tally-overhead-ms'])).toBeGreaterThan(0);
    expect(await lines()).toEqual({ input: usage?.promptTokenCount, output: usage?.candidatesTokenCount });
  });

  it('is reached under the SDK’s own version of the API and under others, and by the model’s full name', async () => {
    const answers = [
      await ai.models.generateContent({ model, contents: QUESTION }),
      await callers.client(key, { apiVersion: 'v1beta' }).models.generateContent({ model, contents: QUESTION }),
      await ai.models.generateContent({ model: `models/${model}`, contents: QUESTION }),
    ];
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    const paths = callers.calls(key).map(({ path }) => path);
    expect(paths.slice(-3)).toEqual(['v1', 'v1beta', 'v1'].map((version) => `/${version}/models/${model}:generateContent`));
  });

  it('takes the key from either header, if both agree', async () => {
    const both = callers.client(key, { headers: { authorization: `Bearer ${key}` } });
    expect((await both.models.generateContent({ model, contents: QUESTION })).text).toContain('sandbox');
    const { virtual_key: other } = await addKey(daemon, { name: 'other', sources: [source] });
    const two = callers.client(key, { headers: { authorization: `Bearer ${other}` } });
    const { code } = await callers.raised(key, () => two.models.generateContent({ model, contents: QUESTION }));
    expect(code).toBe('AUTH_INVALID');
  });

  it('counts what the system is told, in either form', async () => {
    const ask = (systemInstruction?: string | { parts: Part[] }) =>
      ai.models.generateContent({ model, contents: QUESTION, config: systemInstruction === undefined ? {} : { systemInstruction } });
    const [bare, text, content] = [await ask(), await ask('Speak of wood.'), await ask({ parts: [{ text: 'Speak of wood.' }] })];
    expect(text.usageMetadata?.promptTokenCount).toBeGreaterThan(bare.usageMetadata?.promptTokenCount ?? 0);
    expect(content.usageMetadata?.promptTokenCount).toBe(text.usageMetadata?.promptTokenCount);
  });

  it('gives as many candidates as asked, and stops at a stop sequence', async () => {
    const config = { candidateCount: 3, stopSequences: ['no model'] };
    const { candidates = [], usageMetadata } = await ai.models.generateContent({ model, contents: QUESTION, config });
    expect(candidates.map(({ content }) => content?.parts?.[0]?.text)).toEqual(Array(3).fill('This is sandbox output: '));
    expect(await lines()).toMatchObject({ output: usageMetadata?.candidatesTokenCount });
  });

  const limits: readonly [string, { maxOutputTokens?: number }, string][] = [
    ['injects a limit where there is none', {}, '2048; injected'],
    ['keeps the caller’s', { maxOutputTokens: 7 }, '7; caller'],
    ['clamps one above what the model can emit', { maxOutputTokens: 1_000_000_000 }, '2048; clamped'],
  ];
  it.each(limits)('%s, and says so', async (_, config, said) => {
    const answer = await ai.models.generateContent({ model, contents: QUESTION, config });
    expect(headersOf(answer)['x-tally-output-limit']).toBe(said);
    const { last } = await readAll(await ai.models.generateContentStream({ model, contents: QUESTION, config }));
    expect(headersOf(last)['x-tally-output-limit']).toBe(said);
    if (config.maxOutputTokens !== 7) return;
    expect(answer.usageMetadata?.candidatesTokenCount).toBe(7);
    expect(answer.candidates?.[0]?.finishReason).toBe('MAX_TOKENS');
  });

  it.each(['sandbox-small', 'sandbox-large', 'sandbox-reasoning', 'sandbox-cached', 'sandbox-slow-bytes', 'sandbox-fixed-5'])(
    'gives the same whole and in pieces: %s',
    async (id) => {
      const request = { model: id, contents: QUESTION, config: { maxOutputTokens: 200 } };
      const answer = await ai.models.generateContent(request);
      const { text, last } = await readAll(await ai.models.generateContentStream(request));
      expect(text).toBe(answer.text);
      expect(last.usageMetadata).toEqual(answer.usageMetadata);
      expect(last.candidates?.[0]?.finishReason).toBe('STOP');
      const charged = Object.values(await lines()).reduce((sum, tokens) => sum + tokens, 0);
      expect(charged).toBe(answer.usageMetadata?.totalTokenCount);
    },
  );

  it('streams several candidates in turns, each to its end', async () => {
    const texts = ['', ''];
    const config = { candidateCount: 2 };
    for await (const { candidates = [] } of await ai.models.generateContentStream({ model, contents: QUESTION, config })) {
      for (const { index = 0, content } of candidates) texts[index] += content?.parts?.[0]?.text ?? '';
    }
    const whole = await ai.models.generateContent({ model, contents: QUESTION, config });
    expect(texts).toEqual(whole.candidates?.map(({ content }) => content?.parts?.[0]?.text));
  });
});

describe('chats', () => {
  it('remember what was said, whole or streamed', async () => {
    const chat = ai.chats.create({ model, config: { systemInstruction: 'Be brief.' } });
    const first = await chat.sendMessage({ message: QUESTION });
    const second = await readAll(await chat.sendMessageStream({ message: 'And then?' }));
    const third = await chat.sendMessage({ message: ['One', ' more.'] });
    expect(chat.getHistory().filter(({ role }) => role === 'user')).toHaveLength(3);
    const prompts = [first, second.last, third].map(({ usageMetadata }) => usageMetadata?.promptTokenCount ?? 0);
    expect(prompts).toEqual([...prompts].sort((a, b) => a - b));
    expect(new Set(prompts).size).toBe(3);
  });

  it('go on from a history', async () => {
    const history = [createUserContent('Hello.'), createModelContent('Good day.')];
    const answer = await ai.chats.create({ model, history }).sendMessage({ message: QUESTION });
    expect(answer.text).toContain('sandbox');
  });
});

const weather = {
  name: 'weather',
  description: 'Of a city.',
  parameters: { type: Type.OBJECT, properties: { city: { type: Type.STRING } }, required: ['city'] },
};
const clock = { name: 'clock', parametersJsonSchema: { type: 'object', properties: { zone: { const: 'UTC' } }, required: ['zone'] } };

/** A tool that the SDK calls by itself. */
function callable(asked: FunctionCall[]): CallableTool {
  return {
    tool: async () => ({ functionDeclarations: [weather] }),
    callTool: async (calls) => {
      asked.push(...calls);
      return calls.map(({ id = '', name = '' }) => createPartFromFunctionResponse(id, name, { sky: 'clear' }));
    },
  };
}

describe('functions', () => {
  const tools = [{ functionDeclarations: [weather, clock] }];

  it('goes the round by hand: call, result, answer', async () => {
    const first = await ai.models.generateContent({ model, contents: QUESTION, config: { tools } });
    const call = first.functionCalls?.[0];
    const content = first.candidates?.[0]?.content;
    if (call === undefined || content === undefined) throw new Error('no function was called');
    expect([call.name, Object.keys(call.args ?? {})]).toEqual(['weather', ['city']]);
    const result = createPartFromFunctionResponse(String(call.id), String(call.name), { sky: 'clear' });
    const contents = [createUserContent(QUESTION), content, createUserContent(result)];
    const second = await ai.models.generateContent({ model, contents, config: { tools } });
    expect(second.text).toContain('sandbox');
  });

  it('goes it in a streamed chat', async () => {
    const chat = ai.chats.create({ model, config: { tools } });
    const calls: FunctionCall[] = [];
    for await (const { functionCalls = [] } of await chat.sendMessageStream({ message: QUESTION })) calls.push(...functionCalls);
    expect(calls).toHaveLength(1);
    const results = calls.map(({ id = '', name = '' }) => createPartFromFunctionResponse(id, name, { sky: 'clear' }));
    expect((await readAll(await chat.sendMessageStream({ message: results }))).text).toContain('sandbox');
  });

  it('takes the results of calls in parallel', async () => {
    const calls = [
      { id: 'a', name: 'weather', args: { city: 'Gdynia' } },
      { id: 'b', name: 'clock', args: { zone: 'UTC' } },
    ];
    const results = calls.map(({ id, name }) => createPartFromFunctionResponse(id, name, { said: id }));
    const contents = [
      createUserContent(QUESTION),
      createModelContent(calls.map((functionCall) => ({ functionCall }))),
      createUserContent(results),
    ];
    expect((await ai.models.generateContent({ model, contents, config: { tools } })).text).toContain('sandbox');
  });

  it.each([
    [{ mode: FunctionCallingConfigMode.NONE }, undefined],
    [{ mode: FunctionCallingConfigMode.ANY, allowedFunctionNames: ['clock'] }, ['clock']],
    [{ mode: FunctionCallingConfigMode.AUTO }, ['weather']],
  ])('goes by the mode: %j', async (functionCallingConfig, names) => {
    const config = { tools, toolConfig: { functionCallingConfig } };
    const answer = await ai.models.generateContent({ model, contents: QUESTION, config });
    expect(answer.functionCalls?.map(({ name }) => name)).toEqual(names);
  });

  it('are called by the SDK itself, whole, streamed and in a chat', async () => {
    const asked: FunctionCall[] = [];
    const config = { tools: [callable(asked)] };
    const before = callers.calls(key).length;
    const whole = await ai.models.generateContent({ model, contents: QUESTION, config });
    expect(whole.text).toContain('sandbox');
    expect(whole.automaticFunctionCallingHistory).toHaveLength(3);
    const streamed = await readAll(await ai.models.generateContentStream({ model, contents: QUESTION, config }));
    expect(streamed.text).toContain('sandbox');
    const chat = ai.chats.create({ model, config });
    expect((await chat.sendMessage({ message: QUESTION })).text).toContain('sandbox');
    expect(asked.map(({ name }) => name)).toEqual(['weather', 'weather', 'weather']);
    expect(callers.calls(key).length - before).toBe(6);
  });

  it('stop where the SDK’s own limit of calls is, each of them under a hold', async () => {
    const asked: FunctionCall[] = [];
    const toolConfig = { functionCallingConfig: { mode: FunctionCallingConfigMode.ANY } };
    const config = { tools: [callable(asked)], toolConfig, automaticFunctionCalling: { maximumRemoteCalls: 3 } };
    const before = callers.calls(key).length;
    await ai.models.generateContent({ model, contents: QUESTION, config });
    const made = callers.calls(key).slice(before);
    expect(asked).toHaveLength(3);
    expect(new Set(made.map(({ receipt }) => receipt)).size).toBe(3);
  });
});

describe('structured output', () => {
  const json = { responseMimeType: 'application/json' };

  it('meets a schema in Google’s own words', async () => {
    const responseSchema = {
      type: Type.OBJECT,
      properties: { words: { type: Type.ARRAY, items: { type: Type.STRING }, minItems: '2' }, split: { type: Type.BOOLEAN } },
      required: ['words', 'split'],
      propertyOrdering: ['split', 'words'],
    };
    const { text } = await ai.models.generateContent({ model, contents: QUESTION, config: { ...json, responseSchema } });
    const said = JSON.parse(text ?? '') as { split: boolean; words: string[] };
    expect(Object.keys(said)).toEqual(['split', 'words']);
    expect(said.words.length).toBeGreaterThanOrEqual(2);
  });

  it('meets a JSON schema, which zod then reads, whole or streamed', async () => {
    const Verdict = z.object({ split: z.boolean(), notches: z.number(), words: z.array(z.string()) });
    const config = { ...json, responseJsonSchema: z.toJSONSchema(Verdict) };
    const { text } = await ai.models.generateContent({ model, contents: QUESTION, config });
    const verdict = Verdict.parse(JSON.parse(text ?? ''));
    const streamed = await readAll(await ai.models.generateContentStream({ model, contents: QUESTION, config }));
    expect(Verdict.parse(JSON.parse(streamed.text))).toEqual(verdict);
  });

  it('takes plain JSON mode', async () => {
    const { text } = await ai.models.generateContent({ model, contents: QUESTION, config: json });
    expect(JSON.parse(text ?? '')).toHaveProperty('sandbox', true);
  });
});

describe('media', () => {
  const ask = (...parts: Part[]) =>
    ai.models.generateContent({ model, contents: [{ role: 'user', parts: [{ text: QUESTION }, ...parts] }] });
  const prompt = ({ usageMetadata }: GenerateContentResponse) => usageMetadata?.promptTokenCount ?? 0;

  it('holds for an image what the facts name, whatever its bytes', async () => {
    const bare = await ask();
    const two = await ask(createPartFromBase64(PNG, 'image/png'), createPartFromBase64(PNG, 'image/jpeg'));
    expect(prompt(two) - prompt(bare)).toBe(512);
    expect(headersOf(two)['x-tally-proof']).toBe('bytes');
    const [held, bareHeld] = [two, bare].map((answer) => Number(headersOf(answer)['x-tally-held']));
    expect((held ?? 0) - (bareHeld ?? 0)).toBeGreaterThanOrEqual(512);
  });

  it('holds the window for a document, whose bytes tell nothing', async () => {
    const answer = await ask(createPartFromBase64(PDF, 'application/pdf'));
    expect(prompt(answer)).toBeGreaterThan(1_000);
    expect([headersOf(answer)['x-tally-proof'], headersOf(answer)['x-tally-held']]).toEqual(['window', '8192']);
  });

  it('refuses by name what the provider would have to fetch', async () => {
    const remote = createPartFromUri('https://example.com/a.png', 'image/png');
    const { status, code, field, requests } = await callers.raised(key, () => ask(remote));
    expect([status, code, requests]).toEqual([400, 'FIELD_NOT_ALLOWED', 1]);
    expect(field).toContain('fileData');
  });
});

describe('thoughts', () => {
  const thinker = 'sandbox-reasoning';

  it('are charged beside the answer, shown or not', async () => {
    for (const includeThoughts of [true, false]) {
      const config = { thinkingConfig: { includeThoughts } };
      const answer = await ai.models.generateContent({ model: thinker, contents: QUESTION, config });
      expect(partsOf(answer).some(({ thought }) => thought === true)).toBe(includeThoughts);
      const { promptTokenCount, candidatesTokenCount, thoughtsTokenCount } = answer.usageMetadata ?? {};
      expect(thoughtsTokenCount).toBeGreaterThan(0);
      expect(await lines()).toEqual({ input: promptTokenCount, output: candidatesTokenCount, reasoning: thoughtsTokenCount });
    }
    const none = await ai.models.generateContent({ model: thinker, contents: QUESTION, config: { thinkingConfig: { thinkingBudget: 0 } } });
    expect(none.usageMetadata?.thoughtsTokenCount).toBeUndefined();
  });

  it('stay inside the limit that is sent', async () => {
    const config = { maxOutputTokens: 10, thinkingConfig: { thinkingBudget: -1 } };
    const { usageMetadata } = await ai.models.generateContent({ model: thinker, contents: QUESTION, config });
    expect(usageMetadata?.thoughtsTokenCount).toBe(10);
    expect(await lines()).toEqual({ input: usageMetadata?.promptTokenCount, reasoning: 10 });
  });

  it('go back with their signatures, which no count of bytes bounds', async () => {
    const chat = ai.chats.create({ model: thinker, config: { thinkingConfig: { includeThoughts: true }, maxOutputTokens: 200 } });
    const first = await chat.sendMessage({ message: QUESTION });
    expect(headersOf(first)['x-tally-proof']).toBe('bytes');
    expect(partsOf(first).some(({ thoughtSignature }) => thoughtSignature !== undefined)).toBe(true);
    const second = await chat.sendMessage({ message: 'Why?' });
    expect(new TextDecoder().decode(callers.last(key).request)).toContain('"thoughtSignature":');
    expect([headersOf(second)['x-tally-proof'], headersOf(second)['x-tally-held']]).toEqual(['window', '131072']);
  });
});

describe('cached input', () => {
  it('is a part of the prompt and counted once', async () => {
    const { usageMetadata } = await ai.models.generateContent({ model: 'sandbox-cached', contents: QUESTION });
    const { promptTokenCount = 0, cachedContentTokenCount = 0, candidatesTokenCount } = usageMetadata ?? {};
    expect(cachedContentTokenCount).toBeGreaterThan(0);
    expect(await lines()).toEqual({
      input: promptTokenCount - cachedContentTokenCount,
      cached_input: cachedContentTokenCount,
      output: candidatesTokenCount,
    });
  });

  it('that is stored at the provider is refused by name', async () => {
    const config = { cachedContent: 'cachedContents/abc' };
    const { code, field } = await callers.raised(key, () => ai.models.generateContent({ model, contents: QUESTION, config }));
    expect([code, field]).toEqual(['FIELD_NOT_ALLOWED', 'cachedContent']);
  });
});

describe('embeddings', () => {
  it.each([
    ['one', 'a text', 1],
    ['many', ['a text', 'another', 'and a third'], 3],
  ])('are metered at what is reported: %s', async (_, contents, count) => {
    const answer = await ai.models.embedContent({ model: 'sandbox-embed', contents, config: { outputDimensionality: 16 } });
    expect(answer.embeddings?.map(({ values }) => values?.length)).toEqual(Array(count).fill(16));
    expect(await lines()).toEqual({ input: answer.usageMetadata?.promptTokenCount });
    expect(headersOf(answer)['x-tally-proof']).toBe('bytes');
  });

  it('of the same texts are the same', async () => {
    const config = { outputDimensionality: 16, taskType: 'RETRIEVAL_QUERY' };
    const many = await ai.models.embedContent({ model: 'sandbox-embed', contents: ['a text', 'another'], config });
    const one = await ai.models.embedContent({ model: 'sandbox-embed', contents: 'another', config });
    expect(one.embeddings?.[0]?.values).toEqual(many.embeddings?.[1]?.values);
  });
});

describe('counting', () => {
  it('tells what a call will be charged, costs nothing, and has a receipt', async () => {
    await noOpenHolds(daemon);
    const before = await showSource(daemon, source);
    const { totalTokens } = await ai.models.countTokens({ model, contents: QUESTION });
    const { receipt, detail } = await verifiedReceipt(daemon, String(callers.last(key).receipt));
    expect([receipt.charged, detail['endpoint']]).toEqual([0n, 'count']);
    await noOpenHolds(daemon);
    expect((await showSource(daemon, source)).spent).toBe(before.spent);
    const { usageMetadata } = await ai.models.generateContent({ model, contents: QUESTION });
    expect(totalTokens).toBe(usageMetadata?.promptTokenCount);
  });
});

describe('models', () => {
  it.each([undefined, 'v1beta'])('are listed and got (version: %s)', async (apiVersion) => {
    const { models } = callers.client(key, apiVersion === undefined ? {} : { apiVersion });
    const names: (string | undefined)[] = [];
    for await (const { name } of await models.list({ config: { pageSize: 2 } })) names.push(name);
    expect(names[0]).toBe('models/sandbox-small');
    expect(names).toContain('models/sandbox-embed');
    expect(new Set(names).size).toBe(names.length);
    const one = await models.get({ model });
    expect([one.name, one.inputTokenLimit, one.outputTokenLimit]).toEqual([`models/${model}`, 8_192, 2_048]);
    expect(one.supportedActions).toContain('generateContent');
  });
});

describe('after all of it', () => {
  it('every receipt verifies, the books agree, and both sides counted the same', async () => {
    await noOpenHolds(daemon);
    const calls = callers.calls(key).filter(({ receipt }) => receipt !== null);
    const charged = await verifyAll(daemon, calls);
    const usage = await sandbox.usage(SECRET);
    expect(Number((await showSource(daemon, source)).spent)).toBe(usage.total_tokens);
    expect(Number(charged)).toBe(usage.total_tokens);
    expect(calls.filter(({ path }) => !path.endsWith(':countTokens'))).toHaveLength(usage.requests);
    await expectSoundBooks(daemon);
  });
});
