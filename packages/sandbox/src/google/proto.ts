import { type Body, given, isObject } from '../ask.ts';
import { isBase64 } from '../media.ts';
import { invalidPayload, TYPE_PREFIX, type Violation } from './errors.ts';

type Scalar = 'string' | 'bytes' | 'bool' | 'int32' | 'int64' | 'float';

/** How a field is read. A message stands behind a function, so that it may contain itself. */
export type Field =
  | Scalar
  | 'json'
  | { readonly enum: string; readonly values: readonly string[] }
  | { readonly list: Field }
  | { readonly map: Field }
  | (() => Message);

/** A message of Google's protocol; `name` is its own there, the names of its fields are camelCase. */
export type Message = { readonly name: string; readonly fields: Readonly<Record<string, Field>> };

/** What is read of a field: numbers as numbers however they were written, a message that contains itself as plain JSON. */
export type Value<F> = F extends 'string' | 'bytes'
  ? string
  : F extends 'int32' | 'int64' | 'float'
    ? number
    : F extends 'bool'
      ? boolean
      : F extends { readonly enum: string; readonly values: readonly (infer V)[] }
        ? V
        : F extends { readonly list: infer G }
          ? readonly Value<G>[]
          : F extends { readonly map: infer G }
            ? Readonly<Record<string, Value<G>>>
            : F extends () => infer M
              ? Message extends M
                ? Body
                : M extends Message
                  ? Read<M>
                  : never
              : unknown;

/** A message as read: camelCase names whichever spelling was sent; what was absent or null is not there. */
export type Read<M extends Message> = { readonly [K in keyof M['fields']]?: Value<M['fields'][K]> };

/** Numbers that may be written as text, by their least and most. */
const RANGES = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  float: [-Number.MAX_VALUE, Number.MAX_VALUE],
} as const;

const SHOWN_MAX = 100;

/**
 * Reads JSON as Google's servers do: each name in camelCase or snake_case, null as absent, a number also as text, a single value for a
 * list of one, enum names in any case.
 * @throws ApiError 400 that names every unknown field and every value of a wrong type, as theirs does
 */
export function readMessage<M extends Message>(value: unknown, message: M): Read<M> {
  const found: Violation[] = [];
  const read = readObject(value, message, '', found);
  if (found.length > 0) throw invalidPayload(found);
  // Each field was read by its own kind, which is what the type says.
  return read as Read<M>;
}

function readObject(value: unknown, message: Message, at: string, found: Violation[]): Body {
  if (!isObject(value)) {
    found.push(wrongValue(at, TYPE_PREFIX + message.name, value));
    return {};
  }
  const read: Record<string, unknown> = {};
  const seen = new Set<string>();
  for (const [key, each] of Object.entries(value)) {
    const name = fieldName(key);
    const field = Object.hasOwn(message.fields, name) ? message.fields[name] : undefined;
    if (field === undefined || (key !== name && key !== snake(name))) found.push(refusedName(key, at, 'Cannot find field.'));
    else if (seen.has(name)) found.push(refusedName(key, at, 'The field is given twice.'));
    else if (given(each)) read[name] = readField(each, field, at === '' ? snake(name) : `${at}.${snake(name)}`, found);
    seen.add(name);
  }
  return read;
}

function readField(value: unknown, field: Field, at: string, found: Violation[]): unknown {
  if (field === 'json') return value;
  if (typeof field === 'object' && 'list' in field) {
    if (!Array.isArray(value)) return [readField(value, field.list, at, found)];
    return value.map((each: unknown, index) => readField(each, field.list, `${at}[${index}]`, found));
  }
  if (Array.isArray(value)) {
    const dot = at.lastIndexOf('.');
    found.push(refusedName(at.slice(dot + 1), at.slice(0, Math.max(0, dot)), 'Proto field is not repeating, cannot start list.'));
    return undefined;
  }
  if (typeof field === 'function') return readObject(value, field(), at, found);
  if (typeof field === 'string') return readScalar(value, field, at, found);
  if ('map' in field) {
    const entries = Object.entries(isObject(value) ? value : {});
    if (!isObject(value)) found.push(wrongValue(at, 'Map', value));
    return Object.fromEntries(entries.map(([name, each], index) => [name, readField(each, field.map, `${at}[${index}].value`, found)]));
  }
  const named = typeof value === 'string' ? value.toUpperCase() : '';
  if (!field.values.includes(named)) found.push(wrongValue(at, TYPE_PREFIX + field.enum, value));
  return named;
}

function readScalar(value: unknown, kind: Scalar, at: string, found: Violation[]): unknown {
  const type = `TYPE_${kind.toUpperCase()}`;
  if (kind === 'string' || kind === 'bytes') {
    const fits = kind === 'bytes' ? value === '' || isBase64(value) : typeof value === 'string';
    if (!fits) found.push(wrongValue(at, type, value));
    return value;
  }
  if (kind === 'bool') {
    if (typeof value !== 'boolean') found.push(wrongValue(at, type, value));
    return value;
  }
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  const [least, most] = RANGES[kind];
  const fits = typeof number === 'number' && number >= least && number <= most && (kind === 'float' || Number.isInteger(number));
  if (!fits) found.push(wrongValue(at, type, value));
  return number;
}

/** `max_output_tokens` and `maxOutputTokens` name the same field. */
function fieldName(key: string): string {
  return key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function refusedName(key: string, at: string, why: string): Violation {
  const where = at === '' ? '' : ` at '${at}'`;
  const description = `Invalid JSON payload received. Unknown name "${key.slice(0, SHOWN_MAX)}"${where}: ${why}`;
  return at === '' ? { description } : { field: at, description };
}

function wrongValue(at: string, type: string, value: unknown): Violation {
  const shown = JSON.stringify(value).slice(0, SHOWN_MAX);
  return { field: at, description: `Invalid value at '${at}' (${type}), ${shown}` };
}
