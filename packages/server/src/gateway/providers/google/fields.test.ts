import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GoogleGenAI } from '@google/genai';
import { TallyError } from '@tallystick/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ObjectNode } from '../../body/schema.ts';
import { splice } from '../../body/splice.ts';
import { walkBody } from '../../body/walk.ts';
import { COUNT_FIELDS } from './count-fields.ts';
import { BATCH_EMBED_FIELDS, EMBED_FIELDS } from './embed-fields.ts';
import { GENERATE_FIELDS } from './generate-fields.ts';

const PNG = 'iVBORw0KGgo=';
const contents = [{ role: 'user', parts: [{ text: 'Hello' }] }];

function walk(schema: ObjectNode, body: unknown) {
  return walkBody(Buffer.from(JSON.stringify(body)), schema);
}

function refusal(schema: ObjectNode, body: unknown): string {
  try {
    walk(schema, body);
    return 'taken';
  } catch (error) {
    return error instanceof TallyError ? `${error.code} ${error.facts['field']}` : `other: ${error}`;
  }
}

const withMore = (more: Readonly<Record<string, unknown>>) => ({ contents, ...more });
const withPart = (part: unknown) => ({ contents: [{ role: 'user', parts: [part] }] });
const withConfig = (generationConfig: unknown) => withMore({ generationConfig });
const counts = (schema: ObjectNode, body: unknown) => Object.fromEntries(walk(schema, body).counts);

