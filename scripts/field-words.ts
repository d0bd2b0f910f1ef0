/** What one node of an allow-list says, in the words of docs/reference/dialects.md. */
import type { ArrayNode, EnumNode, Node, ObjectNode, StringNode } from '../packages/server/src/gateway/body/schema.ts';
import type { EndpointSpec } from '../packages/server/src/gateway/providers/endpoint.ts';
import { code } from './markdown.ts';

/** How a field's matches count towards the bound; the page's legend says what each means. */
const TALLIES: Readonly<Record<string, string>> = {
  messages: '*message*',
  tools: '*tool*',
  inputs: '*input*',
  images: '*image*',
  opaque: '*opaque*',
  citations: 'answers that quote are cut by their length alone, not as an overrun',
  rendered: '*rendered*',
};

const CAPTURES: Readonly<Record<string, string>> = {
  n: 'multiplies the bound of the output',
  stream: 'streams the answer',
  include_usage: 'always sent as `true` with streams; who did not ask for it does not see it',
  budget_tokens: 'must be below the output limit that is sent, and raises the one that is put in',
};

const IN_LINE_MAX = 8;

/** @param ref what stands in the place of "object" where the object has a section of its own; null: it has none. */
export function takesOf(node: Node, ref: (node: ObjectNode) => string | null): string {
  if (node.kind === 'forbidden') return node.nullable === true ? '**refused**, or null' : '**refused**';
  if (node.kind === 'oneOf') {
    const kinds = distinct(node.of);
    const words = kinds.map((each) => takesOf(each, ref));
    return [...words, ...(kinds.length < node.of.length ? ['one alone'] : [])].join(', or ');
  }
  const words = wordsOf(node, ref);
  return node.nullable === true ? `${words}, or null` : words;
}

function wordsOf(node: Exclude<Node, { kind: 'oneOf' | 'forbidden' }>, ref: (node: ObjectNode) => string | null): string {
  switch (node.kind) {
    case 'any':
      return 'any JSON';
    case 'string':
      return stringWords(node);
    case 'integer':
    case 'number':
      return node.kind + range(node.min, node.max);
    case 'boolean':
      return node.only === undefined ? 'boolean' : `${code(String(node.only))} only`;
    case 'enum':
      return enumWords(node);
    case 'object':
      return ref(node) ?? (node.rest === undefined ? 'object' : 'object of any names');
    case 'array':
      return `array${lengths(node)} of ${inBrackets(takesOf(node.items, ref))}`;
  }
}

/** What several words say together is told from what follows it. */
function inBrackets(words: string): string {
  return words.includes(', or ') ? `(${words})` : words;
}

/** A list of objects, or one such object alone: it is told once, as the list. */
export function distinct(of: readonly Node[]): readonly Node[] {
  const listed = of.flatMap((node) => (node.kind === 'array' && node.items.kind === 'object' ? [node.items.fields] : []));
  return of.filter((node) => node.kind !== 'object' || !listed.includes(node.fields));
}

function stringWords({ bytesMax, prefix, media }: StringNode): string {
  const what = media === true ? 'data as a string' : 'string';
  const length = bytesMax === undefined ? '' : ` of at most ${bytesMax} bytes`;
  return what + length + (prefix === undefined ? '' : ` that begins with ${code(prefix)}`);
}

function enumWords({ values, tallyOf }: EnumNode): string {
  const groups = Map.groupBy(values, (value) => tallyOf?.[value] ?? '');
  const words = [...groups].map(([tally, each]) => listed(each) + (tally === '' ? '' : ` (each: ${tallyWords(tally)})`));
  return words.join('<br>or ');
}

/** Long lists are broken into lines: a cell of a table is not wrapped at every place. */
export function listed(values: readonly string[]): string {
  const lines = Array.from({ length: Math.ceil(values.length / IN_LINE_MAX) }, (_, i) =>
    values
      .slice(i * IN_LINE_MAX, (i + 1) * IN_LINE_MAX)
      .map(code)
      .join(' '),
  );
  return lines.join('<br>');
}

