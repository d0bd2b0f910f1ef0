import type { ArrayNode, Node, ObjectNode } from '../../body/schema.ts';

/** Short words for the allow-lists of this dialect. */
export const ANY: Node = { kind: 'any' };
export const STRING: Node = { kind: 'string' };
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

export const TEXT_ONLY = 'only text can be bounded before the call here';
export const FUNCTIONS_ONLY = 'tools that run at the provider have no bound; function tools are fine';
export const STORED_STATE = 'state stored at the provider has no bound that can be known before the call';

/** A captured output limit, in tokens. */
export const outputLimit = (capture: string): Node => ({ kind: 'integer', min: 1, nullable: true, capture });

/** Fields that every text endpoint of the dialect takes and that change no token count. */
export const COMMON: Readonly<Record<string, Node>> = {
  model: { kind: 'string', capture: 'model', bytesMax: 256 },
  metadata: object({}, { rest: STRING, nullable: true }),
  parallel_tool_calls: BOOLEAN,
  prompt_cache_key: STRING_OR_NULL,
  safety_identifier: STRING_OR_NULL,
  service_tier: { kind: 'enum', values: ['auto', 'default'], nullable: true, reason: 'other tiers have other prices' },
  store: BOOLEAN,
  stream: { kind: 'boolean', nullable: true, capture: 'stream' },
  temperature: NUMBER,
  top_p: NUMBER,
  top_logprobs: INTEGER,
  user: STRING_OR_NULL,
};

const toolChoice = object({ type: values('function'), name: STRING, function: object({ name: STRING }) });
export const TOOL_CHOICE: Node = oneOf(values('none', 'auto', 'required'), toolChoice);
