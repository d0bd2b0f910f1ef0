import type { ArrayNode, Node, ObjectNode } from '../body/schema.ts';

/** Short words for the allow-lists of all dialects. */
export const ANY: Node = { kind: 'any' };
export const STRING: Node = { kind: 'string' };
/** What a provider reads and writes anew before its model does. */
export const REWRITTEN: Node = { kind: 'any', measure: 'rendered' };
export const REWRITTEN_TEXT: Node = { kind: 'string', measure: 'rendered' };
export const STRING_OR_NULL: Node = { kind: 'string', nullable: true };
export const NUMBER: Node = { kind: 'number', nullable: true };
export const INTEGER: Node = { kind: 'integer', nullable: true };
export const BOOLEAN: Node = { kind: 'boolean', nullable: true };

export const object = (fields: Readonly<Record<string, Node>>, more: Partial<ObjectNode> = {}): ObjectNode => ({
  kind: 'object',
  fields,
  ...more,
});
export const array = (items: Node, more: Partial<ArrayNode> = {}): ArrayNode => ({ kind: 'array', items, ...more });
export const oneOf = (...of: readonly Node[]): Node => ({ kind: 'oneOf', of });
export const values = (...all: readonly string[]): Node => ({ kind: 'enum', values: all, nullable: true });
export const forbidden = (reason: string): Node => ({ kind: 'forbidden', reason, nullable: true });

/** Each of these fields is refused for the same reason. */
export const allForbidden = (reason: string, ...names: readonly string[]): Readonly<Record<string, Node>> =>
  Object.fromEntries(names.map((name) => [name, forbidden(reason)]));

/** A captured output limit, in tokens. */
export const outputLimit = (capture: string): Node => ({ kind: 'integer', min: 1, nullable: true, capture });

export const MODEL: Node = { kind: 'string', capture: 'model', bytesMax: 256 };
export const STREAM: Node = { kind: 'boolean', nullable: true, capture: 'stream' };

export const TEXT_ONLY = 'only text can be bounded before the call here';
export const FUNCTIONS_ONLY = 'tools that run at the provider have no bound; function tools are fine';
export const STORED_STATE = 'state stored at the provider has no bound that can be known before the call';
export const REMOTE = 'what an address or a file id stands for can change until the provider reads it; send the data itself';
export const OTHER_PRICE = 'other tiers have other prices';
