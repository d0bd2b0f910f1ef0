import type { Node, ObjectNode } from '../../packages/server/src/gateway/body/schema.ts';
import { type Scalar, WALK_LIMITS } from '../../packages/server/src/gateway/body/walked.ts';
import { jsonText, type Parsed, parseReference } from './reference-json.ts';

/** What the walker must find in a body that it takes. */
export type Expected = {
  readonly text: string;
  readonly whole: Parsed;
  readonly captured: ReadonlyMap<string, Scalar>;
  readonly counts: ReadonlyMap<string, number>;
  /** Source texts of the values that are media. */
  readonly media: readonly string[];
  readonly numberExpansion: number;
};

/** Longer names are not captured, longer numbers not read. */
const BYTES_MAX = 1024;

/** @returns what must be found, or, in words, why the body must be refused. Written from the schema's documentation, not from the walker. */
export function judge(schema: ObjectNode, body: Uint8Array): Expected | string {
  const text = jsonText(body);
  if (text === null) return 'it is not JSON in UTF-8';
  const whole = parseReference(text);
  if (whole.kind !== 'object') return 'it is no object';
  try {
    const judge = new Judge(text);
    judge.value(schema, whole, 1);
    return { text, whole, captured: judge.captured, counts: judge.counts, media: judge.media, numberExpansion: judge.numberExpansion };
  } catch (error) {
    if (error instanceof Refusal) return error.message;
    throw error;
  }
}

class Refusal extends Error {}

function need(holds: boolean, what: string): void {
  if (!holds) throw new Refusal(what);
}

class Judge {
  readonly #text: string;
  readonly captured = new Map<string, Scalar>();
  readonly counts = new Map<string, number>();
  readonly media: string[] = [];
  numberExpansion = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(declared: Node, parsed: Parsed, depth: number): void {
    const node = declared.kind === 'oneOf' ? declared.of.find((each) => takes(each, parsed)) : declared;
    if (node === undefined || !takes(node, parsed)) throw new Refusal(`a ${parsed.kind} stands where none may`);
    if (node.kind === 'oneOf') {
      this.value(node, parsed, depth);
      return;
    }
    if (parsed.kind === 'object' || parsed.kind === 'array') need(depth <= WALK_LIMITS.depthMax, 'it is too deep');
    if ('tally' in node && node.tally !== undefined) this.#add(node.tally, 1);
    if ('measure' in node && node.measure !== undefined)
      this.#add(node.measure, Buffer.byteLength(this.#text.slice(parsed.start, parsed.end)));
    if (parsed.kind === 'object') this.#object(node, parsed, depth);
    else if (parsed.kind === 'array') this.#array(node, parsed, depth);
    else this.#scalar(node, parsed);
  }

  #object(node: Node, { members }: Parsed, depth: number): void {
    const keys = members.map(({ key }) => key);
    need(new Set(keys).size === keys.length, 'a key stands twice');
    need(keys.length <= WALK_LIMITS.membersMax, 'it has too many members');
    for (const { key, value } of members) {
      need(key.isWellFormed(), 'a key is half a pair');
      const known = node.kind === 'object' ? (Object.hasOwn(node.fields, key) ? node.fields[key] : node.rest) : ANYTHING;
      if (known === undefined) throw new Refusal(`${key} is not in the schema`);
      this.value(known, value, depth + 1);
    }
    if (node.kind !== 'object') return;
    for (const name of node.required ?? []) need(keys.includes(name), `${name} is missing`);
    for (const set of node.exclusive ?? []) need(set.filter((name) => keys.includes(name)).length <= 1, 'fields exclude each other');
    const sets = node.requiredSets ?? [[]];
    need(
      sets.some((set) => set.every((name) => keys.includes(name))),
      'no set of fields is whole',
    );
  }

  #array(node: Node, { items }: Parsed, depth: number): void {
    for (const item of items) this.value(node.kind === 'array' ? node.items : ANYTHING, item, depth + 1);
    if (node.kind !== 'array') return;
    need(items.length >= (node.min ?? 0) && items.length <= (node.max ?? items.length), 'it has too few or too many elements');
    if (node.count !== undefined) this.#add(node.count, items.length);
  }

  #scalar(node: Exclude<Node, { kind: 'oneOf' }>, parsed: Parsed): void {
    const source = this.#text.slice(parsed.start, parsed.end);
    const capture = 'capture' in node ? node.capture : undefined;
    if (parsed.kind === 'string') this.#string(node, String(parsed.value), source.slice(1, -1), capture);
    if (parsed.kind === 'number') this.#number(node, Number(parsed.value), source);
    if (node.kind === 'boolean' && parsed.kind === 'boolean')
      need(node.only === undefined || node.only === parsed.value, 'not that boolean');
    if (capture === undefined) return;
    const found = parsed.kind === 'number' ? Number(parsed.value) + 0 : (parsed.value as Scalar);
    const isSame = 'same' in node && node.same === true && this.captured.has(capture);
    need(!isSame || this.captured.get(capture) === found, 'it is not the same everywhere');
    this.captured.set(capture, found);
  }

  #string(node: Node, text: string, raw: string, capture: string | undefined): void {
    const bytes = Buffer.byteLength(raw);
    if (node.kind === 'enum') {
      need(bytes <= BYTES_MAX && node.values.includes(text), 'it is none of the values');
      const tally = node.tallyOf !== undefined && Object.hasOwn(node.tallyOf, text) ? node.tallyOf[text] : undefined;
      if (tally !== undefined) this.#add(tally, 1);
    }
    if (node.kind === 'string') {
      need(bytes <= (node.bytesMax ?? (capture === undefined ? bytes : BYTES_MAX)), 'it is too long');
      need(raw.startsWith(node.prefix ?? ''), 'it begins otherwise');
      if (node.media === true) this.media.push(`"${raw}"`);
    }
    if (capture !== undefined) need(text.isWellFormed() && bytes <= Math.max(BYTES_MAX, bytesMaxOf(node)), 'a captured text is odd');
  }

  #number(node: Node, value: number, source: string): void {
    need(Number.isFinite(value) && source.length <= BYTES_MAX, 'a number is too large or too long');
    const exponent = /[eE]([+-]?\d+)$/.exec(source)?.[1];
    if (exponent !== undefined) this.numberExpansion += Math.min(Math.abs(Number(exponent)), 1100);
    if (node.kind === 'integer') need(/^-?\d+$/.test(source) && Number.isSafeInteger(value), 'it is no plain integer');
    if (node.kind === 'integer' || node.kind === 'number') {
      need(value >= (node.min ?? value) && value <= (node.max ?? value), 'it is out of its range');
    }
  }

  #add(name: string, amount: number): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + amount);
  }
}

const ANYTHING: Node = { kind: 'any' };

const bytesMaxOf = (node: Node): number => (node.kind === 'string' ? (node.bytesMax ?? 0) : 0);

function takes(node: Node, { kind }: Parsed): boolean {
  switch (node.kind) {
    case 'oneOf':
      return node.of.some((each) => takes(each, { kind } as Parsed));
    case 'any':
      return true;
    case 'forbidden':
      return kind === 'null' && node.nullable === true;
    default:
      return (kind === 'null' && node.nullable === true) || kind === KINDS[node.kind];
  }
}

const KINDS = {
  string: 'string',
  enum: 'string',
  integer: 'number',
  number: 'number',
  boolean: 'boolean',
  object: 'object',
  array: 'array',
} as const;