describe('refused under a cap', () => {
  it.each([
    ['cachedContent', 'cachedContents/1'],
    ['cached_content', 'cachedContents/1'],
    ['continuationToken', 'x'],
    ['serviceTier', 'flex'],
    ['service_tier', 'priority'],
    ['generation_config', { maxOutputTokens: 5 }],
    ['generation_config', null],
    ['model', 'models/other'],
    ['model', null],
    ['frobnicate', 1],
  ])('%s', (field, value) => {
    expect(refusal(GENERATE_FIELDS, withMore({ [field]: value }))).toBe(`FIELD_NOT_ALLOWED ${field}`);
  });

  it.each([
    ['max_output_tokens', 5],
    ['max_output_tokens', null],
    ['candidate_count', 2],
    ['speechConfig', {}],
    ['speech_config', {}],
    ['imageConfig', {}],
    ['audioTranscriptionConfig', {}],
    ['translationConfig', {}],
    ['modelSelectionConfig', {}],
    ['routingConfig', {}],
    ['enableEnhancedCivicAnswers', true],
    ['mediaResolution', 'MEDIA_RESOLUTION_HIGHEST'],
  ])('generationConfig.%s', (field, value) => {
    expect(refusal(GENERATE_FIELDS, withConfig({ [field]: value }))).toBe(`FIELD_NOT_ALLOWED generationConfig.${field}`);
  });

  it('says which spelling to use', () => {
    expect(() => walk(GENERATE_FIELDS, withConfig({ max_output_tokens: 5 }))).toThrow('write it as `maxOutputTokens`');
    expect(() => walk(GENERATE_FIELDS, withMore({ generation_config: {} }))).toThrow('write it as `generationConfig`');
  });

  it.each(['IMAGE', 'AUDIO', 'text'])('the modality %s', (modality) => {
    const body = withConfig({ responseModalities: ['TEXT', modality] });
    expect(refusal(GENERATE_FIELDS, body)).toBe('FIELD_NOT_ALLOWED generationConfig.responseModalities[1]');
  });

  it.each([
    'googleSearch',
    'google_search',
    'googleSearchRetrieval',
    'codeExecution',
    'code_execution',
    'urlContext',
    'googleMaps',
    'computerUse',
    'fileSearch',
    'mcpServers',
    'enterpriseWebSearch',
    'retrieval',
  ])('the tool %s', (name) => {
    expect(refusal(GENERATE_FIELDS, withMore({ tools: [{ [name]: {} }] }))).toBe(`FIELD_NOT_ALLOWED tools[0].${name}`);
  });

  it.each(['retrievalConfig', 'includeServerSideToolInvocations'])('toolConfig.%s', (name) => {
    expect(refusal(GENERATE_FIELDS, withMore({ toolConfig: { [name]: {} } }))).toBe(`FIELD_NOT_ALLOWED toolConfig.${name}`);
  });

  it.each([
    [{ fileData: { fileUri: 'u' } }, 'fileData'],
    [{ file_data: { file_uri: 'u' } }, 'file_data'],
    [{ executableCode: {} }, 'executableCode'],
    [{ codeExecutionResult: {} }, 'codeExecutionResult'],
    [{ toolCall: {} }, 'toolCall'],
    [{ toolResponse: {} }, 'toolResponse'],
    [{ mediaProcessing: 'AGENTIC' }, 'mediaProcessing'],
    [{ mediaResolution: { numTokens: 9 } }, 'mediaResolution.numTokens'],
    [{ mediaResolution: { level: 'MEDIA_RESOLUTION_HIGHEST' } }, 'mediaResolution.level'],
    [{ inlineData: { mimeType: 'model/obj', data: PNG } }, 'inlineData.mimeType'],
    [{ functionResponse: { name: 'f', parts: [{ fileData: {} }] } }, 'functionResponse.parts[0].fileData'],
  ])('the part %j', (part, field) => {
    expect(refusal(GENERATE_FIELDS, withPart(part))).toBe(`FIELD_NOT_ALLOWED contents[0].parts[0].${field}`);
  });

  it.each([
    [withPart({ inlineData: { data: PNG } }), 'contents[0].parts[0].inlineData'],
    [withPart({ inlineData: { mimeType: 'image/png', mime_type: 'video/mp4', data: PNG } }), 'contents[0].parts[0].inlineData.mime_type'],
    [withPart({ inlineData: null }), 'contents[0].parts[0].inlineData'],
    [withPart({ inlineData: { mimeType: 'image/png', data: PNG }, inline_data: {} }), 'contents[0].parts[0].inline_data'],
    [withMore({ systemInstruction: contents[0], system_instruction: contents[0] }), 'system_instruction'],
    [withConfig({ topP: 1, top_p: 0.5 }), 'generationConfig.top_p'],
    [withConfig({ maxOutputTokens: 0 }), 'generationConfig.maxOutputTokens'],
    [{}, 'contents'],
  ])('what is ambiguous or missing: %j', (body, field) => {
    expect(refusal(GENERATE_FIELDS, body)).toMatch(/^FIELD_INVALID/);
    expect(refusal(GENERATE_FIELDS, body)).toContain(field);
  });
});

describe('counts and captures', () => {
  it.each([
    [withMore({}), { messages: 2 }],
    [{ contents: { parts: { text: 'a' } } }, { messages: 2 }],
    [withMore({ system_instruction: { parts: { text: 'a' } } }), { messages: 4 }],
    [withPart({ inlineData: { mimeType: 'image/png', data: PNG } }), { messages: 2, images: 1 }],
    [withPart({ inline_data: { mime_type: 'application/pdf', data: PNG } }), { messages: 2, opaque: 1 }],
    [withPart({ inlineData: { mimeType: 'text/plain', data: PNG } }), { messages: 2, opaque: 1 }],
    [withPart({ text: 'a', thoughtSignature: 's' }), { messages: 2, opaque: 1 }],
    [
      withPart({ functionResponse: { name: 'f', parts: [{ inlineData: { mimeType: 'image/webp', data: PNG } }] } }),
      { messages: 3, images: 1 },
    ],
    [
      withMore({ tools: [{ functionDeclarations: [{ name: 'a' }, { name: 'b' }] }, { function_declarations: [{ name: 'c' }] }] }),
      { messages: 2, tools: 3 },
    ],
    [withConfig({ responseSchema: {}, response_mime_type: 'application/json' }), { messages: 2, tools: 1 }],
  ])('%j → %j', (body, expected) => {
    expect(counts(GENERATE_FIELDS, body)).toEqual(expected);
  });

  it('lets the output limit be written into generationConfig', () => {
    const body = Buffer.from(JSON.stringify(withConfig({ temperature: 0.5, maxOutputTokens: 900, candidateCount: 2 })));
    const walked = walkBody(body, GENERATE_FIELDS);
    expect(Object.fromEntries(walked.captured)).toEqual({ maxOutputTokens: 900, n: 2 });
    const edited = splice(body, walked, [{ path: ['generationConfig', 'maxOutputTokens'], json: '7' }]);
    expect(JSON.parse(Buffer.from(edited).toString())).toEqual(withConfig({ temperature: 0.5, maxOutputTokens: 7, candidateCount: 2 }));
  });

  it('sets the bytes of data apart', () => {
    const json = JSON.stringify(withPart({ inline_data: { data: PNG, mime_type: 'image/png' } }));
    const { media } = walkBody(Buffer.from(json), GENERATE_FIELDS);
    expect(media.map(({ start, end }) => json.slice(start, end))).toEqual([`"${PNG}"`]);
  });
});

