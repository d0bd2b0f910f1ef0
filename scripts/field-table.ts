/** The allow-lists of request bodies as tables: one for each body, and one for each larger object inside, wherever it stands first. */
import type { Node, ObjectNode } from '../packages/server/src/gateway/body/schema.ts';
import type { EndpointSpec } from '../packages/server/src/gateway/providers/endpoint.ts';
import { distinct, isSpelling, noteOf, ruleWords, takesOf } from './field-words.ts';
import { anchor, code, table } from './markdown.ts';

/** An object with this many fields has a table of its own, one that stands in several places with fewer. */
const FIELDS_MIN = 6;
const SHARED_FIELDS_MIN = 4;

type Fields = ObjectNode['fields'];
type Place = { readonly node: ObjectNode; readonly spec: EndpointSpec; readonly at: string };
export type Section = { readonly heading: string; readonly text: string };

/** @param specs the routes of one dialect. */
export function fieldSections(specs: readonly EndpointSpec[]): readonly Section[] {
  const bodies = Map.groupBy(specs, ({ fields }) => fields.fields);
  const tables = new Tables(usesOf(specs));
  return [...bodies.values()].flatMap((same) => {
    const [spec] = same;
    if (spec === undefined) return [];
    const heading = `### Body of ${same.map(({ route }) => code(route)).join(' and ')}`;
    return [tables.section(heading, { node: spec.fields, spec, at: '' }), ...tables.pending()];
  });
}

/** In how many places each object stands. */
function usesOf(specs: readonly EndpointSpec[]): ReadonlyMap<Fields, number> {
  const uses = new Map<Fields, number>();
  const look = (node: Node): void => {
    if (node.kind === 'oneOf') for (const each of distinct(node.of)) look(each);
    if (node.kind === 'array') look(node.items);
    if (node.kind !== 'object') return;
    const before = uses.get(node.fields) ?? 0;
    uses.set(node.fields, before + 1);
    if (before > 0) return;
    for (const [, each] of ownFields(node)) look(each);
  };
  for (const { fields } of new Map(specs.map((spec) => [spec.fields, spec])).values()) look(fields);
  return uses;
}

class Tables {
  readonly #uses: ReadonlyMap<Fields, number>;
  readonly #headings = new Map<Fields, string>();
  #waiting: (Place & { readonly heading: string })[] = [];

  constructor(uses: ReadonlyMap<Fields, number>) {
    this.#uses = uses;
  }

  /** The tables of the objects that those before have referred to. */
  pending(): Section[] {
    const found: Section[] = [];
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) found.push(this.section(next.heading, next));
    return found;
  }

  section(heading: string, { node, spec, at }: Place): Section {
    const rows: string[][] = [];
    for (const [name, each] of ownFields(node)) this.#rows(each, { at, from: '', name, spec, required: node.required ?? [] }, rows);
    const rules = ruleWords(node).map((rule) => `It ${rule.replace(/^only/, 'may have only')}.`);
    return { heading, text: [...rules, table(['Field', 'Takes', 'What policy does'], rows)].join('\n\n') };
  }

  #rows(node: Node, field: FieldOf, rows: string[][]): void {
    const { at, name, spec, required, from } = field;
    const path = from === '' ? name : `${from}.${name}`;
    const place = at === '' ? path : `${at}.${path}`;
    const takes = takesOf(node, (object) => this.#ref(object, spec, place + listPart(node, object)));
    rows.push([
      code(path),
      required.includes(name) ? `${takes}; must be there` : takes,
      noteOf(node, spec, (object) => this.#hasOwn(object)),
    ]);
    for (const [object, list] of objectsIn(node)) {
      if (this.#hasOwn(object)) continue;
      for (const [inner, each] of ownFields(object)) {
        this.#rows(each, { at, from: path + list, name: inner, spec, required: object.required ?? [] }, rows);
      }
    }
  }

  /** @returns a link to the object's own table, which is made where nobody has asked for it yet. */
  #ref(node: ObjectNode, spec: EndpointSpec, at: string): string | null {
    if (!this.#hasOwn(node)) return null;
    const heading = this.#headings.get(node.fields) ?? `#### ${code(at)} of ${code(spec.route)}`;
    if (!this.#headings.has(node.fields)) {
      this.#headings.set(node.fields, heading);
      this.#waiting.push({ node, spec, at, heading });
    }
    return `[object](#${anchor(heading.replace(/^#+ /, ''))})`;
  }

  #hasOwn({ fields }: ObjectNode): boolean {
    const size = Object.keys(fields).length;
    return size >= FIELDS_MIN || (size >= SHARED_FIELDS_MIN && (this.#uses.get(fields) ?? 0) > 1);
  }
}

type FieldOf = {
  /** Where the table's object stands in the body. */
  readonly at: string;
  /** Where the field's own object stands in that. */
  readonly from: string;
  readonly name: string;
  readonly spec: EndpointSpec;
  readonly required: readonly string[];
};

/** The fields of an object, each in one spelling; `*` stands for any other name. */
function ownFields({ fields, exclusive, rest }: ObjectNode): [string, Node][] {
  const own = Object.entries(fields).filter(([name]) => !isSpelling(fields, exclusive, name));
  return rest === undefined ? own : [...own, ['*', rest]];
}

/** The objects that a value can be or hold, with the brackets of the lists that they stand in. */
function objectsIn(node: Node, list = ''): [ObjectNode, string][] {
  if (node.kind === 'object') return [[node, list]];
  if (node.kind === 'array') return objectsIn(node.items, `${list}[]`);
  return node.kind === 'oneOf' ? distinct(node.of).flatMap((each) => objectsIn(each, list)) : [];
}

function listPart(node: Node, object: ObjectNode): string {
  return objectsIn(node).find(([each]) => each.fields === object.fields)?.[1] ?? '';
}
