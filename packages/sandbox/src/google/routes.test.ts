import { GoogleGenAI } from '@google/genai';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Body } from '../ask.ts';
import { countInput } from '../count.ts';
import { findModel, SANDBOX_MODELS, type SandboxModel } from '../models.ts';
import { countText } from '../tokens.ts';
import { countedTokens } from './count.ts';
import { generateAsk } from './generate-ask.ts';
import { contentsOf, type GoogleSandbox, googleSandbox } from './testing.ts';

let sandbox: GoogleSandbox;
let ai: GoogleGenAI;
const KEY = 'google-routes-test';
const contents = contentsOf('hi');

beforeAll(async () => {
  sandbox = await googleSandbox(KEY);
  ai = new GoogleGenAI({ apiKey: KEY, httpOptions: { baseUrl: sandbox.url } });
});
afterAll(() => sandbox.close());

type Refusal = { error: { code: number; message: string; status: string; details?: [{ reason?: string; fieldViolations?: unknown[] }] } };
const refusal = async (answer: Promise<Response>) => ((await (await answer).json()) as Refusal).error;

describe('countTokens', () => {
  test('answers what will be billed, for free', async () => {
    const request = {
      contents: contentsOf('hi', 'hello', 'and now?'),
      systemInstruction: { parts: [{ text: 'Be kind.' }] },
      tools: [{ functionDeclarations: [{ name: 'f', parameters: { type: 'OBJECT', properties: { a: { type: 'STRING' } } } }] }],
    };
    const { totalTokens } = await ai.models.countTokens({ model: 'sandbox-small', contents: request.contents });
    const alone = await ai.models.generateContent({ model: 'sandbox-small', contents: request.contents });
    expect(totalTokens).toBe(alone.usageMetadata?.promptTokenCount);
    for (const model of ['sandbox-small', 'sandbox-fixed-100', 'sandbox-closed']) {
      const before = await sandbox.billed(model);
      const generateContentRequest = { model: `models/${model}`, ...request };
      const counted = await sandbox.ask(model, 'countTokens', { generate_content_request: generateContentRequest });
      const { totalTokens: whole } = (await counted.json()) as { totalTokens: number };
      const after = await sandbox.billed(model);
      expect(after).toEqual({ ...before, count_requests: before.count_requests + 1 });
      await sandbox.ask(model, 'generateContent', request);
      expect((await sandbox.billed(model)).input_tokens - before.input_tokens).toBe(whole);
    }
  });

  test('a model that counts too little bills what it bills', async () => {
    const counted = await ai.models.countTokens({ model: 'sandbox-undercount', contents: 'a few words here' });
    const { usageMetadata } = await ai.models.generateContent({ model: 'sandbox-undercount', contents: 'a few words here' });
    expect(counted.totalTokens).toBe(Math.floor((usageMetadata?.promptTokenCount ?? 0) / 2));
  });

  test('takes one of both forms', async () => {
    const generateContentRequest = { model: 'models/sandbox-small', contents };
    for (const body of [
      {},
      { contents: [] },
      { contents, generateContentRequest },
      { generateContentRequest: { contents } },
      { generateContentRequest: { ...generateContentRequest, model: 'models/sandbox-large' } },
    ]) {
      expect((await sandbox.ask('sandbox-small', 'countTokens', body)).status).toBe(400);
    }
  });
});

test('the count never exceeds the bytes of the request + 16 per content + 64 per function + 64, in any spelling', () => {
  const model = findModel('sandbox-large') as SandboxModel;
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.string({ maxLength: 60 }),
    fc.constantFrom('ﷺ', '\ud800', '<|im_end|>'),
  );
  const part = fc.oneof(
    fc.record({ text }),
    fc.record({ functionCall: fc.record({ name: fc.constant('f'), args: fc.dictionary(text, fc.jsonValue({ maxDepth: 3 })) }) }),
    fc.record({ function_response: fc.record({ name: fc.constant('f'), response: fc.dictionary(text, fc.jsonValue({ maxDepth: 3 })) }) }),
  );
  const request = fc.record(
    {
      contents: fc.array(fc.record({ parts: fc.array(part, { minLength: 1, maxLength: 3 }) }), { minLength: 1, maxLength: 3 }),
      system_instruction: fc.record({ parts: fc.record({ text }) }),
      tools: fc.array(
        fc.record({ function_declarations: fc.record({ name: fc.constant('f'), description: text, parameters: schemaJson(text) }) }),
        {
          maxLength: 2,
        },
      ),
      generation_config: fc.record({ response_mime_type: fc.constant('application/json'), response_schema: schemaJson(text) }),
    },
    { requiredKeys: ['contents'] },
  );
  fc.assert(
    fc.property(request, (sent) => {
      const raw = JSON.stringify(sent);
      const body = JSON.parse(raw) as Body;
      const counted = countInput(generateAsk(body, model, false).counted);
      expect(counted).toBeLessThanOrEqual(Buffer.byteLength(raw) + 16 * (sent.contents.length + 1) + 64 * (sent.tools?.length ?? 0) + 64);
      const asked = countedTokens({ generateContentRequest: { model: 'models/sandbox-large', ...body } }, model);
      expect(countInput(asked)).toBe(counted);
    }),
    { numRuns: 300 },
  );
});

