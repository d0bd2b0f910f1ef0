import { TallyError } from '@tallystick/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ObjectNode } from './schema.ts';
import { type Edit, splice } from './splice.ts';
import { walkBody } from './walk.ts';

const ANY_SPANS: ObjectNode = { kind: 'object', fields: {}, rest: { kind: 'any' }, spans: true };
const OPEN: ObjectNode = {
  kind: 'object',
  fields: { inner: { kind: 'oneOf', of: [ANY_SPANS, { kind: 'any' }] } },
  rest: { kind: 'any' },
};

const space = fc.constantFrom('', '', ' ', '\n', '\t \r\n');
const number = fc.constantFrom('0', '-0', '1', '12345678901234567890123', '0.10', '1e5', '1E-7', '-2.50e+10', '9007199254740993');
const plainKey = fc.string({ unit: 'grapheme', maxLength: 6 }).map((key) => JSON.stringify(key.toWellFormed()));
const escapedKey = fc.constantFrom('"m\\u006fdel"', '"\\u0000"', '"a\\/b"', '"inner"', '"model"', '"__proto__"');
const text = fc.oneof(
  fc.string({ unit: 'binary' }).map((value) => JSON.stringify(value)),
  fc.constantFrom('"\\ud800"', '"\\uD83D\\uDE00"', '"\\/\\b\\f\\n\\r\\t\\"\\\\"', '"\\u0000"', '"é 한글 🧾"'),
);

type Member = readonly [key: string, value: string];

function spaced(open: string, items: readonly string[], close: string, spaces: readonly string[]): string {
  let at = 0;
  const next = () => spaces[at++ % spaces.length] ?? '';
  return open + (items.length === 0 ? next() : items.map((item) => next() + item + next()).join(',')) + close;
}

/** The first of each key, as parsers compare keys: unescaped. */
function distinct(members: readonly Member[]): Member[] {
  const seen = new Set<string>();
  return members.filter(([key]) => !seen.has(JSON.parse(key)) && seen.add(JSON.parse(key)));
}

const spaces = fc.array(space, { minLength: 1, maxLength: 4 });
const keys = fc.oneof(plainKey, escapedKey);

function objectText(members: readonly Member[], gaps: readonly string[]): string {
  return spaced(
    '{',
    distinct(members).map(([key, value]) => `${key}${gaps[0]}:${gaps.at(-1)}${value}`),
    '}',
    gaps,
  );
}

/** JSON values as text: odd numbers, escapes, white space and orders of keys that JSON.stringify would never write. */
const { value: jsonText } = fc.letrec<{ value: string; array: string; object: string }>((tie) => ({
  value: fc.oneof({ maxDepth: 3, depthSize: 'small' }, fc.constantFrom('true', 'false', 'null'), number, text, tie('array'), tie('object')),
  array: fc.tuple(fc.array(tie('value'), { maxLength: 4 }), spaces).map(([items, gaps]) => spaced('[', items, ']', gaps)),
  object: fc.tuple(fc.array(fc.tuple(keys, tie('value')), { maxLength: 4 }), spaces).map(([members, gaps]) => objectText(members, gaps)),
}));

/** A whole body: the text, and its members as written. */
function spacedJson(): fc.Arbitrary<{ text: string; members: Member[] }> {
  return fc.tuple(fc.array(fc.tuple(keys, jsonText), { maxLength: 6 }), spaces, space).map(([members, gaps, around]) => ({
    text: around + objectText(members, gaps) + around,
    members: distinct(members),
  }));
}

/** What the walker says: null where it takes the bytes. Anything but a TallyError is a bug, and is thrown on. */
function refusal(bytes: Uint8Array): TallyError | null {
  try {
    walkBody(bytes, OPEN);
    return null;
  } catch (error) {
    if (error instanceof TallyError) return error;
    throw error;
  }
}

