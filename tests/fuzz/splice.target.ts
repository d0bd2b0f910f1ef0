import type { ObjectNode } from '../../packages/server/src/gateway/body/schema.ts';
import { type Edit, splice } from '../../packages/server/src/gateway/body/splice.ts';
import { walkBody } from '../../packages/server/src/gateway/body/walk.ts';
import { between, pick } from '../support/random.ts';
import { BODIES } from './corpus.ts';
import { jsonMaker } from './make.ts';
import { jsonText, type Parsed, parseReference } from './reference-json.ts';
import { choicesOf, must, type Random, type Target } from './target.ts';

const SPANS: ObjectNode = { kind: 'object', fields: {}, rest: { kind: 'any' }, spans: true };
/** Takes any object, and records what stands in each of its fields, so that edits may go anywhere. */
const OPEN: ObjectNode = { kind: 'object', fields: {}, rest: { kind: 'oneOf', of: [SPANS, { kind: 'any' }] } };

const VALUES = ['1', 'true', '"new"', '{"a":[1,2]}', '18446744073709551616', null, null];
const NAMES = ['max_tokens', 'stream_options', 'generationConfig', 'new one', '"', 'é', '__proto__', ''];

/** A field and its source text; of an object whose fields are compared one by one, those. */
type Field = { readonly key: string; readonly source: string; readonly inner: readonly Field[] | null };

/**
 * After a splice the edited fields are what the edits say, all others are where they were, in the bytes they were in.
 * @param edit another splice, to see the oracle fail.
 */
export function spliceTarget(edit: typeof splice = splice): Target {
  return {
    name: 'splice',
    share: 6,
    make: jsonMaker(BODIES),
    check: (input) => {
      const before = fieldsOf(input);
      if (before === null) return;
      const edits = editsOf(before, choicesOf(input));
      const output = edit(input, walkBody(input, OPEN), edits);
      const after = fieldsOf(output);
      must(after !== null, 'what it makes is no JSON object, or has a key twice');
      const expected = edits.toSorted((a, b) => Number(makesObject(before, a)) - Number(makesObject(before, b))).reduce(applied, before);
      must(JSON.stringify(after) === JSON.stringify(expected), `makes other fields for ${JSON.stringify(edits)}`);
      checkBytes(input, output, edits);
    },
  };
}

/** @returns null where the walker would not take it: that is another target's business. */
function fieldsOf(body: Uint8Array): Field[] | null {
  const text = jsonText(body);
  if (text === null) return null;
  try {
    walkBody(body, OPEN);
  } catch {
    return null;
  }
  return membersOf(text, parseReference(text), true);
}

function membersOf(text: string, { members }: Parsed, isTop: boolean): Field[] {
  return members.map(({ key, value }): Field => {
    const source = text.slice(value.start, value.end);
    return isTop && value.kind === 'object' ? { key, source: '', inner: membersOf(text, value, false) } : { key, source, inner: null };
  });
}

function editsOf(fields: readonly Field[], random: Random): Edit[] {
  const edits = new Map<string, Edit>();
  for (let left = between(random, 0, 3); left > 0; left -= 1) {
    const key = fields.length > 0 && random() < 0.6 ? pick(random, fields).key : pick(random, NAMES);
    const field = fields.find((each) => each.key === key);
    const isInside = random() < 0.4 && (field === undefined || field.inner !== null || field.source === 'null');
    const inner = field?.inner ?? [];
    const name = inner.length > 0 && random() < 0.6 ? pick(random, inner).key : pick(random, NAMES);
    // Two edits of one field, or of a field and of what stands in it, are a fault of the caller's.
    const others = Array.from(edits.values(), ({ path }) => path);
    if (others.some((path) => path[0] === key && (!isInside || path.length === 1 || path[1] === name))) continue;
    edits.set(`${key}\n${name}`, { path: isInside ? [key, name] : [key], json: pick(random, VALUES) });
  }
  return [...edits.values()];
}

function applied(fields: readonly Field[], { path: [key, name], json }: Edit): Field[] {
  const field = fields.find((each) => each.key === key);
  if (name === undefined) return changed(fields, key, json === null ? null : fieldOf(key, json));
  const inner = changed(field?.inner ?? [], name, json === null ? null : { key: name, source: json, inner: null });
  // Nothing is put in the place of what is not there.
  if (field?.inner == null && inner.length === 0) return [...fields];
  return changed(fields, key, { key, source: '', inner });
}

/** Objects that an edit makes are put in after all other new fields. */
function makesObject(fields: readonly Field[], { path: [key, name] }: Edit): boolean {
  return name !== undefined && fields.every((field) => field.key !== key);
}

function fieldOf(key: string, json: string): Field {
  const text = `{"x":${json}}`;
  const [field] = membersOf(text, parseReference(text), true);
  return { key, source: field?.source ?? '', inner: field?.inner ?? null };
}

function changed(fields: readonly Field[], key: string, to: Field | null): Field[] {
  if (to === null) return fields.filter((field) => field.key !== key);
  return fields.some((field) => field.key === key) ? fields.map((field) => (field.key === key ? to : field)) : [...fields, to];
}

/** One edit touches one place: what stands before it and after it is the same, byte for byte. */
function checkBytes(input: Uint8Array, output: Uint8Array, edits: readonly Edit[]): void {
  if (edits.length === 0) must(output === input, 'makes a new body where nothing changes');
  if (edits.length !== 1) return;
  const shorter = Math.min(input.length, output.length);
  let head = 0;
  while (head < shorter && input[head] === output[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && input[input.length - 1 - tail] === output[output.length - 1 - tail]) tail += 1;
  const { json, path } = edits[0] as Edit;
  const added = output.length - head - tail;
  const most =
    (json?.length ?? 0) + path.reduce((sum, name) => sum + Buffer.byteLength(JSON.stringify(name)) + 4, 0) + Buffer.byteLength(json ?? '');
  must(added <= most, 'changes more than the edited field');
}
