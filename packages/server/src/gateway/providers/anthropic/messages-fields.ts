import type { Node, ObjectNode } from '../../body/schema.ts';
import {
  ANY,
  allForbidden,
  array,
  FUNCTIONS_ONLY,
  forbidden,
  INTEGER,
  MODEL,
  NUMBER,
  OTHER_PRICE,
  object,
  oneOf,
  outputLimit,
  STORED_STATE,
  STREAM,
  STRING,
  STRING_OR_NULL,
  values,
} from '../nodes.ts';
import { BLOCK, CACHE_CONTROL, TEXT_BLOCK } from './content-fields.ts';
import { TOOL, TOOL_CHOICE } from './tool-fields.ts';

const message = object(
  { role: values('user', 'assistant', 'system'), content: oneOf(STRING, array(BLOCK)) },
  { required: ['role', 'content'], tally: 'messages' },
);

/** The provider adds prompt text of its own for a schema, within the window and a count; the frame of a tool stands for it. */
const format = object({ type: values('json_schema'), schema: ANY }, { nullable: true, tally: 'tools' });
/** Only advice to the model, beside `max_tokens`; but its countdown is written into the prompt by the provider. */
const taskBudget = object({ type: values('tokens'), total: INTEGER, remaining: INTEGER }, { nullable: true, tally: 'opaque' });

const thinking = object(
  {
    type: {
      kind: 'enum',
      values: ['enabled', 'disabled', 'adaptive'],
      reason: 'that `max_tokens` bounds the thinking is known for enabled, disabled and adaptive only',
    },
    budget_tokens: { kind: 'integer', nullable: true, capture: 'budget_tokens' },
    display: values('summarized', 'omitted'),
  },
  { required: ['type'] },
);

/** What the count endpoint takes too. */
const counted: Readonly<Record<string, Node>> = {
  model: MODEL,
  messages: array(message, { min: 1 }),
  system: oneOf({ kind: 'string', tally: 'messages' }, array(TEXT_BLOCK)),
  tools: array(TOOL),
  tool_choice: TOOL_CHOICE,
  thinking,
  cache_control: CACHE_CONTROL,
  output_config: object({ effort: STRING_OR_NULL, format, task_budget: taskBudget }),
  output_format: format,
  speed: { kind: 'enum', values: ['standard'], nullable: true, reason: 'fast output has another price' },
};

const fields: Readonly<Record<string, Node>> = {
  ...counted,
  max_tokens: outputLimit('max_tokens'),
  metadata: object({ user_id: STRING_OR_NULL }),
  stop_sequences: array(STRING),
  stream: STREAM,
  temperature: NUMBER,
  top_k: INTEGER,
  top_p: NUMBER,
  // `auto`, which is what holds without the field, takes capacity that the key's owner has bought before; neither adds a price.
  service_tier: { kind: 'enum', values: ['auto', 'standard_only'], reason: OTHER_PRICE },
  inference_geo: { kind: 'enum', values: ['global'], nullable: true, reason: 'other regions have other prices' },
  ...allForbidden(STORED_STATE, 'container', 'thread'),
  ...allForbidden('it makes the provider run further passes over the history', 'compaction', 'context_management'),
  ...allForbidden('another model would answer at another price', 'fallbacks', 'fallback_credit_token'),
  mcp_servers: forbidden(FUNCTIONS_ONLY),
  billing_policy: forbidden('who pays is decided here'),
  diagnostics: forbidden('it looks into an earlier request of the same key, which may be another caller’s'),
};

/** What `POST /v1/messages` takes under a cap. */
export const MESSAGES_FIELDS: ObjectNode = object(fields, { required: ['model', 'messages'] });

/** What `POST /v1/messages/count_tokens` takes: whatever else a request for messages names is no part of its input. */
export const COUNT_TOKENS_FIELDS: ObjectNode = object(counted, { required: ['model', 'messages'] });