function parses(bytes: Uint8Array): boolean {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

/** The refusals that are meant to go beyond JSON.parse. */
const STRICTER = /stands twice|half of a surrogate pair|larger than a double|longer than 1024 bytes|nested deeper|more than \d+ fields/;

/** The edits, done to the members as written. */
function edited(members: readonly Member[], edits: readonly Edit[]): Member[] {
  let result = [...members];
  for (const { path, json } of edits) {
    const index = result.findIndex(([key]) => JSON.parse(key) === path[0]);
    if (json === null) result = result.filter((_, i) => i !== index);
    else if (index < 0) result.push([JSON.stringify(path[0]), json]);
    else result[index] = [(result[index] as Member)[0], json];
  }
  return result;
}

describe('splice', () => {
  it('changes the edited fields and nothing else', () => {
    const value = fc.constantFrom('1', '"new"', '{"a":[1,2]}', null);
    const given = fc.tuple(spacedJson(), fc.array(fc.tuple(fc.nat(9), fc.string({ maxLength: 3 }), value), { maxLength: 5 }));
    fc.assert(
      fc.property(given, ([{ text: json, members }, wishes]) => {
        const edits = new Map<string, Edit>();
        for (const [pick, name, to] of wishes) {
          const key: string = pick < members.length ? JSON.parse((members[pick] as Member)[0]) : name;
          edits.set(key, { path: [key], json: to });
        }
        const body = Buffer.from(json);
        const walked = walkBody(body, OPEN);
        const bytes = splice(body, walked, [...edits.values()]);
        const again = walkBody(bytes, OPEN);
        const written = again.top.members.map(({ valueStart, valueEnd }) => Buffer.from(bytes.subarray(valueStart, valueEnd)).toString());
        const expected = edited(members, [...edits.values()]);
        expect(again.top.members.map(({ key }) => key)).toEqual(expected.map(([key]) => JSON.parse(key)));
        expect(written).toEqual(expected.map(([, each]) => each));
        if (edits.size === 0) expect(bytes).toBe(body);
      }),
      { numRuns: 400 },
    );
  });

  it('leaves every byte outside the replaced values as it is, white space included', () => {
    fc.assert(
      fc.property(spacedJson(), fc.nat(), ({ text: json }, pick) => {
        const body = Buffer.from(json);
        const walked = walkBody(body, OPEN);
        const span = walked.top.members[pick % Math.max(1, walked.top.members.length)];
        if (span === undefined) return;
        const bytes = splice(body, walked, [{ path: [span.key], json: '0' }]);
        expect(Buffer.from(bytes)).toEqual(
          Buffer.concat([body.subarray(0, span.valueStart), Buffer.from('0'), body.subarray(span.valueEnd)]),
        );
      }),
    );
  });
});

describe('splice inside a field', () => {
  it('changes one member of the inner object and nothing else', () => {
    fc.assert(
      fc.property(spacedJson(), spacedJson(), fc.nat(9), fc.string({ maxLength: 3 }), ({ members }, inner, pick, name) => {
        const others = members.filter(([key]) => JSON.parse(key) !== 'inner');
        const json = objectText([...others, ['"inner"', inner.text.trim()]], [' ']);
        const key: string = pick < inner.members.length ? JSON.parse((inner.members[pick] as Member)[0]) : name;
        const body = Buffer.from(json);
        const bytes = splice(body, walkBody(body, OPEN), [{ path: ['inner', key], json: '[0]' }]);
        const again = walkBody(bytes, OPEN);
        const rest = (walked: typeof again, from: Uint8Array) =>
          (walked.nested.get('inner')?.members ?? [])
            .filter((span) => span.key !== key)
            .map(({ start, end }) => Buffer.from(from.subarray(start, end)).toString());
        const span = again.nested.get('inner')?.members.find((member) => member.key === key);
        expect(Buffer.from(bytes.subarray(span?.valueStart, span?.valueEnd)).toString()).toBe('[0]');
        expect(rest(again, bytes)).toEqual(rest(walkBody(body, OPEN), body));
        const head = again.top.members.at(-1)?.start ?? 0;
        expect(Buffer.from(bytes.subarray(0, head))).toEqual(body.subarray(0, head));
      }),
      { numRuns: 200 },
    );
  });
});

describe('walkBody beside JSON.parse', () => {
  it('takes every object that JSON.parse takes, minus the stated refusals', () => {
    fc.assert(
      fc.property(spacedJson(), ({ text }) => {
        expect(refusal(Buffer.from(text))).toBeNull();
        expect(parses(Buffer.from(text))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('agrees on mutated bytes, and throws nothing but TallyError', () => {
    const mutation = fc.record({ at: fc.nat(), kind: fc.constantFrom('set', 'cut', 'insert', 'drop'), byte: fc.nat(255) });
    const mark = fc.constantFrom(...Buffer.from('"\\{}[],:0e-.tfn \u0000'));
    fc.assert(
      fc.property(spacedJson(), fc.array(fc.tuple(mutation, mark, fc.boolean()), { minLength: 1, maxLength: 3 }), ({ text }, mutations) => {
        let bytes = Buffer.from(text);
        for (const [{ at, kind, byte }, special, isSpecial] of mutations) {
          const index = at % (bytes.length + 1);
          const value = Buffer.of(isSpecial ? special : byte);
          const tail = kind === 'cut' ? Buffer.alloc(0) : bytes.subarray(kind === 'insert' ? index : index + 1);
          bytes = Buffer.concat([bytes.subarray(0, index), ...(kind === 'set' || kind === 'insert' ? [value] : []), tail]);
        }
        const error = refusal(bytes);
        if (error === null) expect(parses(bytes)).toBe(true);
        else if (parses(bytes)) expect(error.message).toMatch(STRICTER);
      }),
      { numRuns: 1500 },
    );
  });

  it('takes arbitrary bytes without failing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        if (refusal(bytes) === null) expect(parses(bytes)).toBe(true);
      }),
    );
  });
});