function range(min: number | undefined, max: number | undefined): string {
  if (min === undefined) return max === undefined ? '' : ` up to ${max}`;
  return max === undefined ? ` from ${min}` : ` from ${min} to ${max}`;
}

function lengths({ min, max }: ArrayNode): string {
  if (min === undefined) return max === undefined ? '' : ` (at most ${max})`;
  return max === undefined ? ` (at least ${min})` : ` (${min} to ${max})`;
}

/**
 * What policy makes of the field, and why it refuses what it refuses.
 * @param hasOwn whether an object has a section of its own, where its rules stand.
 */
export function noteOf(node: Node, spec: EndpointSpec, hasOwn: (node: ObjectNode) => boolean): string {
  return [...new Set(notes(node, spec, hasOwn))].join('; ');
}

function notes(node: Node, spec: EndpointSpec, hasOwn: (node: ObjectNode) => boolean): string[] {
  if (node.kind === 'forbidden') return [node.reason];
  if (node.kind === 'oneOf') return distinct(node.of).flatMap((each) => notes(each, spec, hasOwn));
  const found: string[] = [];
  if (node.capture !== undefined) found.push(captureWords(node.capture, spec));
  if (node.tally !== undefined) found.push(tallyWords(node.tally));
  if (node.measure !== undefined) found.push(tallyWords(node.measure));
  if (node.kind === 'array') {
    if (node.count !== undefined) found.push(`each: ${tallyWords(node.count)}`);
    const ofItems = notes(node.items, spec, hasOwn);
    found.push(...ofItems.map((note) => (node.items.kind === 'object' ? `each: ${note}` : note)));
  }
  if ((node.kind === 'enum' || node.kind === 'string' || node.kind === 'boolean') && node.reason !== undefined) {
    found.push(`any other is refused: ${node.reason}`);
  }
  if (node.kind === 'object' && !hasOwn(node)) found.push(...ruleWords(node));
  return found;
}

function captureWords(name: string, spec: EndpointSpec): string {
  if (name === 'model') return spec.route.includes('{model}') ? 'must name the model of the path' : 'the model';
  const place = spec.outputFields.findIndex((path) => path.at(-1) === name);
  if (place === 0) return 'limits output: put in where it is absent, lowered where it is too large';
  if (place > 0) return `limits output: an older name of ${code(spec.outputFields[0]?.at(-1) ?? '')}`;
  return known(CAPTURES, name);
}

function tallyWords(name: string): string {
  return known(TALLIES, name);
}

/** A new word of policy must be explained before it can be documented. */
function known(words: Readonly<Record<string, string>>, name: string): string {
  const found = words[name];
  if (found === undefined) throw new Error(`the page of dialects has no words for \`${name}\``);
  return found;
}

/** Which fields must be there, and which not together; both spellings of one field are told once for the whole dialect. */
export function ruleWords({ fields, requiredSets, exclusive }: ObjectNode): string[] {
  const found: string[] = [];
  const sets = (requiredSets ?? []).filter((set) => !set.some((name) => isSpelling(fields, exclusive, name)));
  if (sets.length > 0) found.push(`must have ${sets.map((set) => set.map(code).join(' and ')).join(', or ')}`);
  const apart = (exclusive ?? []).map((set) => set.filter((name) => !isSpelling(fields, exclusive, name))).filter((set) => set.length > 1);
  for (const set of apart) found.push(`only one of ${set.map(code).join(', ')}`);
  return found;
}

/** @returns whether the name is the snake_case of a field that has a row of its own. */
export function isSpelling(fields: ObjectNode['fields'], exclusive: ObjectNode['exclusive'], name: string): boolean {
  const pair = exclusive?.find((set) => set.includes(name) && set[0] !== name);
  const [first] = pair ?? [];
  return name.includes('_') && first !== undefined && camel(name) === first && fields[first] === fields[name];
}

function camel(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
