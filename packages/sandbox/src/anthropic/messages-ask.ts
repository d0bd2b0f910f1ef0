import { type Ask, type Body, type Format, given, isObject, type Tool, type ToolChoice } from '../ask.ts';
import type { Countable, CountedMessage } from '../count.ts';
import { ApiError } from '../errors.ts';
import type { SandboxModel } from '../models.ts';
import { messageAt, systemAt } from './blocks.ts';
import { booleanAt, CacheMarks, integerAt, invalid, listAt, numberAt, objectAt, oneOf, textAt, under } from './fields.ts';
import type { Version } from './voice.ts';

/** What the count endpoint takes. */
const COUNTED = 'cache_control messages model output_config speed system thinking tool_choice tools'.split(' ');
const KNOWN = [
  ...COUNTED,
  ...'inference_geo max_tokens metadata service_tier stop_sequences stream'.split(' '),
  ...'container context_management diagnostics mcp_servers thread user_profile_id workspace_id'.split(' '),
];
/** Removed from the API with its version of 2026-10-21. */
const SAMPLING = ['temperature', 'top_k', 'top_p'];

/** What the real API would keep, fetch, run or bill otherwise, and the sandbox does not: refused aloud rather than ignored. */
const REFUSED = 'container context_management diagnostics inference_geo mcp_servers user_profile_id workspace_id'.split(' ');

const MESSAGES_MAX = 100_000;
const BUDGET_LEAST = 1_024;
const NAME = /^[a-zA-Z0-9_-]{1,128}$/;
const TOOL_FIELDS = 'type name description input_schema cache_control strict eager_input_streaming input_examples'.split(' ');

/** What both endpoints read. */
type Prompt = {
  readonly messages: readonly CountedMessage[];
  readonly userSpokeLast: boolean;
  readonly tools: readonly Tool[];
  readonly format: Format;
  readonly reasons: boolean;
  readonly marks: CacheMarks;
  readonly counted: Countable;
};

/** A message's body as an {@link Ask}. @throws ApiError 400 as the real API does */
export function messagesAsk(body: Body, model: SandboxModel, version: Version): Ask {
  objectAt(body, '', version === '2026-10-21' ? KNOWN : [...KNOWN, ...SAMPLING]);
  refuseThread(body);
  for (const name of REFUSED) if (given(body[name])) throw invalid(name, 'not supported by the sandbox');
  const limit = integerAt(body.max_tokens, 'max_tokens', 1);
  if (limit > model.maxOutput) {
    throw invalid('max_tokens', `${limit} > ${model.maxOutput}, which is the maximum allowed number of output tokens for ${model.id}`);
  }
  const prompt = promptOf(body, limit);
  numberAt(body.temperature, 'temperature', 0, 1);
  numberAt(body.top_p, 'top_p', 0, 1);
  if (given(body.top_k)) integerAt(body.top_k, 'top_k', 0);
  if (given(body.service_tier)) oneOf(body.service_tier, 'service_tier', ['auto', 'standard_only']);
  if (given(body.metadata)) objectAt(body.metadata, 'metadata', ['user_id']);
  return {
    model,
    body,
    stream: booleanAt(body.stream, 'stream') ?? false,
    includeUsage: true,
    choices: 1,
    limit,
    stop: given(body.stop_sequences)
      ? listAt(body.stop_sequences, 'stop_sequences').map((stop, index) => textAt(stop, `stop_sequences.${index}`))
      : [],
    tools: prompt.tools,
    ...toolChoice(body, prompt),
    format: prompt.format,
    reasons: prompt.reasons,
    cacheWrites: prompt.marks.writes(),
    userSpokeLast: prompt.userSpokeLast,
    counted: prompt.counted,
  };
}

/** In the words on which the SDK's tool runner sends the whole conversation instead: it asks for a thread of its own accord. */
function refuseThread({ thread }: Body): void {
  if (!given(thread)) return;
  throw new ApiError(400, 'thread: not supported by the sandbox: send the full conversation.', { code: 'thread_unsupported_request' });
}

/** What is counted of a body of `count_tokens`. @throws ApiError 400 as the real API does */
export function countAsk(body: Body): Countable {
  objectAt(body, '', COUNTED);
  const prompt = promptOf(body, Number.POSITIVE_INFINITY);
  toolChoice(body, prompt);
  return prompt.counted;
}

