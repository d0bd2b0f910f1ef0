import { describe, expect, it } from 'vitest';
import type { ObjectNode } from './schema.ts';
import { type Edit, splice } from './splice.ts';
import { walkBody } from './walk.ts';

const SCHEMA: ObjectNode = {
  kind: 'object',
  fields: { options: { kind: 'object', nullable: true, spans: true, fields: {}, rest: { kind: 'any' } } },
  rest: { kind: 'any' },
};

function edit(json: string, ...edits: Edit[]): string {
  const body = Buffer.from(json);
  return Buffer.from(splice(body, walkBody(body, SCHEMA), edits)).toString();
}

const set = (key: string, json: string | null): Edit => ({ path: [key], json });
const inner = (key: string, json: string | null): Edit => ({ path: ['options', key], json });

describe('splice', () => {
  it.each<[string, Edit[], string]>([
    ['{"a":1,"b":2}', [set('a', '10')], '{"a":10,"b":2}'],
    [' { "a" : 1 , "b" : 2 } ', [set('b', '"x"')], ' { "a" : 1 , "b" : "x" } '],
    ['{"a":1}', [set('c', 'true')], '{"a":1,"c":true}'],
    ['{}', [set('c', 'true'), set('d', '1')], '{"c":true,"d":1}'],
    ['{ }', [set('c', 'true')], '{"c":true }'],
    ['{"a":1,"b":2,"c":3}', [set('b', null)], '{"a":1,"c":3}'],
    ['{"a":1, "b":2, "c":3}', [set('a', null)], '{"b":2, "c":3}'],
    ['{"a":1, "b":2, "c":3}', [set('a', null), set('b', null)], '{"c":3}'],
    ['{"a":1, "b":2, "c":3}', [set('a', null), set('c', null)], '{"b":2}'],
    ['{"a":1, "b":2, "c":3}', [set('b', null), set('c', null)], '{"a":1}'],
    ['{ "a":1, "b":2 }', [set('a', null), set('b', null)], '{  }'],
    ['{ "a":1, "b":2 }', [set('a', null), set('b', null), set('c', '3')], '{"c":3  }'],
    ['{"a":1,"b":2}', [set('b', null), set('c', '3')], '{"a":1,"c":3}'],
    ['{"a":1,"b":2}', [set('a', null), set('b', '5'), set('c', '3')], '{"b":5,"c":3}'],
    ['{"a":1}', [set('x', null)], '{"a":1}'],
    ['{"m\\u006fdel":1}', [set('model', '2')], '{"m\\u006fdel":2}'],
    ['{"a":1}', [inner('usage', 'true')], '{"a":1,"options":{"usage":true}}'],
    ['{"options":null,"a":1}', [inner('usage', 'true')], '{"options":{"usage":true},"a":1}'],
    ['{"options":{},"a":1}', [inner('usage', 'true')], '{"options":{"usage":true},"a":1}'],
    ['{"options":{ "x" : 1e2 },"a":1}', [inner('usage', 'true')], '{"options":{ "x" : 1e2,"usage":true },"a":1}'],
    ['{"options":{"usage":false,"x":1}}', [inner('usage', 'true'), set('a', '1')], '{"options":{"usage":true,"x":1},"a":1}'],
    ['{"options":{"usage":false}}', [inner('usage', null)], '{"options":{}}'],
    ['{"a":1}', [inner('usage', null)], '{"a":1}'],
    ['{"a":1}', [inner('__proto__', '1')], '{"a":1,"options":{"__proto__":1}}'],
  ])('%s', (json, edits, expected) => {
    expect(edit(json, ...edits)).toBe(expected);
  });

  it('refuses edits that contradict each other', () => {
    expect(() => edit('{"a":1}', set('a', '1'), set('a', '2'))).toThrow('edited twice');
    expect(() => edit('{"options":{}}', set('options', '1'), inner('x', '2'))).toThrow('edited twice');
    expect(() => edit('{}', set('options', '1'), inner('x', '2'))).toThrow('edited twice');
    expect(() => edit('{"other":{}}', { path: ['other', 'x'], json: '1' })).toThrow('spans were not recorded');
  });
});
