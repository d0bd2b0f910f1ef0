/**
 * The allow-list of a request body, as data. A body is accepted only where every value in it is named here:
 * what is not known cannot be bounded, so it is refused before anything is held or sent.
 *
 * Common to all nodes:
 * - `nullable`: JSON `null` is accepted too.
 * - `capture`: the scalar is kept under this name (`WalkedBody.captured`). A node inside an array may match many times: the last one wins,
 *   or, with `same`, every other value is FIELD_INVALID.
 * - `tally`: each match of this node (null included) adds one to this name in `WalkedBody.counts`.
 * - `measure`: the bytes of each match are added to this name in `WalkedBody.counts`.
 */
type Common = {
  readonly nullable?: boolean;
  readonly capture?: string;
  readonly same?: boolean;
  readonly tally?: string;
  readonly measure?: string;
};

/** Any JSON value. Depth, duplicate keys and encoding are still checked. */
export type AnyNode = Common & { readonly kind: 'any' };
/**
 * `bytesMax` counts the raw bytes between the quotes, escapes included. `prefix`: what the text must begin with, unescaped ASCII; any
 * other is refused with `reason` as FIELD_NOT_ALLOWED. `media`: the value is data that no tokenizer reads as text (an image, a PDF): its
 * span is recorded (`WalkedBody.media`).
 */
export type StringNode = Common & {
  readonly kind: 'string';
  readonly bytesMax?: number;
  readonly prefix?: string;
  readonly reason?: string;
  readonly media?: boolean;
};
/** Written as plain digits (no fraction, no exponent: parsers disagree on those), within ±(2^53 − 1). */
export type IntegerNode = Common & { readonly kind: 'integer'; readonly min?: number; readonly max?: number };
/** Any JSON number that is finite as a double. */
export type NumberNode = Common & { readonly kind: 'number'; readonly min?: number; readonly max?: number };
/** `only`: the single value that is allowed; the other is refused with `reason` as FIELD_NOT_ALLOWED. */
export type BooleanNode = Common & { readonly kind: 'boolean'; readonly only?: boolean; readonly reason?: string };
/**
 * One of some strings. With `reason`, other strings are FIELD_NOT_ALLOWED (they may cost), else FIELD_INVALID (they are wrong).
 * `tallyOf`: a value that is named here adds one to that name in `WalkedBody.counts`.
 */
export type EnumNode = Common & {
  readonly kind: 'enum';
  readonly values: readonly string[];
  readonly reason?: string;
  readonly tallyOf?: Readonly<Record<string, string>>;
};
export type ObjectNode = Common & {
  readonly kind: 'object';
  readonly fields: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  /** At least one of these sets of fields must be there whole. */
  readonly requiredSets?: readonly (readonly string[])[];
  /** Of each of these sets of fields at most one may be there. */
  readonly exclusive?: readonly (readonly string[])[];
  /** What a field that is not in `fields` must be; absent: such a field is FIELD_NOT_ALLOWED. */
  readonly rest?: Node;
  /** Top-level fields only: the members' spans are recorded too, so that `splice` can edit inside (`WalkedBody.nested`). */
  readonly spans?: boolean;
};
/** `count`: the number of elements is added to this name in `WalkedBody.counts`. */
export type ArrayNode = Common & {
  readonly kind: 'array';
  readonly items: Node;
  readonly min?: number;
  readonly max?: number;
  readonly count?: string;
};
/** Alternatives, chosen by the JSON type of the value, so no two may take the same type. */
export type OneOfNode = { readonly kind: 'oneOf'; readonly of: readonly Node[] };
/** A known field that is refused whatever its value; `reason` is shown. A `null` is taken where `nullable` says so. */
export type ForbiddenNode = { readonly kind: 'forbidden'; readonly reason: string; readonly nullable?: boolean };

export type Node =
  | AnyNode
  | StringNode
  | IntegerNode
  | NumberNode
  | BooleanNode
  | EnumNode
  | ObjectNode
  | ArrayNode
  | OneOfNode
  | ForbiddenNode;

export type JsonType = 'string' | 'number' | 'boolean' | 'null' | 'object' | 'array';

const TYPES: Record<Exclude<Node['kind'], 'any' | 'oneOf' | 'forbidden'>, JsonType> = {
  string: 'string',
  enum: 'string',
  integer: 'number',
  number: 'number',
  boolean: 'boolean',
  object: 'object',
  array: 'array',
};

/** @returns whether a value of this JSON type is for this node (its content is checked later). */
export function takesType(node: Node, type: JsonType): boolean {
  if (node.kind === 'oneOf') return node.of.some((each) => takesType(each, type));
  if (type === 'null' && node.nullable === true) return true;
  if (node.kind === 'any') return true;
  return node.kind !== 'forbidden' && TYPES[node.kind] === type;
}

/** @returns the JSON types that the node takes, in words, for messages. */
export function typesOf(node: Node): string {
  const all: JsonType[] = ['string', 'number', 'boolean', 'object', 'array', 'null'];
  const named = all.filter((type) => takesType(node, type)).map((type) => (type === 'number' && isInteger(node) ? 'integer' : type));
  return named.join(' or ');
}

function isInteger(node: Node): boolean {
  return node.kind === 'integer' || (node.kind === 'oneOf' && node.of.some(isInteger));
}
