import { type Ask, type Body, isObject, NO_CACHE_WRITES } from '../ask.ts';
import { type CountedMessage, wordsOf } from '../count.ts';
import { badParam } from '../errors.ts';
import type { SandboxModel } from '../models.ts';
import {
  booleanField,
  contentParts,
  formatOf,
  integerField,
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
  `audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens max_tokens messages metadata modalities model n
  parallel_tool_calls prediction presence_penalty prompt_cache_key prompt_cache_retention reasoning_effort response_format safety_identifier
  seed service_tier stop store stream stream_options temperature tool_choice tools top_logprobs top_p user verbosity web_search_options`.split(
    /\s+/,
  ),
);

/** What the real API would do and the sandbox does not: refused aloud rather than ignored, for some of it is billed. */
const REFUSED = ['audio', 'function_call', 'functions', 'prediction', 'top_logprobs', 'web_search_options'];

const MESSAGES_MAX = 4_096;
const CHOICES_MAX = 128;
const STOPS_MAX = 4;

/** A chat completion's body as an {@link Ask}. @throws ApiError 400 as the real API does */
export function chatAsk(body: Body, model: SandboxModel): Ask {
  refuseUnknown(body, KNOWN);
  for (const name of REFUSED) refuseGiven(body, name, 'is not supported');
  if (booleanField(body, 'logprobs') === true) throw unsupported('logprobs', 'is not supported');
  if (Array.isArray(body.modalities) && body.modalities.some((each) => each !== 'text')) throw unsupported('modalities', 'takes only text');
  numberField(body, 'temperature', 0, 2);
  numberField(body, 'top_p', 0, 1);
  numberField(body, 'frequency_penalty', -2, 2);
  numberField(body, 'presence_penalty', -2, 2);
  const messages = messageList(body);
  const { tools, counted } = toolList(body, true);
  const format = formatOf(body.response_format, 'response_format', true, () => wordsOf({ messages, tools: [] }));
  const stream = booleanField(body, 'stream') ?? false;
  return {
    model,
    body,
    stream,
    includeUsage: streamOptions(body, stream),
    choices: integerField(body, 'n', 1, CHOICES_MAX) ?? 1,
    limit: chatLimit(body, model),
    stop: stopList(body),
    tools,
    toolChoice: toolChoice(body, tools, true),
    parallelTools: booleanField(body, 'parallel_tool_calls') ?? false,
    format,
    reasons: true,
    cacheWrites: NO_CACHE_WRITES,
    userSpokeLast: messages.at(-1)?.role === 'user',
    counted: { messages, tools: counted, ...(format.type === 'json_schema' ? { schema: format.schema } : {}) },
  };
}

function chatLimit(body: Body, model: SandboxModel): number | undefined {
  const legacy = limitField(body, 'max_tokens', model);
  const limit = limitField(body, 'max_completion_tokens', model);
  if (legacy !== undefined && limit !== undefined) {
    const message = "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.";
    throw badParam('max_tokens', 'invalid_parameter_combination', message);
  }
  return limit ?? legacy;
}

function streamOptions(body: Body, stream: boolean): boolean {
  const options = body.stream_options;
  if (options === undefined || options === null) return false;
  if (!isObject(options)) throw wrongType('stream_options', 'an object', options);
  if (!stream) throw badParam('stream_options', null, "The 'stream_options' parameter is only allowed when 'stream' is enabled.");
  return booleanField(options, 'include_usage') ?? false;
}

function stopList(body: Body): string[] {
  const stop = body.stop;
  if (stop === undefined || stop === null) return [];
  const list: unknown[] = Array.isArray(stop) ? stop : [stop];
  if (list.length > STOPS_MAX) throw badParam('stop', 'array_above_max_length', `Invalid 'stop': at most ${STOPS_MAX} are allowed.`);
  return list.map((each) => {
    if (typeof each !== 'string') throw wrongType('stop', 'one of a string or array of strings', each);
    return each;
  });
}

function messageList(body: Body): CountedMessage[] {
  const list = body.messages;
  if (list === undefined) throw badParam('messages', 'missing_required_parameter', "Missing required parameter: 'messages'.");
  if (!Array.isArray(list)) throw wrongType('messages', 'an array of objects', list);
  if (list.length === 0) throw badParam('messages', 'empty_array', "Invalid 'messages': empty array. Expected at least 1 message.");
  if (list.length > MESSAGES_MAX) throw badParam('messages', 'array_above_max_length', `Invalid 'messages': at most ${MESSAGES_MAX}.`);
  return list.map(message);
}

function message(each: unknown, index: number): CountedMessage {
  const at = `messages[${index}]`;
  if (!isObject(each)) throw wrongType(at, 'an object', each);
  const role = stringField(each, 'role', `${at}.role`);
  const texts: string[] = [];
  let images = 0;
  if (each.name !== undefined && each.name !== null) texts.push(stringField(each, 'name', `${at}.name`));
  switch (role) {
    case 'user': {
      const parts = contentParts(each.content, ['text', 'image_url'], `${at}.content`);
      texts.push(...parts.texts);
      images = parts.images;
      break;
    }
    case 'system':
    case 'developer':
      texts.push(...contentParts(each.content, ['text'], `${at}.content`).texts);
      break;
    case 'tool':
      texts.push(stringField(each, 'tool_call_id', `${at}.tool_call_id`), ...contentParts(each.content, ['text'], `${at}.content`).texts);
      break;
    case 'assistant':
      texts.push(...assistantTexts(each, at));
      break;
    default: {
      const known = "'system', 'developer', 'user', 'assistant', and 'tool'";
      throw badParam(`${at}.role`, 'invalid_value', `Invalid value: '${role}'. Supported values are: ${known}.`);
    }
  }
  return { role, texts, images };
}

function assistantTexts(each: Body, at: string): string[] {
  const texts: string[] = [];
  const calls = each.tool_calls;
  const empty = each.content === undefined || each.content === null;
  if (!empty) texts.push(...contentParts(each.content, ['text', 'refusal'], `${at}.content`).texts);
  if (typeof each.refusal === 'string') texts.push(each.refusal);
  if (calls === undefined || calls === null) {
    if (empty && texts.length === 0) throw wrongType(`${at}.content`, 'a string', each.content);
    return texts;
  }
  if (!Array.isArray(calls)) throw wrongType(`${at}.tool_calls`, 'an array of objects', calls);
  calls.forEach((call: unknown, index) => {
    const where = `${at}.tool_calls[${index}]`;
    if (!isObject(call) || !isObject(call.function)) throw wrongType(where, 'an object', call);
    texts.push(stringField(call, 'id', `${where}.id`));
    texts.push(stringField(call.function, 'name', `${where}.function.name`));
    texts.push(stringField(call.function, 'arguments', `${where}.function.arguments`));
  });
  return texts;
}
