import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ApiError } from './errors.ts';
import { randomOf } from './reply.ts';
import { instanceOf } from './schema.ts';

const make = (schema: unknown, seed = 1) => instanceOf(schema, randomOf(seed), 'schema');

describe('instanceOf', () => {
  test('makes what zod accepts, for any seed', () => {
    const shape = z.object({
      name: z.string().min(10).max(12),
      age: z.int().min(18).max(99),
      share: z.number().gt(0).lt(0.1),
      step: z.number().multipleOf(5).min(3),
      kind: z.enum(['a', 'b']),
      always: z.literal('x'),
      on: z.boolean(),
      tags: z.array(z.string()).min(2).max(3),
      maybe: z.union([z.null(), z.object({ when: z.iso.datetime(), who: z.email(), id: z.uuid() })]),
      either: z.union([z.number(), z.string()]),
    });
    // zod writes patterns beside formats; structured outputs have one or the other.
    const schema = JSON.parse(JSON.stringify(z.toJSONSchema(shape)), (key, value) => (key === 'pattern' ? undefined : value));
    fc.assert(fc.property(fc.integer(), (seed) => shape.safeParse(make(schema, seed)).success));
  });

  test('follows $ref and ends a recursive schema', () => {
    const node = { type: 'object', required: ['next'], properties: { next: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] } } };
    const made = JSON.stringify(make({ $ref: '#/$defs/node', $defs: { node } }));
    expect(made).toMatch(/^(\{"next":)+null\}+$/);
  });

  test('refuses what has no instance that it could make', () => {
    const endless = { type: 'object', required: ['a', 'b'], properties: { a: { $ref: '#' }, b: { $ref: '#' } } };
    for (const schema of [
      null,
      [],
      endless,
      { $ref: '#' },
      { $ref: '#/nowhere' },
      { $ref: 'http://x' },
      { type: 'string', pattern: '^a$' },
    ]) {
      expect(() => make(schema)).toThrow(ApiError);
    }
  });

  test('keeps a key named __proto__ a key', () => {
    const schema = JSON.parse('{"type":"object","properties":{"__proto__":{"const":1}}}');
    expect(JSON.stringify(make(schema))).toBe('{"__proto__":1}');
  });
});
