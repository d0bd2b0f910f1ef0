import { TallyError } from '@tallystick/core';
import { describe, expect, it } from 'vitest';
import type { ObjectNode } from './schema.ts';
import { walkBody } from './walk.ts';
import type { WalkedBody, WalkLimits } from './walked.ts';

/** A small dialect with one of everything. */
const SCHEMA: ObjectNode = {
  kind: 'object',
  required: ['model'],
  fields: {
    model: { kind: 'string', capture: 'model', bytesMax: 64 },
    stream: { kind: 'boolean', capture: 'stream', nullable: true },
    store: { kind: 'boolean', only: false, reason: 'stored answers cannot be bounded' },
    max: { kind: 'integer', capture: 'max', min: 1, nullable: true },
    temperature: { kind: 'number', min: 0, max: 2 },
    tier: { kind: 'enum', values: ['auto', 'default'], capture: 'tier', reason: 'its price is not known' },
    verbosity: { kind: 'enum', values: ['low', 'high'] },
    previous: { kind: 'forbidden', reason: 'state at the provider cannot be bounded', nullable: true },
    metadata: { kind: 'object', fields: {}, rest: { kind: 'string' } },
    anything: { kind: 'any' },
    options: { kind: 'object', spans: true, fields: { usage: { kind: 'boolean', capture: 'usage' }, x: { kind: 'any' } } },
    messages: {
      kind: 'array',
      count: 'messages',
      min: 1,
      max: 4,
      items: {
        kind: 'object',
        required: ['role'],
        fields: {
          role: { kind: 'enum', values: ['user', 'system'] },
          content: {
            kind: 'oneOf',
            of: [
              { kind: 'string', tally: 'texts' },
              { kind: 'array', count: 'parts', items: { kind: 'object', fields: { text: { kind: 'string' } } } },
            ],
          },
        },
      },
    },
    input: {
      kind: 'oneOf',
      of: [
        { kind: 'string', tally: 'inputs' },
        {
          kind: 'array',
          items: {
            kind: 'oneOf',
            of: [
              { kind: 'string', tally: 'inputs' },
              { kind: 'integer', tally: 'tokens', min: 0 },
            ],
          },
        },
      ],
    },
  },
};

const walk = (json: string | Uint8Array, limits?: Partial<WalkLimits>): WalkedBody => walkBody(Buffer.from(json), SCHEMA, limits);

/** `CODE: message` of the refusal. */
function refusal(json: string | Uint8Array, limits?: Partial<WalkLimits>): string {
  try {
    walk(json, limits);
    return 'taken';
  } catch (error) {
    return error instanceof TallyError ? `${error.code}: ${error.message}` : `other: ${error}`;
  }
}

const deep = (depth: number) => `{"model":"m","anything":${'['.repeat(depth)}${']'.repeat(depth)}}`;

