import fc from 'fast-check';
import { countTokens, encode } from 'gpt-tokenizer/encoding/o200k_base';
import { describe, expect, test } from 'vitest';
import { messagesAsk } from './anthropic/messages-ask.ts';
import { countInput, countJson, inputTokens } from './count.ts';
import { findModel, type SandboxModel } from './models.ts';
import { chatAsk } from './openai/chat-ask.ts';
import { responsesAsk } from './openai/responses-ask.ts';
import { naturalReply, randomOf, replyOfLength } from './reply.ts';
import { countText, toPieces } from './tokens.ts';

const model = findModel('sandbox-large') as SandboxModel;
const bytes = (text: string) => Buffer.byteLength(text);
const join = (pieces: readonly { text: string }[]) => pieces.map((piece) => piece.text).join('');

describe('countInput', () => {
  test('follows its rule', () => {
    expect(countInput({ messages: [{ role: 'user', texts: ['hello world'] }], tools: [] })).toBe(3 + 3 + 1 + 2);
    const schema = { type: 'object', required: ['a'] };
    // object 1, 'type' 1+1, 'object' 1+1, 'required' 1+1, array 1, 'a' 1+1
    expect(countJson(schema)).toBe(10);
    expect(countInput({ messages: [], tools: [schema, schema], schema })).toBe(3 + 2 * 18 + 10);
  });

  test('images, documents and JSON values are a part of their message', () => {
    const message = { role: 'user', texts: [], values: [{ a: 1 }], images: 2, documents: 1 };
    expect(countInput({ messages: [message], tools: [] })).toBe(3 + 3 + 1 + 4 + 2 * 256 + 1_000);
    expect(countInput({ messages: [message], tools: [] }, 1_000)).toBe(Number.POSITIVE_INFINITY);
  });

  test('a closed tokenizer triples what is written, and stops at its limit', () => {
    const closed = findModel('sandbox-closed') as SandboxModel;
    const request = { messages: [{ role: 'user', texts: ['hello world'], images: 1 }], tools: [] };
    expect(inputTokens(closed, request, 1_000)).toBe(256 + 3 * 9);
    expect(inputTokens(closed, request, 256 + 3 * 9)).toBe(256 + 3 * 9);
    expect(inputTokens(closed, request, 256 + 3 * 9 - 1)).toBe(Number.POSITIVE_INFINITY);
  });

  test('stops at its limit', () => {
    const messages = [{ role: 'user', texts: ['word '.repeat(50_000)] }];
    expect(countInput({ messages, tools: [] }, 100)).toBe(Number.POSITIVE_INFINITY);
    expect(countInput({ messages, tools: [] })).toBeGreaterThan(50_000);
  });

  test('a number costs one token, however many digits it has when written out', () => {
    expect(countJson(JSON.parse('[1e20,1e300,-0.1]'))).toBe(4);
  });
});

describe('countText', () => {
  test('special tokens are plain text', () => {
    expect(countText('<|endoftext|>')).toBeGreaterThan(1);
  });

  test('is o200k_base exactly, but for runs over 512', () => {
    const text = 'The quick brown fox: 12345 jumps!? \n\n  Zażółć 沙盒. '.repeat(200);
    expect(countText(text)).toBe(countTokens(text));
    expect(countText(text, 1e9)).toBe(countTokens(text));
  });

  test('a body of one letter ends soon, and is still close to the tokenizer', () => {
    const count = countText('a'.repeat(400_000), 60_000);
    expect(count).toBe(400_000 / 8);
    expect(countText(`${'é'.repeat(3_000)} ${' '.repeat(3_000)}${'!'.repeat(3_000)}`)).toBeLessThanOrEqual(12_001);
  });
});

/** Everything that has ever broken a counter of bytes or of tokens. */
const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({ maxLength: 60 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 30 }).map((units) => String.fromCharCode(...units)),
  fc.constantFrom(
    '\ud800',
    '\udfff\ud800',
    '👩‍👩‍👧‍👦',
    'e\u0301\u0301\u0301',
    '\u202e\u200b\ufeff',
    '<|im_start|>',
    '\u0000\u0001',
    'ﷺ',
    '𝔘'.repeat(20),
  ),
  fc.nat({ max: 1_500 }).map((length) => 'x'.repeat(length)),
);

/** JSON as a hostile caller writes it: any escape, any number form. */
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    hostile.map((text) => JSON.stringify(text)),
    fc.constantFrom('1e20', '1E300', '-0', '0.1', 'true', 'null', '{}', '[]', '[[[[]]]]', '"\\u0041"'),
    fc.array(tie('value'), { maxLength: 4 }).map((items) => `[${items.join(',')}]`),
    fc
      .array(fc.tuple(hostile, tie('value')), { maxLength: 4 })
      .map((all) => `{${all.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`),
  ),
})).value as fc.Arbitrary<string>;

