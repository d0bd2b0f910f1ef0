import { badParam } from './errors.ts';
import type { Random } from './reply.ts';

type Schema = Readonly<Record<string, unknown>>;

/** Deeper than this the maker takes the shortest way out: null, an empty array, no optional property. */
const DEPTH_SHORT = 6;
/** A schema that still goes on here has no finite instance within reason, and is refused. */
const DEPTH_MAX = 64;
/** The most values in one instance: a schema that refers to itself twice would double with each level. */
const VALUES_MAX = 10_000;

const FORMATS: Readonly<Record<string, string>> = {
  'date-time': '2025-01-01T00:00:00Z',
  date: '2025-01-01',
  time: '00:00:00Z',
  duration: 'PT1H',
  email: 'sandbox@example.com',
  hostname: 'sandbox.example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  uuid: '00000000-0000-4000-8000-000000000000',
  uri: 'https://example.com/sandbox',
};

/**
 * A value that a JSON schema accepts: the subset that structured outputs allow (types, enum, const, anyOf, allOf of one,
 * $ref into $defs, bounds of numbers, strings and arrays, formats).
 * @param param named in the error
 * @throws ApiError 400 where the schema is not an object, needs a `pattern`, a foreign `$ref`, or has no end
 */
export function instanceOf(schema: unknown, random: Random, param: string): unknown {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) throw invalid(param, 'it is not an object');
  return make(schema as Schema, { root: schema as Schema, random, param, values: 0 }, 0);
}

type Context = { readonly root: Schema; readonly random: Random; readonly param: string; values: number };

function make(schema: Schema, context: Context, depth: number): unknown {
  context.values += 1;
  if (depth > DEPTH_MAX || context.values > VALUES_MAX) throw invalid(context.param, 'its smallest instance is too large');
  if ('const' in schema) return schema.const;
  if (Array.isArray(schema.enum)) return schema.enum[depth > DEPTH_SHORT ? 0 : context.random() % Math.max(1, schema.enum.length)];
  if (typeof schema.$ref === 'string') return make(resolve(schema.$ref, context), context, depth + 1);
  const choices = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(choices) && choices.length > 0) return make(choose(choices, depth), context, depth + 1);
  if (Array.isArray(schema.allOf) && schema.allOf.length === 1) return make(asSchema(schema.allOf[0]), context, depth + 1);
  switch (typeOf(schema, depth)) {
    case 'object':
      return makeObject(schema, context, depth);
    case 'array':
      return makeArray(schema, context, depth);
    case 'integer':
      return makeNumber(schema, context, true);
    case 'number':
      return makeNumber(schema, context, false);
    case 'boolean':
      return context.random() % 2 === 0;
    case 'null':
      return null;
    default:
      return makeString(schema, context);
  }
}

function typeOf(schema: Schema, depth: number): unknown {
  if (Array.isArray(schema.type)) return depth > DEPTH_SHORT && schema.type.includes('null') ? 'null' : schema.type[0];
  if (schema.type !== undefined) return schema.type;
  if (schema.properties !== undefined) return 'object';
  return schema.items === undefined ? 'string' : 'array';
}

/** The first choice; when deep, one that ends: null before a scalar before anything else. */
function choose(choices: readonly unknown[], depth: number): Schema {
  const schemas = choices.map(asSchema);
  const first = schemas[0] as Schema;
  if (depth <= DEPTH_SHORT) return first;
  const ends = (type: unknown) => type !== undefined && type !== 'object' && type !== 'array';
  return schemas.find((each) => each.type === 'null') ?? schemas.find((each) => ends(each.type)) ?? first;
}

function makeObject(schema: Schema, context: Context, depth: number): Record<string, unknown> {
  const required = Array.isArray(schema.required) ? schema.required : [];
  const made: [string, unknown][] = [];
  for (const [name, each] of Object.entries(asSchema(schema.properties))) {
    if (depth > DEPTH_SHORT && !required.includes(name)) continue;
    made.push([name, make(asSchema(each), context, depth + 1)]);
  }
  return Object.fromEntries(made);
}

function makeArray(schema: Schema, context: Context, depth: number): unknown[] {
  const least = count(schema.minItems, 0);
  const most = count(schema.maxItems, Number.MAX_SAFE_INTEGER);
  const wanted = depth > DEPTH_SHORT ? least : Math.min(most, Math.max(least, 1 + (context.random() % 2)));
  if (wanted > 1_000) throw invalid(context.param, 'minItems is over 1,000');
  return Array.from({ length: wanted }, () => make(asSchema(schema.items), context, depth + 1));
}

function makeNumber(schema: Schema, context: Context, integer: boolean): number {
  const step = typeof schema.multipleOf === 'number' && schema.multipleOf > 0 ? schema.multipleOf : 1;
  const gap = integer ? 1 : step / 2;
  const low = least([schema.minimum, shifted(schema.exclusiveMinimum, gap)]);
  const high = most([schema.maximum, shifted(schema.exclusiveMaximum, -gap)]);
  if (low === undefined && high === undefined) return (1 + (context.random() % 9)) * step;
  if (low === undefined) return Math.floor((high as number) / step) * step;
  const value = Math.ceil(low / step) * step;
  return high !== undefined && value > high ? (low + high) / 2 : value;
}

function makeString(schema: Schema, context: Context): string {
  if (schema.pattern !== undefined) throw invalid(context.param, "the sandbox makes no string for a 'pattern'");
  const known = typeof schema.format === 'string' ? FORMATS[schema.format] : undefined;
  if (known !== undefined) return known;
  const shortest = count(schema.minLength, 0);
  if (shortest > 10_000) throw invalid(context.param, 'minLength is over 10,000');
  return 'sandbox'.padEnd(shortest, ' sandbox').slice(0, Math.max(shortest, count(schema.maxLength, 7)));
}

function resolve(ref: string, context: Context): Schema {
  if (!ref.startsWith('#')) throw invalid(context.param, "a '$ref' leads outside of the schema");
  let at: unknown = context.root;
  for (const part of ref.slice(1).split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    at = asSchema(at)[name];
  }
  if (typeof at !== 'object' || at === null) throw invalid(context.param, `'${ref}' leads nowhere`);
  return at as Schema;
}

function asSchema(value: unknown): Schema {
  return typeof value === 'object' && value !== null ? (value as Schema) : {};
}

function count(value: unknown, otherwise: number): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : otherwise;
}

function shifted(value: unknown, by: number): number | undefined {
  return typeof value === 'number' ? value + by : undefined;
}

function numbers(values: readonly unknown[]): number[] {
  return values.filter((value) => typeof value === 'number');
}

function least(values: readonly unknown[]): number | undefined {
  const known = numbers(values);
  return known.length === 0 ? undefined : Math.max(...known);
}

function most(values: readonly unknown[]): number | undefined {
  const known = numbers(values);
  return known.length === 0 ? undefined : Math.min(...known);
}

function invalid(param: string, why: string) {
  return badParam(param, 'invalid_json_schema', `Invalid schema for '${param}': ${why}.`);
}
