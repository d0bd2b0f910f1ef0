import type { Node, ObjectNode } from '../../body/schema.ts';
import {
  ANY,
  array,
  BOOLEAN,
  FUNCTIONS_ONLY,
  forbidden,
  object,
  oneOf,
  outputLimit,
  REWRITTEN,
  REWRITTEN_TEXT,
  STORED_STATE,
  STRING,
  STRING_OR_NULL,
  values,
} from '../nodes.ts';
import { COMMON, IMAGE_DETAIL, IMAGE_URL, TEXT_OR_IMAGE, TOOL_CHOICE } from './nodes.ts';

const part = object(
  {
    type: { kind: 'enum', values: ['input_text', 'output_text', 'refusal', 'input_image', 'reasoning_text'], reason: TEXT_OR_IMAGE },
    text: STRING,
    refusal: STRING,
    image_url: IMAGE_URL,
    detail: IMAGE_DETAIL,
    file_id: forbidden(STORED_STATE),
    annotations: ANY,
    logprobs: ANY,
    // `parsed` and `parsed_arguments` are what the official SDK's parser adds to items that callers pass back.
    parsed: ANY,
  },
  { required: ['type'], tally: 'messages' },
);

const ITEMS = 'only messages, function calls, their outputs and encrypted reasoning carry all their content in the request';

const item = object(
  {
    // What encrypted reasoning stands for in tokens its bytes do not tell: then only the window bounds the call.
    type: {
      kind: 'enum',
      values: ['message', 'function_call', 'function_call_output', 'reasoning'],
      reason: ITEMS,
      tallyOf: { reasoning: 'opaque' },
    },
    role: values('system', 'developer', 'user', 'assistant'),
    content: oneOf(STRING, array(part)),
    id: STRING_OR_NULL,
    status: STRING_OR_NULL,
    phase: STRING_OR_NULL,
    call_id: STRING,
    name: STRING,
    arguments: REWRITTEN_TEXT,
    output: oneOf(STRING, array(part)),
    parsed_arguments: REWRITTEN,
    summary: array(object({ type: values('summary_text'), text: STRING })),
    encrypted_content: { kind: 'string', tally: 'opaque' },
    caller: object({ type: { kind: 'enum', values: ['direct'], reason: FUNCTIONS_ONLY } }, { nullable: true }),
  },
  {
    tally: 'messages',
    // A summary makes an item reasoning, so the fields of other items must not stand in for its content.
    exclusive: [
      ['summary', 'role'],
      ['summary', 'call_id'],
    ],
    // An item without content of its own is a reference to one that the provider has stored: of any size, and not in this request.
    requiredSets: [
      ['role', 'content'],
      ['call_id', 'name', 'arguments'],
      ['call_id', 'output'],
      ['summary', 'encrypted_content'],
    ],
  },
);

const tool = object(
  {
    type: { kind: 'enum', values: ['function'], reason: FUNCTIONS_ONLY },
    name: STRING,
    description: STRING_OR_NULL,
    parameters: ANY,
    strict: BOOLEAN,
  },
  { required: ['type', 'name'], tally: 'tools' },
);

const fields: Readonly<Record<string, Node>> = {
  ...COMMON,
  input: oneOf({ kind: 'string', tally: 'messages' }, array(item, { min: 1 })),
  instructions: { kind: 'string', nullable: true, tally: 'messages' },
  max_output_tokens: outputLimit('max_output_tokens'),
  include: array(
    { kind: 'enum', values: ['message.output_text.logprobs', 'reasoning.encrypted_content'], reason: FUNCTIONS_ONLY },
    { nullable: true },
  ),
  reasoning: object({ effort: STRING_OR_NULL, summary: STRING_OR_NULL, generate_summary: STRING_OR_NULL }, { nullable: true }),
  stream_options: object({ include_obfuscation: BOOLEAN }, { nullable: true }),
  text: object({ format: ANY, verbosity: STRING_OR_NULL }, { nullable: true, tally: 'tools' }),
  tools: array(tool, { nullable: true }),
  tool_choice: TOOL_CHOICE,
  truncation: values('auto', 'disabled'),
  background: { kind: 'boolean', nullable: true, only: false, reason: STORED_STATE },
  context_management: forbidden(STORED_STATE),
  conversation: forbidden(STORED_STATE),
  previous_response_id: forbidden(STORED_STATE),
  prompt: forbidden(STORED_STATE),
  max_tool_calls: forbidden(FUNCTIONS_ONLY),
};

/** What `POST /v1/responses` takes under a cap. */
export const RESPONSES_FIELDS: ObjectNode = object(fields, { required: ['model', 'input'] });