/** All names in snake_case, as some callers write them. */
function snaked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snaked);
  if (typeof value !== 'object' || value === null) return value;
  const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [snake(name), snaked(each)]));
}

it('takes both spellings alike', () => {
  const part = {
    inlineData: { mimeType: 'image/png', data: PNG, displayName: 'a' },
    mediaResolution: { level: 'MEDIA_RESOLUTION_ULTRA_HIGH' },
    videoMetadata: { startOffset: '1s', endOffset: '2s', fps: 1 },
    thoughtSignature: 's',
  };
  const call = { functionCall: { name: 'f', args: {}, id: 'c' } };
  const body = {
    contents: [{ parts: [part, call, { functionResponse: { name: 'f', response: {}, willContinue: false } }] }],
    systemInstruction: { parts: [{ text: 'a' }] },
    tools: [{ functionDeclarations: [{ name: 'f', parametersJsonSchema: {}, responseJsonSchema: {} }] }],
    toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['f'] } },
    safetySettings: [{ category: 'C', threshold: 'T' }],
    serviceTier: 'standard',
  };
  expect(snaked(body)).not.toEqual(body);
  expect(counts(GENERATE_FIELDS, body)).toEqual({ messages: 6, images: 1, opaque: 1, tools: 1, rendered: 4 });
  expect(counts(GENERATE_FIELDS, snaked(body))).toEqual(counts(GENERATE_FIELDS, body));
});

describe('counting and embedding', () => {
  const content = { parts: [{ text: 'a' }] };
  const request = (model: string) => ({ model, content });

  it('counts contents alone or a whole request, never both', () => {
    const whole = { model: 'models/m', ...withConfig({ maxOutputTokens: 5 }) };
    expect(refusal(COUNT_FIELDS, { contents })).toBe('taken');
    expect(walk(COUNT_FIELDS, { generateContentRequest: whole }).captured.get('model')).toBe('models/m');
    expect(refusal(COUNT_FIELDS, { contents, generateContentRequest: whole })).toBe('FIELD_INVALID generateContentRequest');
    expect(refusal(COUNT_FIELDS, {})).toBe('FIELD_INVALID body');
    expect(refusal(COUNT_FIELDS, { generateContentRequest: { ...whole, cachedContent: 'c' } })).toContain('FIELD_NOT_ALLOWED');
  });

  it('counts each part as an input', () => {
    expect(counts(EMBED_FIELDS, { content })).toEqual({ inputs: 1 });
    expect(counts(EMBED_FIELDS, { content: { parts: { text: 'a' } }, taskType: 'RETRIEVAL_QUERY' })).toEqual({ inputs: 1 });
    const body = { requests: [request('models/m'), { ...request('models/m'), content: { parts: [{ text: 'a' }, { text: 'b' }] } }] };
    expect(counts(BATCH_EMBED_FIELDS, body)).toEqual({ inputs: 3 });
  });

  it('takes one model for a whole batch', () => {
    expect(walk(BATCH_EMBED_FIELDS, { requests: [request('models/m'), request('models/m')] }).captured.get('model')).toBe('models/m');
    expect(refusal(BATCH_EMBED_FIELDS, { requests: [request('models/m'), request('models/n')] })).toBe('FIELD_INVALID requests[1].model');
    expect(refusal(BATCH_EMBED_FIELDS, { requests: [{ content }] })).toBe('FIELD_INVALID requests[0].model');
    expect(refusal(BATCH_EMBED_FIELDS, { requests: [] })).toBe('FIELD_INVALID requests');
  });

  it('embeds text only', () => {
    const part = { inlineData: { mimeType: 'image/png', data: PNG } };
    expect(refusal(EMBED_FIELDS, { content: { parts: [part] } })).toBe('FIELD_NOT_ALLOWED content.parts[0].inlineData');
  });
});