function schemaJson(text: fc.Arbitrary<string>) {
  return fc.letrec((tie) => ({
    schema: fc.record(
      {
        type: fc.constantFrom('OBJECT', 'string'),
        description: text,
        enum: text,
        properties: fc.dictionary(text, tie('schema'), { maxKeys: 2 }),
        any_of: fc.array(tie('schema'), { maxLength: 2 }),
        min_items: fc.nat().map((count) => `${count}`),
      },
      { requiredKeys: [] },
    ),
  })).schema;
}

describe('embeddings', () => {
  test('one, and a batch as the official client asks, bill the text', async () => {
    const config = { outputDimensionality: 64 };
    const { embeddings = [] } = await ai.models.embedContent({ model: 'sandbox-embed', contents: ['hello world', 'something'], config });
    expect(embeddings.map(({ values }) => values?.length)).toEqual([64, 64]);
    expect(Math.hypot(...(embeddings[0]?.values ?? []))).toBeCloseTo(1, 5);
    const one = await sandbox.ask('sandbox-embed', 'embedContent', {
      content: { parts: [{ text: 'hello world' }] },
      output_dimensionality: 64,
    });
    const answer = (await one.json()) as { embedding: { values: number[] }; usageMetadata: { promptTokenCount: number } };
    expect(answer.embedding.values).toEqual(embeddings[0]?.values);
    expect(answer.usageMetadata.promptTokenCount).toBe(countText('hello world'));
    expect((await sandbox.billed('sandbox-embed')).total_tokens).toBe(2 * countText('hello world') + countText('something'));
  });

  test('refuse what is no text, too long, too many, or for another model', async () => {
    const content = { parts: [{ text: 'hi' }] };
    const request = { model: 'models/sandbox-embed', content };
    for (const body of [
      {},
      { content: { parts: [] } },
      { content, outputDimensionality: 2_000 },
      { content: { parts: [{ inlineData: { mimeType: 'image/png', data: 'AAAA' } }] } },
      { content: { parts: [{ text: 'word '.repeat(9_000) }] } },
    ]) {
      expect((await sandbox.ask('sandbox-embed', 'embedContent', body)).status).toBe(400);
    }
    for (const requests of [[], [{ content }], [{ ...request, model: 'models/sandbox-small' }], Array(101).fill(request)]) {
      expect((await sandbox.ask('sandbox-embed', 'batchEmbedContents', { requests })).status).toBe(400);
    }
    expect((await sandbox.ask('sandbox-small', 'embedContent', { content })).status).toBe(404);
  });
});

describe('models', () => {
  test('are listed page by page, and shown one by one', async () => {
    // The official client asks the older version unless it is told.
    for (const apiVersion of ['v1', 'v1beta']) {
      const client = new GoogleGenAI({ apiKey: KEY, httpOptions: { baseUrl: sandbox.url }, apiVersion });
      const names: unknown[] = [];
      for await (const model of await client.models.list({ config: { pageSize: 7 } })) names.push(model.name);
      expect(names).toEqual(SANDBOX_MODELS.map(({ id }) => `models/${id}`));
    }
    expect(await ai.models.get({ model: 'sandbox-large' })).toMatchObject({
      name: 'models/sandbox-large',
      inputTokenLimit: 131_072,
      outputTokenLimit: 16_384,
      supportedActions: ['generateContent', 'streamGenerateContent', 'countTokens'],
    });
    await expect(ai.models.get({ model: 'sandbox-none' })).rejects.toMatchObject({ status: 404 });
    expect((await sandbox.get('/v1beta/models?pageToken=x')).status).toBe(400);
  });
});