function promptOf(body: Body, limit: number): Prompt {
  const marks = new CacheMarks();
  marks.read(body, '');
  if (given(body.speed)) oneOf(body.speed, 'speed', ['standard']);
  const list = listAt(body.messages, 'messages');
  if (list.length === 0) throw invalid('messages', 'at least one message is required');
  if (list.length > MESSAGES_MAX) throw invalid('messages', `at most ${MESSAGES_MAX} messages are allowed`);
  const spoken = list.map((each, index) => messageAt(each, `messages.${index}`, marks));
  const system = given(body.system) ? [systemAt(body.system, 'system', marks)] : [];
  const { tools, counted } = toolList(body, marks);
  const messages = [...system, ...spoken];
  const format = formatOf(body);
  const last = spoken.at(-1);
  return {
    messages,
    userSpokeLast: last?.role === 'user' && !last.answersTool,
    tools,
    format,
    reasons: reasons(body, limit),
    marks,
    counted: { messages, tools: counted, ...(format.type === 'json_schema' ? { schema: format.schema } : {}) },
  };
}

function toolList(body: Body, marks: CacheMarks): { tools: Tool[]; counted: unknown[] } {
  const counted: unknown[] = [];
  if (!given(body.tools)) return { tools: [], counted };
  const tools = listAt(body.tools, 'tools').map((each, index) => {
    const at = `tools.${index}`;
    if (isObject(each) && given(each.type)) oneOf(each.type, `${at}.type`, ['custom']);
    const tool = objectAt(each, at, TOOL_FIELDS);
    marks.read(tool, at);
    const name = textAt(tool.name, `${at}.name`);
    if (!NAME.test(name)) throw invalid(`${at}.name`, `String should match pattern '${NAME.source}'`);
    const param = `${at}.input_schema`;
    if (!isObject(tool.input_schema))
      throw invalid(param, tool.input_schema === undefined ? 'Field required' : 'Input should be an object');
    oneOf(tool.input_schema.type, `${param}.type`, ['object']);
    // Where the cache is written is no part of the prompt.
    const { cache_control, ...definition } = tool;
    counted.push(definition);
    return { name, parameters: tool.input_schema, param };
  });
  if (new Set(tools.map(({ name }) => name)).size < tools.length) throw invalid('tools', 'Tool names must be unique.');
  return { tools, counted };
}

/** Parallel calls are the API's default; the sandbox makes them where the request says so in so many words. */
function toolChoice(body: Body, { tools, reasons }: Prompt): { toolChoice: ToolChoice; parallelTools: boolean } {
  if (!given(body.tool_choice)) return { toolChoice: tools.length === 0 ? 'none' : 'auto', parallelTools: false };
  const choice = objectAt(body.tool_choice, 'tool_choice', ['type', 'name', 'disable_parallel_tool_use']);
  const type = oneOf(choice.type, 'tool_choice.type', ['auto', 'any', 'tool', 'none']);
  const parallelTools = booleanAt(choice.disable_parallel_tool_use, 'tool_choice.disable_parallel_tool_use') === false;
  if (type === 'none') return { toolChoice: 'none', parallelTools: false };
  if (tools.length === 0) throw new ApiError(400, 'tool_choice may only be specified while providing tools');
  if (type === 'auto') return { toolChoice: 'auto', parallelTools };
  if (reasons) throw new ApiError(400, 'Thinking may not be enabled when tool_choice forces tool use.');
  if (type === 'any') return { toolChoice: 'required', parallelTools };
  const name = textAt(choice.name, 'tool_choice.name');
  if (!tools.some((tool) => tool.name === name)) throw new ApiError(400, `Tool '${name}' not found in provided tools`);
  return { toolChoice: { name }, parallelTools };
}

function reasons(body: Body, limit: number): boolean {
  if (!given(body.thinking)) return false;
  const thinking = objectAt(body.thinking, 'thinking', ['type', 'budget_tokens', 'display']);
  const type = oneOf(thinking.type, 'thinking.type', ['enabled', 'adaptive', 'disabled']);
  if (given(thinking.display)) oneOf(thinking.display, 'thinking.display', ['summarized', 'omitted']);
  if (type !== 'enabled') {
    if (thinking.budget_tokens !== undefined) throw invalid(under('thinking', 'budget_tokens'), 'Extra inputs are not permitted');
    return type === 'adaptive';
  }
  const budget = integerAt(thinking.budget_tokens, 'thinking.enabled.budget_tokens', BUDGET_LEAST);
  if (budget >= limit) throw new ApiError(400, '`max_tokens` must be greater than `thinking.budget_tokens`.');
  return true;
}

function formatOf(body: Body): Format {
  if (!given(body.output_config)) return { type: 'text' };
  const config = objectAt(body.output_config, 'output_config', ['effort', 'format']);
  if (given(config.effort)) oneOf(config.effort, 'output_config.effort', ['low', 'medium', 'high', 'xhigh', 'max']);
  if (!given(config.format)) return { type: 'text' };
  const format = objectAt(config.format, 'output_config.format', ['type', 'schema']);
  oneOf(format.type, 'output_config.format.type', ['json_schema']);
  const param = 'output_config.format.schema';
  if (!isObject(format.schema)) throw invalid(param, format.schema === undefined ? 'Field required' : 'Input should be a valid dictionary');
  return { type: 'json_schema', schema: format.schema, param };
}
