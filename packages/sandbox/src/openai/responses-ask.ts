import { type Ask, type Body, isObject, NO_CACHE_WRITES } from '../ask.ts';
import { type CountedMessage, wordsOf } from '../count.ts';
import { badParam } from '../errors.ts';
import type { SandboxModel } from '../models.ts';
import {
  booleanField,
  contentParts,
  formatOf,
  limitField,
  numberField,
  refuseGiven,
  refuseUnknown,
  stringField,
  toolChoice,
  toolList,
  unsupported,
  wrongType,
} from './fields.ts';

const KNOWN = new Set(
  `background conversation include input instructions max_output_tokens max_tool_calls metadata model parallel_tool_calls previous_response_id
  prompt prompt_cache_key prompt_cache_retention reasoning safety_identifier service_tier store stream stream_options temperature text
  tool_choice tools top_logprobs top_p truncation user`.split(/\s+/),
);

/** State that would have to be kept at the upstream; the sandbox keeps none. */
const REFUSED = ['conversation', 'max_tool_calls', 'previous_response_id', 'prompt', 'top_logprobs'];

const ITEMS_MAX = 4_096;

/** A response's body as an {@link Ask}. @throws ApiError 400 as the real API does */
export function responsesAsk(body: Body, model: SandboxModel): Ask {
  refuseUnknown(body, KNOWN);
  for (const name of REFUSED) refuseGiven(body, name, 'is not supported: nothing is stored');
  if (booleanField(body, 'background') === true) throw unsupported('background', 'is not supported');
  if (body.truncation === 'auto') throw unsupported('truncation', "takes only 'disabled'");
  numberField(body, 'temperature', 0, 2);
  numberField(body, 'top_p', 0, 1);
  const items = inputItems(body);
  const messages = items.map((item) => item.counted);
  if (body.instructions !== undefined && body.instructions !== null) {
    messages.unshift({ role: 'developer', texts: [stringField(body, 'instructions', 'instructions')] });
  }
  const { tools, counted } = toolList(body, false);
  const text = body.text ?? {};
  if (!isObject(text)) throw wrongType('text', 'an object', text);
  const format = formatOf(text.format, 'text.format', false, () => wordsOf({ messages, tools: [] }));
  return {
    model,
    body,
    stream: booleanField(body, 'stream') ?? false,
    includeUsage: true,
    choices: 1,
    limit: limitField(body, 'max_output_tokens', model),
    stop: [],
    tools,
    toolChoice: toolChoice(body, tools, false),
    parallelTools: booleanField(body, 'parallel_tool_calls') ?? false,
    format,
    reasons: true,
    cacheWrites: NO_CACHE_WRITES,
    userSpokeLast: items.at(-1)?.counted.role === 'user',
    counted: { messages, tools: counted, ...(format.type === 'json_schema' ? { schema: format.schema } : {}) },
  };
}

function inputItems(body: Body): { counted: CountedMessage }[] {
  const input = body.input;
  if (input === undefined || input === null) throw badParam('input', 'missing_required_parameter', "Missing required parameter: 'input'.");
  if (typeof input === 'string') return [{ counted: { role: 'user', texts: [input] } }];
  if (!Array.isArray(input)) throw wrongType('input', 'one of a string or array of objects', input);
  if (input.length === 0) throw badParam('input', 'empty_array', "Invalid 'input': empty array. Expected at least 1 item.");
  if (input.length > ITEMS_MAX) throw badParam('input', 'array_above_max_length', `Invalid 'input': at most ${ITEMS_MAX}.`);
  return input.map((item, index) => ({ counted: inputItem(item, `input[${index}]`) }));
}

function inputItem(item: unknown, at: string): CountedMessage {
  if (!isObject(item)) throw wrongType(at, 'an object', item);
  switch (item.type ?? 'message') {
    case 'message':
      return messageItem(item, at);
    case 'function_call': {
      const texts = ['call_id', 'name', 'arguments'].map((name) => stringField(item, name, `${at}.${name}`));
      return { role: 'assistant', texts };
    }
    case 'function_call_output': {
      const { texts, images } = contentParts(item.output, ['input_text', 'input_image'], `${at}.output`);
      return { role: 'tool', texts: [stringField(item, 'call_id', `${at}.call_id`), ...texts], images };
    }
    case 'reasoning':
      // Echoed back by a caller that keeps its own history; the sandbox's has no text.
      return { role: 'assistant', texts: [] };
    default:
      throw badParam(
        `${at}.type`,
        'invalid_value',
        `Invalid value: '${String(item.type)}'. The sandbox takes messages and function calls.`,
      );
  }
}

function messageItem(item: Body, at: string): CountedMessage {
  const role = stringField(item, 'role', `${at}.role`);
  if (!['user', 'assistant', 'system', 'developer'].includes(role)) {
    const known = "'assistant', 'system', 'developer', and 'user'";
    throw badParam(`${at}.role`, 'invalid_value', `Invalid value: '${role}'. Supported values are: ${known}.`);
  }
  const types = role === 'assistant' ? ['output_text', 'refusal'] : role === 'user' ? ['input_text', 'input_image'] : ['input_text'];
  return { role, ...contentParts(item.content, types, `${at}.content`) };
}