describe('the bound of bytes', () => {
  test('of messages alone: the bytes of their text + 16 each + 64', () => {
    const messages = fc.array(
      fc.record({ role: fc.constantFrom('system', 'user', 'assistant', 'developer', 'tool'), texts: fc.array(hostile, { maxLength: 3 }) }),
      {
        maxLength: 5,
      },
    );
    fc.assert(
      fc.property(messages, (list) => {
        const text = list.flatMap((message) => message.texts).reduce((total, each) => total + bytes(each), 0);
        expect(countInput({ messages: list, tools: [] })).toBeLessThanOrEqual(text + 16 * list.length + 64);
      }),
      { numRuns: 300 },
    );
  });

  test('of a whole chat request: its bytes + 16 per message + 64 per tool + 64', () => {
    fc.assert(
      fc.property(fc.array(hostile, { minLength: 1, maxLength: 4 }), fc.array(json, { maxLength: 3 }), json, (texts, tools, schema) => {
        const messages = texts.map((text) => `{"role":"user","content":${JSON.stringify(text)}}`);
        const defined = tools.map((tool) => `{"type":"function","function":{"name":"f","parameters":${tool}}}`);
        const format = `"response_format":{"type":"json_schema","json_schema":{"name":"s","schema":{"x":${schema}}}}`;
        const raw = `{"messages":[${messages.join(',')}],"tools":[${defined.join(',')}],${format}}`;
        const ask = chatAsk(JSON.parse(raw), model);
        expect(countInput(ask.counted)).toBeLessThanOrEqual(bytes(raw) + 16 * texts.length + 64 * tools.length + 64);
        // Stronger: of the parts that have tokens, nothing of the rest of the body is needed.
        const parts = [...texts.map((text) => JSON.stringify(text)), ...defined, `{"x":${schema}}`];
        expect(countInput(ask.counted)).toBeLessThanOrEqual(bytes(parts.join('')) + 16 * texts.length + 64 * tools.length + 64);
      }),
      { numRuns: 300 },
    );
  });

  test('of a whole responses request', () => {
    fc.assert(
      fc.property(hostile, hostile, hostile, json, (instructions, said, result, tool) => {
        const input = [
          { role: 'user', content: [{ type: 'input_text', text: said }] },
          { type: 'function_call', call_id: 'c', name: 'f', arguments: result },
          { type: 'function_call_output', call_id: 'c', output: result },
        ];
        const raw = `{"instructions":${JSON.stringify(instructions)},"input":${JSON.stringify(input)},"tools":[{"type":"function","name":"f","parameters":${tool}}]}`;
        const ask = responsesAsk(JSON.parse(raw), model);
        expect(countInput(ask.counted)).toBeLessThanOrEqual(bytes(raw) + 16 * 4 + 64 + 64);
      }),
      { numRuns: 200 },
    );
  });

  test('of a whole messages request', () => {
    fc.assert(
      fc.property(hostile, hostile, hostile, json, json, (system, said, result, input, tool) => {
        const call = `{"type":"tool_use","id":"c","name":"f","input":{"x":${input}}}`;
        const answer = `{"type":"tool_result","tool_use_id":"c","content":${JSON.stringify(result)}}`;
        const messages = `[{"role":"user","content":${JSON.stringify(said)}},{"role":"assistant","content":[${call}]},{"role":"user","content":[${answer}]}]`;
        const tools = `[{"name":"f","input_schema":{"type":"object","x":${tool}}}]`;
        const raw = `{"max_tokens":1,"system":${JSON.stringify(system)},"messages":${messages},"tools":${tools}}`;
        const ask = messagesAsk(JSON.parse(raw), model, '2026-10-21');
        expect(countInput(ask.counted)).toBeLessThanOrEqual(bytes(raw) + 16 * 4 + 64 + 64);
      }),
      { numRuns: 200 },
    );
  });
});

describe('replies', () => {
  test('of a length have exactly that many tokens, counted again', () => {
    for (const length of [0, 1, 2, 7, 64, 501]) {
      const pieces = replyOfLength(randomOf(length), length);
      expect(pieces.every((piece) => piece.tokens === 1)).toBe(true);
      expect(encode(join(pieces)).length).toBe(length);
    }
  });

  test('are short, and the same for the same seed', () => {
    for (let seed = 0; seed < 300; seed += 1) {
      const reply = naturalReply(randomOf(seed), false);
      expect(join(reply)).toBe(join(naturalReply(randomOf(seed), false)));
      expect(countText(join(reply))).toBe(reply.length);
      expect(reply.length).toBeGreaterThanOrEqual(20);
      expect(reply.length).toBeLessThanOrEqual(64);
    }
  });

  test('pieces hold whole characters and lose none', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const pieces = toPieces(text);
        expect(join(pieces)).toBe(text.toWellFormed());
        expect(pieces.reduce((total, piece) => total + piece.tokens, 0)).toBe(
          encode(text.toWellFormed(), { disallowedSpecial: new Set() }).length,
        );
      }),
      { numRuns: 300 },
    );
  });
});