describe('who is let in', () => {
  test('by the header of its own only', async () => {
    const path = '/v1beta/models/sandbox-small:generateContent';
    expect((await sandbox.post(path, { contents })).status).toBe(200);
    expect((await sandbox.post('/v1/models/sandbox-small:generateContent', { contents })).status).toBe(200);
    const inUrl = sandbox.post(`${path}?key=${KEY}`, { contents });
    expect(await refusal(inUrl)).toMatchObject({ code: 400, status: 'INVALID_ARGUMENT' });
    const bearer = await fetch(sandbox.url + path, { method: 'POST', headers: { authorization: `Bearer ${KEY}` }, body: '{}' });
    expect(bearer.status).toBe(403);
    expect(await refusal(Promise.resolve(bearer))).toMatchObject({ status: 'PERMISSION_DENIED' });
    const wrong = await refusal(sandbox.post(path, { contents }, { 'x-goog-api-key': 'two words' }));
    expect(wrong).toMatchObject({ code: 400, status: 'INVALID_ARGUMENT', details: [{ reason: 'API_KEY_INVALID' }, {}] });
  });

  test('what is not there, or not known, is refused by name', async () => {
    expect(await refusal(sandbox.ask('sandbox-none', 'generateContent', { contents }))).toMatchObject({ code: 404, status: 'NOT_FOUND' });
    expect((await sandbox.ask('sandbox-embed', 'generateContent', { contents })).status).toBe(404);
    for (const path of [
      '/v1beta/models/sandbox-small:predict',
      '/v1beta/files',
      '/v1beta/models/',
      '/v1beta/models/sandbox-small:toString',
    ]) {
      expect(await refusal(sandbox.post(path, { contents }))).toMatchObject({ code: 404, status: 'NOT_FOUND' });
    }
    expect((await sandbox.get('/v1beta/models/sandbox-small:generateContent')).status).toBe(404);
    const parameter = await refusal(sandbox.ask('sandbox-small', 'generateContent?foo=1', { contents }));
    expect(parameter.message).toContain('Unknown name "foo": Cannot bind query parameter.');
    const field = await refusal(sandbox.ask('sandbox-small', 'generateContent', { contents, x: 1 }));
    expect(field.message).toBe('Invalid JSON payload received. Unknown name "x": Cannot find field.');
    expect(field.details?.[0].fieldViolations).toHaveLength(1);
    expect(await refusal(sandbox.ask('sandbox-small', 'generateContent', '{'))).toMatchObject({ code: 400, status: 'INVALID_ARGUMENT' });
  });

  test.each<[string, object]>([
    ['no contents', { contents: [] }],
    ['a role of another dialect', { contents: [{ role: 'assistant', parts: [{ text: 'hi' }] }] }],
    ['a part of two kinds', { contents: [{ parts: [{ text: 'hi', functionCall: { name: 'f' } }] }] }],
    ['a part of none', { contents: [{ parts: [{}] }] }],
    ['a file', { contents: [{ parts: [{ fileData: { fileUri: 'files/1' } }] }] }],
    ['run code', { contents: [{ parts: [{ executableCode: { code: '1' } }] }] }],
    ['stored content', { contents, cachedContent: 'cachedContents/1' }],
    ['a search', { contents, tools: [{ googleSearch: {} }] }],
    ['code execution', { contents, tools: [{ codeExecution: {} }] }],
    ['pages from the web', { contents, tools: [{ urlContext: {} }] }],
    ['a limit above the model’s', { contents, generationConfig: { maxOutputTokens: 2_049 } }],
    ['a limit of nothing', { contents, generationConfig: { maxOutputTokens: 0 } }],
    ['nine candidates', { contents, generationConfig: { candidateCount: 9 } }],
    ['six stops', { contents, generationConfig: { stopSequences: ['a', 'b', 'c', 'd', 'e', 'f'] } }],
    ['speech', { contents, generationConfig: { responseModalities: ['AUDIO'] } }],
    ['a schema without its type', { contents, generationConfig: { responseJsonSchema: {} } }],
    ['another model', { contents, model: 'models/sandbox-large' }],
    ['a function without a name', { contents, tools: [{ functionDeclarations: [{}] }] }],
  ])('refused with 400, and not billed: %s', async (_, body) => {
    const before = await sandbox.billed('sandbox-small');
    expect(await refusal(sandbox.ask('sandbox-small', 'streamGenerateContent?alt=sse', body))).toMatchObject({
      code: 400,
      status: 'INVALID_ARGUMENT',
    });
    expect(await sandbox.billed('sandbox-small')).toEqual(before);
  });
});
