import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson, detailHash, type JsonValue } from './jcs.ts';

const json: fc.Arbitrary<JsonValue> = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string({ unit: 'binary' }),
    fc.maxSafeInteger(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string({ unit: 'binary' }), tie('value'), { maxKeys: 4 }),
  ),
})).value;

test('the text parses back to the same value, members sorted, and is a fixed point', () => {
  fc.assert(
    fc.property(json, (value) => {
      const text = canonicalJson(value);
      expect(canonicalJson(JSON.parse(text) as JsonValue)).toBe(text);
    }),
  );
});

test('the order in which members were set does not matter', () => {
  const members = fc.uniqueArray(fc.tuple(fc.string({ unit: 'binary' }), json), { selector: ([key]) => key, maxLength: 6 });
  fc.assert(
    fc.property(members, (entries) => {
      expect(canonicalJson(Object.fromEntries(entries.toReversed()))).toBe(canonicalJson(Object.fromEntries(entries)));
    }),
  );
});

test('members are sorted by UTF-16 code units', () => {
  expect(canonicalJson({ b: 1, a: [true, null], '\u20ac': 'x', '\r': 'y', '1': 0, '\ud83d\ude00': 'z', '\ufb33': 'w' })).toBe(
    '{"\\r":"y","1":0,"a":[true,null],"b":1,"\u20ac":"x","\ud83d\ude00":"z","\ufb33":"w"}',
  );
  expect(detailHash({ a: 1, b: 2 })).toBe(detailHash({ b: 2, a: 1 }));
});

test('an own member called __proto__ is a member like any other', () => {
  const value = JSON.parse('{"__proto__":{"a":1},"b":2}') as JsonValue;
  expect(canonicalJson(value)).toBe('{"__proto__":{"a":1},"b":2}');
});

test('escapes are those of ECMAScript, and negative zero is zero', () => {
  expect(canonicalJson('\u20ac$\u000f\nA\'B"\\\\"/\u2028')).toBe('"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/\u2028"');
  expect(canonicalJson(-0)).toBe('0');
  expect(canonicalJson(Number.MAX_SAFE_INTEGER)).toBe('9007199254740991');
});

const cyclic: unknown[] = [];
cyclic.push(cyclic);
const holes: unknown[] = [];
holes[1] = 1;

test.each([
  ['a float', 0.5],
  ['an unsafe integer', 2 ** 53],
  ['NaN', Number.NaN],
  ['a bigint', 1n],
  ['undefined', undefined],
  ['a member that is undefined', { a: undefined }],
  ['a hole', holes],
  ['a function', () => 1],
  ['a symbol', Symbol.iterator],
  ['a class instance', new Map()],
  ['bytes', new Uint8Array(2)],
  ['a lone surrogate', '\ud800'],
  ['a lone surrogate in a key', { '\udfff': 1 }],
  ['a cycle', cyclic],
])('%s is refused', (_, value) => {
  expect(() => canonicalJson(value as JsonValue)).toThrow(/Canonical JSON takes no/);
});