describe('what the official SDK sends', () => {
  const sent: { path: string; body: unknown }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      sent.push({ path: request.url ?? '', body: JSON.parse(Buffer.concat(chunks).toString()) });
      const answer = {
        candidates: [{ content: { role: 'model', parts: [{ text: 'a' }] } }],
        totalTokens: 1,
        embeddings: [{ values: [1] }],
      };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(answer));
    });
  });
  let client: GoogleGenAI;
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    client = new GoogleGenAI({ apiKey: 'none', vertexai: false, httpOptions: { baseUrl: `http://127.0.0.1:${port}` } });
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  it('passes: a tool loop with thoughts, images and a schema', async () => {
    await client.models.generateContent({
      model: 'm',
      contents: [
        { role: 'user', parts: [{ text: 'What is it?' }, { inlineData: { mimeType: 'image/jpeg', data: PNG } }] },
        {
          role: 'model',
          parts: [
            { thought: true, text: 'hm' },
            { thoughtSignature: 's', functionCall: { name: 'look', args: { at: 1 }, id: 'c' } },
          ],
        },
        { role: 'user', parts: [{ functionResponse: { name: 'look', id: 'c', response: { output: 'a cat' } } }] },
      ],
      config: {
        systemInstruction: 'Be brief.',
        temperature: 0.5,
        topP: 0.9,
        topK: 40,
        candidateCount: 1,
        maxOutputTokens: 500,
        stopSequences: ['END'],
        seed: 7,
        responseMimeType: 'application/json',
        responseJsonSchema: { type: 'object' },
        responseModalities: ['TEXT'],
        thinkingConfig: { includeThoughts: true, thinkingBudget: -1 },
        safetySettings: [{ category: 'HARM_CATEGORY_HARASSMENT' as never, threshold: 'BLOCK_NONE' as never }],
        tools: [{ functionDeclarations: [{ name: 'look', description: 'Look', parametersJsonSchema: { type: 'object' } }] }],
        toolConfig: { functionCallingConfig: { mode: 'ANY' as never, allowedFunctionNames: ['look'] } },
      },
    });
    expect(sent.at(-1)?.path).toContain('/models/m:generateContent');
    expect(refusal(GENERATE_FIELDS, sent.at(-1)?.body)).toBe('taken');
  });

  it('passes: a count and a batch of embeddings', async () => {
    await client.models.countTokens({ model: 'm', contents: 'Hello' });
    expect(refusal(COUNT_FIELDS, sent.at(-1)?.body)).toBe('taken');
    await client.models.embedContent({
      model: 'm',
      contents: ['a', 'b'],
      config: { taskType: 'RETRIEVAL_QUERY', outputDimensionality: 64 },
    });
    expect(sent.at(-1)?.path).toContain(':batchEmbedContents');
    expect(refusal(BATCH_EMBED_FIELDS, sent.at(-1)?.body)).toBe('taken');
  });
});
