import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ApiError } from '../errors.ts';
import { GENERATE_REQUEST, GENERATION_CONFIG } from './messages.ts';
import { type Message, readMessage } from './proto.ts';

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function violations(value: unknown, message: Message): string[] {
  try {
    readMessage(value, message);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const [detail] = error.details as [{ fieldViolations: { description: string }[] }];
    return detail.fieldViolations.map(({ description }) => description);
  }
  return [];
}

describe('proto JSON', () => {
  test('every field has two spellings, and reads the same in either', () => {
    const names = Object.keys(GENERATION_CONFIG.fields).filter((name) => GENERATION_CONFIG.fields[name as 'topP'] === ('float' as string));
    const config = fc.dictionary(
      fc.constantFrom(...names, 'maxOutputTokens', 'candidateCount', 'topK'),
      fc.integer({ min: 1, max: 1_000 }),
    );
    fc.assert(
      fc.property(config, fc.infiniteStream(fc.boolean()), (wanted, coin) => {
        const sent = Object.entries(wanted).map(([name, value]) => {
          const [spelt, written] = [coin.next().value, coin.next().value];
          return [spelt ? snake(name) : name, written ? `${value}` : value];
        });
        expect(readMessage(Object.fromEntries(sent), GENERATION_CONFIG)).toEqual(wanted);
      }),
    );
  });

  test('null is absent, one value is a list of one, enum names have no case', () => {
    const read = readMessage(
      {
        contents: { parts: { text: 'hi' } },
        generationConfig: { maxOutputTokens: null, responseSchema: { type: 'object', properties: { a: { type: 'String' } } } },
      },
      GENERATE_REQUEST,
    );
    expect(read).toEqual({
      contents: [{ parts: [{ text: 'hi' }] }],
      generationConfig: { responseSchema: { type: 'OBJECT', properties: { a: { type: 'STRING' } } } },
    });
  });

  test('names every fault at once, where it is', () => {
    const found = violations(
      {
        stream: true,
        contents: [{ role: 5, parts: [{ text: 'hi', x: 1 }, 'hi'] }],
        tools: [{ functionDeclarations: [{ name: 'f', parameters: { properties: { a: {}, b: { additionalProperties: false } } } }] }],
        toolConfig: { functionCallingConfig: { mode: 'SOME' } },
        generationConfig: { temperature: [1], maxOutputTokens: 1.5, max_output_tokens: 2, topK: 2 ** 31 },
      },
      GENERATE_REQUEST,
    );
    const type = 'type.googleapis.com/google.ai.generativelanguage.v1beta';
    expect(found).toEqual([
      'Invalid JSON payload received. Unknown name "stream": Cannot find field.',
      "Invalid value at 'contents[0].role' (TYPE_STRING), 5",
      `Invalid JSON payload received. Unknown name "x" at 'contents[0].parts[0]': Cannot find field.`,
      `Invalid value at 'contents[0].parts[1]' (${type}.Part), "hi"`,
      `Invalid JSON payload received. Unknown name "additionalProperties" at 'tools[0].function_declarations[0].parameters.properties[1].value': Cannot find field.`,
      `Invalid value at 'tool_config.function_calling_config.mode' (${type}.FunctionCallingConfig.Mode), "SOME"`,
      `Invalid JSON payload received. Unknown name "temperature" at 'generation_config': Proto field is not repeating, cannot start list.`,
      `Invalid value at 'generation_config.max_output_tokens' (TYPE_INT32), 1.5`,
      `Invalid JSON payload received. Unknown name "max_output_tokens" at 'generation_config': The field is given twice.`,
      `Invalid value at 'generation_config.top_k' (TYPE_INT32), 2147483648`,
    ]);
  });

  test('no JSON breaks the reader: it reads or refuses', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom('contents', 'tools', 'generationConfig', '__proto__', 'constructor'), (value, name) => {
        const body = JSON.parse(`{${JSON.stringify(name)}:${JSON.stringify(value)}}`);
        expect(violations(body, GENERATE_REQUEST).every((each) => each.startsWith('Invalid '))).toBe(true);
      }),
      { numRuns: 300 },
    );
    expect(
      violations({ contents: [{ parts: [{ inlineData: { mimeType: 'image/png', data: 'not base64!' } }] }] }, GENERATE_REQUEST),
    ).toEqual([`Invalid value at 'contents[0].parts[0].inline_data.data' (TYPE_BYTES), "not base64!"`]);
  });
});