describe('walkBody', () => {
  it('records spans, captures and counts', () => {
    const json =
      ' {"model" : "a\\u0062c", "messages":[{"role":"user","content":"x"},{"role":"user","content":[{"text":"y"},{}]}],"max":7}\n';
    const { top, captured, counts } = walk(json);
    expect(top.members.map(({ key, valueStart, valueEnd }) => [key, json.slice(valueStart, valueEnd)])).toEqual([
      ['model', '"a\\u0062c"'],
      ['messages', '[{"role":"user","content":"x"},{"role":"user","content":[{"text":"y"},{}]}]'],
      ['max', '7'],
    ]);
    expect(top.members.map(({ start, end }) => json.slice(start, end))[0]).toBe('"model" : "a\\u0062c"');
    expect([json[top.open], json[top.close]]).toEqual(['{', '}']);
    expect(Object.fromEntries(captured)).toEqual({ model: 'abc', max: 7 });
    expect(Object.fromEntries(counts)).toEqual({ messages: 2, texts: 1, parts: 2 });
  });

  it('records the members of nested objects that ask for it', () => {
    const { nested, captured } = walk('{"model":"m","options":{"usage":true,"x":{"y":1}}}');
    expect(nested.get('options')?.members.map(({ key }) => key)).toEqual(['usage', 'x']);
    expect(captured.get('usage')).toBe(true);
  });

  it('captures null, and zero for −0', () => {
    expect(walk('{"model":"m","stream":null,"max":null}').captured.get('max')).toBeNull();
    expect(walk('{"model":"m","input":[-0]}').counts.get('tokens')).toBe(1);
  });

  it('tallies the alternatives', () => {
    expect(walk('{"model":"m","input":"a"}').counts.get('inputs')).toBe(1);
    expect(Object.fromEntries(walk('{"model":"m","input":["a","b",5]}').counts)).toEqual({ inputs: 2, tokens: 1 });
  });

  it('sums what numbers with an exponent could grow by', () => {
    expect(walk('{"model":"m","anything":[1e20,-2.5E-3,1e+0,7]}').numberExpansion).toBe(23);
    expect(walk('{"model":"m","anything":1e-999999999999}').numberExpansion).toBe(1100);
  });

  it.each([
    ['{"model":"m","top_p":1}', 'FIELD_NOT_ALLOWED: `top_p` is not allowed: it is not a field that this gateway knows here.'],
    ['{"model":"m","messages":[{"role":"user","content":[{"text":"a"},{"image_url":{}}]}]}', '`messages[0].content[1].image_url`'],
    ['{"model":"m","previous":"x"}', 'FIELD_NOT_ALLOWED: `previous` is not allowed: state at the provider cannot be bounded.'],
    ['{"model":"m","store":true}', 'FIELD_NOT_ALLOWED: `store` is not allowed: stored answers cannot be bounded.'],
    ['{"model":"m","tier":"flex"}', 'FIELD_NOT_ALLOWED: `tier` is not allowed: its price is not known.'],
    ['{"model":"m","verbosity":"mid"}', 'FIELD_INVALID: `verbosity` must be one of "low", "high".'],
    ['{"model":"m","messages":[{"role":7}]}', 'FIELD_INVALID: `messages[0].role` must be string.'],
    ['{"model":"m","messages":[{}]}', 'FIELD_INVALID: `messages[0].role` is missing.'],
    ['{"model":"m","messages":[]}', 'FIELD_INVALID: `messages` must have at least 1 elements.'],
    ['{"model":"m","messages":[{"role":"user","content":5}]}', 'FIELD_INVALID: `messages[0].content` must be string or array.'],
    ['{"messages":[]}', 'FIELD_INVALID'],
    ['{}', 'FIELD_INVALID: `model` is missing.'],
    ['{"model":null}', 'FIELD_INVALID: `model` must be string.'],
    ['{"model":"m","max":1e9}', 'FIELD_INVALID: `max` must be a whole number in plain digits, below 2^53.'],
    ['{"model":"m","max":1.0}', 'FIELD_INVALID: `max`'],
    ['{"model":"m","max":9007199254740993}', 'FIELD_INVALID: `max`'],
    ['{"model":"m","max":0}', 'FIELD_INVALID: `max` must be at least 1.'],
    ['{"model":"m","max":"5"}', 'FIELD_INVALID: `max` must be integer or null.'],
    ['{"model":"m","temperature":2.5}', 'FIELD_INVALID: `temperature` must be at most 2.'],
    ['{"model":"m","metadata":{"a":1}}', 'FIELD_INVALID: `metadata.a` must be string.'],
    [`{"model":"${'m'.repeat(65)}"}`, 'FIELD_INVALID: `model` must have at most 64 bytes.'],
    ['{"model":"\\ud800"}', 'FIELD_INVALID: `model` holds half of a surrogate pair.'],
    ['{"model":"m","__proto__":1}', 'FIELD_NOT_ALLOWED: `__proto__`'],
    ['{"model":"m","toString":1}', 'FIELD_NOT_ALLOWED: `toString`'],
  ])('%s → %s', (json, expected) => {
    expect(refusal(json)).toContain(expected);
  });

  it.each([
    ['', 'at byte 0: it ends where a value is due'],
    ['  ', 'at byte 2'],
    ['[]', 'at byte 0: it must be an object'],
    ['null', 'it must be an object'],
    ['{"model":"m"', 'at byte 12: it ends where a comma or the end of an object is due'],
    ['{"model":"m"} x', 'at byte 14: something follows its end'],
    ['{"model":"m",}', 'at byte 13: a field name in double quotes is due here'],
    ['{"model" "m"}', 'at byte 9: a colon is due here'],
    ["{'model':1}", 'at byte 1'],
    ['\ufeff{"model":"m"}', 'it begins with a byte order mark'],
    ['{"model":"m","anything":NaN}', 'at byte 24: a value is due here'],
    ['{"model":"m","anything":Infinity}', 'a value is due here'],
    ['{"model":"m","anything":-Infinity}', 'a number is not written as JSON has it'],
    ['{"model":"m","anything":1e999}', 'a number is larger than a double can be'],
    ['{"model":"m","anything":01}', 'a number has a leading zero'],
    ['{"model":"m","anything":1.}', 'a number is not written as JSON has it'],
    ['{"model":"m","anything":.5}', 'a value is due here'],
    ['{"model":"m","anything":+1}', 'a value is due here'],
    [`{"model":"m","anything":0.${'1'.repeat(1024)}}`, 'a number is longer than 1024 bytes'],
    ['{"model":"m","anything":tru}', 'a word is not true, false or null'],
    ['{"model":"m","anything":"a\nb"}', 'a control character'],
    ['{"model":"m","anything":"\\x41"}', 'an escape is not one of JSON'],
    ['{"model":"m","anything":"\\u00g0"}', 'an escape is not one of JSON'],
    ['{"model":"m","anything":"\\u00', 'an escape is not one of JSON'],
    ['{"model":"m","anything":"abc', 'it ends inside a string'],
    ['{"model":"m","anything":{"\\udc00":1}}', 'a field name holds half of a surrogate pair'],
    ['{"model":"m","mod\\u0065l":"x"}', '`model` stands twice in one object'],
    ['{"model":"m","anything":{"a":{"b":1,"b":2}}}', '`anything.a.b` stands twice in one object'],
    [deep(64), 'it is nested deeper than 64'],
  ])('BODY_INVALID %#: %s', (json, expected) => {
    const text = refusal(json);
    expect(text).toMatch(/^BODY_INVALID: The body is not valid at byte \d+: /);
    expect(text).toContain(expected);
  });

  it('takes what is at its limits', () => {
    expect(refusal(deep(63))).toBe('taken');
    expect(refusal('{"model":"m"}', { bytesMax: 13 })).toBe('taken');
    expect(refusal('{"model":"m"}', { bytesMax: 12 })).toMatch(/^BODY_TOO_LARGE/);
    expect(refusal('{"model":"m","max":2}', { membersMax: 1 })).toContain('an object has more than 1 fields');
    expect(refusal('{"model":"m","anything":["\\ud800","\\ud83d\\ude00","\\udc00\\ud800"]}')).toBe('taken');
  });

  it.each([
    ['overlong slash', [0xc0, 0xaf]],
    ['overlong three bytes', [0xe0, 0x80, 0xaf]],
    ['overlong four bytes', [0xf0, 0x80, 0x80, 0xaf]],
    ['surrogate', [0xed, 0xa0, 0x80]],
    ['above U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['lead without tail', [0xe2, 0x82]],
    ['tail alone', [0x80]],
    ['0xff', [0xff]],
  ])('refuses bad UTF-8: %s', (_, bad) => {
    const text = refusal(Buffer.concat([Buffer.from('{"model":"m","anything":"'), Buffer.from(bad), Buffer.from('"}')]));
    expect(text).toBe('BODY_INVALID: The body is not valid at byte 25: it is not UTF-8.');
  });

  it('never echoes a value, and of a name only a short plain end', () => {
    const secret = 'sk-very-secret-value';
    for (const json of [
      `{"model":"m","max":"${secret}"}`,
      `{"model":"m","tier":"${secret}"}`,
      `{"model":"${secret}`,
      `{"model":"m","max":${secret}}`,
    ]) {
      expect(refusal(json)).not.toContain('secret');
    }
    const name = `${'n'.repeat(5000)}\\u001b[31m\\n<script>`;
    const text = refusal(`{"model":"m","${name}":1}`);
    expect(text.length).toBeLessThan(200);
    expect(text).toMatch(/^[\x20-\x7e…]+$/);
  });
});

const ANY_NODE = { kind: 'any' } as const;

it('wants one of several sets of fields whole', () => {
  const schema: ObjectNode = { kind: 'object', fields: { a: ANY_NODE, b: ANY_NODE, c: ANY_NODE }, requiredSets: [['a', 'b'], ['c']] };
  const walk = (text: string) => () => walkBody(Buffer.from(text), schema);
  expect(walk('{"a":1,"b":2}')).not.toThrow();
  expect(walk('{"c":1}')).not.toThrow();
  expect(walk('{"a":1}')).toThrow(/must have a, b; or c/);
  expect(walk('{}')).toThrow(/must have/);
});

it('takes at most one of a set of exclusive fields', () => {
  const inner: ObjectNode = {
    kind: 'object',
    fields: { a: ANY_NODE, b: ANY_NODE, c: ANY_NODE, d: ANY_NODE },
    exclusive: [['a', 'b', 'c']],
  };
  const schema: ObjectNode = { kind: 'object', fields: { in: inner } };
  const walk = (text: string) => () => walkBody(Buffer.from(text), schema);
  expect(walk('{"in":{}}')).not.toThrow();
  expect(walk('{"in":{"b":1,"d":2}}')).not.toThrow();
  expect(walk('{"in":{"d":2,"c":1,"a":null}}')).toThrow('`in.c` must not stand beside `a`.');
  expect(walk('{"in":{"\\u0062":1,"c":1}}')).toThrow('`in.c` must not stand beside `b`.');
});

it('wants one value wherever a captured field says `same`', () => {
  const model = { kind: 'string', capture: 'model', same: true, nullable: true } as const;
  const items: ObjectNode = { kind: 'object', fields: { model } };
  const schema: ObjectNode = { kind: 'object', fields: { all: { kind: 'array', items } } };
  const walk = (...models: readonly (string | null)[]) => {
    return () => walkBody(Buffer.from(JSON.stringify({ all: models.map((each) => ({ model: each })) })), schema).captured.get('model');
  };
  expect(walk('a', 'a', 'a')()).toBe('a');
  expect(walk()()).toBeUndefined();
  expect(walk('a', 'a', 'b')).toThrow('`all[2].model` must be the same wherever it stands.');
  expect(walk(null, 'a')).toThrow('`all[1].model`');
  expect(walk('', 'a')).toThrow('`all[1].model`');
});
