import type { Node, ObjectNode } from '../../body/schema.ts';
import {
  ANY,
  array,
  BOOLEAN,
  FUNCTIONS_ONLY,
  forbidden,
  INTEGER,
  NUMBER,
  object,
  oneOf,
  outputLimit,
  REWRITTEN,
  REWRITTEN_TEXT,
  STRING,
  STRING_OR_NULL,
  TEXT_ONLY,
  values,
} from '../nodes.ts';
import { COMMON, IMAGE_DETAIL, IMAGE_URL, TEXT_OR_IMAGE, TOOL_CHOICE } from './nodes.ts';

const part = object(
  {
    type: { kind: 'enum', values: ['text', 'refusal', 'image_url'], reason: TEXT_OR_IMAGE },
    text: STRING,
    refusal: STRING,
    image_url: object({ url: IMAGE_URL, detail: IMAGE_DETAIL }, { required: ['url'] }),
    input_audio: forbidden(TEXT_OR_IMAGE),
    file: forbidden(TEXT_OR_IMAGE),
  },
  { required: ['type'], tally: 'messages' },
);
// `parsed` and `parsed_arguments` are what the official SDK's parser adds to messages that callers pass back.
// Servers read the arguments and write them anew into their prompt.
const call = object({ name: STRING, arguments: REWRITTEN_TEXT, parsed_arguments: REWRITTEN });
const toolCall = object({
  id: STRING,
  type: { kind: 'enum', values: ['function'], reason: FUNCTIONS_ONLY },
  function: call,
  index: INTEGER,
});

const message = object(
  {
    role: values('system', 'developer', 'user', 'assistant', 'tool', 'function'),
    content: oneOf(STRING_OR_NULL, array(part)),
    name: STRING_OR_NULL,
    refusal: STRING_OR_NULL,
    tool_call_id: STRING,
    tool_calls: array(toolCall, { nullable: true }),
    function_call: { ...call, nullable: true },
    annotations: ANY,
    parsed: ANY,
    audio: forbidden(TEXT_ONLY),
  },
  { required: ['role'], tally: 'messages' },
);

const definition = object({ name: STRING, description: STRING, parameters: ANY, strict: BOOLEAN }, { required: ['name'], tally: 'tools' });
const tool = object(
  { type: { kind: 'enum', values: ['function'], reason: FUNCTIONS_ONLY }, function: definition },
  { required: ['type', 'function'] },
);

const fields: Readonly<Record<string, Node>> = {
  ...COMMON,
  messages: array(message, { min: 1 }),
  max_completion_tokens: outputLimit('max_completion_tokens'),
  max_tokens: outputLimit('max_tokens'),
  n: { kind: 'integer', min: 1, max: 128, nullable: true, capture: 'n' },
  stream_options: object(
    { include_usage: { kind: 'boolean', capture: 'include_usage' }, include_obfuscation: BOOLEAN },
    { spans: true, nullable: true },
  ),
  tools: array(tool, { nullable: true }),
  tool_choice: TOOL_CHOICE,
  functions: array(definition, { nullable: true }),
  function_call: oneOf(values('none', 'auto'), object({ name: STRING })),
  frequency_penalty: NUMBER,
  presence_penalty: NUMBER,
  logit_bias: object({}, { rest: NUMBER, nullable: true }),
  logprobs: BOOLEAN,
  modalities: array({ kind: 'enum', values: ['text'], reason: TEXT_ONLY }, { nullable: true }),
  reasoning_effort: STRING_OR_NULL,
  response_format: object({ type: values('text', 'json_object', 'json_schema'), json_schema: ANY }, { nullable: true, tally: 'tools' }),
  seed: INTEGER,
  stop: oneOf(STRING_OR_NULL, array(STRING)),
  verbosity: STRING_OR_NULL,
  audio: forbidden(TEXT_ONLY),
  prediction: forbidden('rejected predictions are billed beyond the output limit'),
  web_search_options: forbidden(FUNCTIONS_ONLY),
};

/** What `POST /v1/chat/completions` takes under a cap. */
export const CHAT_FIELDS: ObjectNode = object(fields, { required: ['model', 'messages'] });
