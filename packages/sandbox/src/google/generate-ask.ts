import { type Ask, type Body, type Format, isObject, NO_CACHE_WRITES, type Tool, type ToolChoice } from '../ask.ts';
import type { Countable } from '../count.ts';
import type { SandboxModel } from '../models.ts';
import { countedContent, countedContents } from './contents.ts';
import { invalidArgument, unsupported } from './errors.ts';
import { toJsonSchema } from './json-schema.ts';
import { type FUNCTION_DECLARATION, GENERATE_REQUEST, type GENERATION_CONFIG, type TOOL } from './messages.ts';
import { type Read, readMessage } from './proto.ts';

export type GenerateRequest = Read<typeof GENERATE_REQUEST>;
export type GenerationConfig = Read<typeof GENERATION_CONFIG>;

/** Limits of the real API. */
const CANDIDATES_MAX = 8;
const STOPS_MAX = 5;
const TOOLS_MAX = 128;
const NAME = /^[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}$/;

/** Run at the provider, and billed in ways that the request does not show. */
const SERVER_TOOLS = [
  'googleSearch',
  'googleSearchRetrieval',
  'codeExecution',
  'urlContext',
  'computerUse',
  'fileSearch',
  'googleMaps',
  'mcpServers',
] as const;

/** State that would have to be kept at the upstream; the sandbox keeps none. */
const STORED = ['cachedContent', 'continuationToken'] as const;

const OTHER_OUTPUT = ['logprobs', 'speechConfig', 'imageConfig', 'audioTranscriptionConfig'] as const;

/** A generateContent body as an {@link Ask}; its `body` is the generation config as read. @throws ApiError 400 as the real API does */
export function generateAsk(body: Body, model: SandboxModel, stream: boolean): Ask {
  const request = readMessage(body, GENERATE_REQUEST);
  refuseModel(request.model, model);
  const config = request.generationConfig ?? {};
  refuseConfig(config);
  const { tools } = declared(request.tools);
  return {
    model,
    body: config,
    stream,
    includeUsage: true,
    choices: within('candidateCount', config.candidateCount, 1, CANDIDATES_MAX) ?? 1,
    limit: within('maxOutputTokens', config.maxOutputTokens, 1, model.maxOutput),
    stop: stopList(config),
    tools,
    toolChoice: toolChoice(request, tools),
    parallelTools: false,
    format: formatOf(config),
    reasons: config.thinkingConfig?.thinkingBudget !== 0,
    cacheWrites: NO_CACHE_WRITES,
    userSpokeLast: userSpokeLast(request),
    counted: countedRequest(request),
  };
}

/** What of a request is billed as input. @throws ApiError 400 as the real API does */
export function countedRequest(request: GenerateRequest): Countable {
  for (const name of STORED) if (request[name] !== undefined) throw unsupported(name, 'is not supported: nothing is stored');
  const messages = countedContents(request.contents);
  if (request.systemInstruction !== undefined) messages.unshift(countedContent(request.systemInstruction, 'system', 'system_instruction'));
  const { counted } = declared(request.tools);
  const schema = request.generationConfig?.responseJsonSchema ?? request.generationConfig?.responseSchema;
  return { messages, tools: counted, ...(schema === undefined ? {} : { schema }) };
}

/** The body may repeat the model of the path, and may not name another. */
export function refuseModel(named: string | undefined, model: SandboxModel): void {
  if (named === undefined || named === '' || named === `models/${model.id}` || named === model.id) return;
  throw invalidArgument(`* GenerateContentRequest.model: unexpected model name '${named.slice(0, 100)}'\n`);
}

function refuseConfig(config: GenerationConfig): void {
  for (const name of OTHER_OUTPUT) if (config[name] !== undefined) throw unsupported(`generationConfig.${name}`);
  if (config.responseLogprobs === true) throw unsupported('generationConfig.responseLogprobs');
  if (config.responseModalities?.some((each) => each !== 'TEXT'))
    throw unsupported('generationConfig.responseModalities', 'takes only TEXT');
  within('temperature', config.temperature, 0, 2);
  within('topP', config.topP, 0, 1);
  within('topK', config.topK, 1, Number.MAX_SAFE_INTEGER);
  within('thinkingBudget', config.thinkingConfig?.thinkingBudget, -1, Number.MAX_SAFE_INTEGER);
}

/** A number of the generation config, in the words of the real API. */
function within(name: string, value: number | undefined, least: number, most: number): number | undefined {
  if (value === undefined || (value >= least && value <= most)) return value;
  const range = `from ${least} (inclusive) to ${most} (inclusive)`;
  const message = `Unable to submit request because it has a ${name} value of ${value} but the supported range is ${range}.`;
  throw invalidArgument(`${message} Update the value and try again.`);
}

function stopList({ stopSequences = [] }: GenerationConfig): readonly string[] {
  if (stopSequences.length > STOPS_MAX)
    throw invalidArgument(`* GenerateContentRequest.generation_config.stop_sequences: at most ${STOPS_MAX}\n`);
  return stopSequences;
}

/** Function tools, and their declarations as they are counted. */
function declared(list: readonly Read<typeof TOOL>[] = []): { tools: Tool[]; counted: unknown[] } {
  for (const name of SERVER_TOOLS) if (list.some((tool) => tool[name] !== undefined)) throw unsupported(`tools.${name}`);
  const all = list.flatMap(({ functionDeclarations = [] }) => functionDeclarations);
  if (all.length > TOOLS_MAX) throw invalidArgument(`* GenerateContentRequest.tools: at most ${TOOLS_MAX} function declarations\n`);
  return { tools: all.map(tool), counted: [...all] };
}

function tool({ name = '', parameters, parametersJsonSchema }: Read<typeof FUNCTION_DECLARATION>, index: number): Tool {
  const at = `tools.function_declarations[${index}]`;
  if (!NAME.test(name))
    throw invalidArgument(`* GenerateContentRequest.${at}.name: Invalid function name. It must match ${NAME.source}.\n`);
  if (parameters !== undefined && parametersJsonSchema !== undefined) {
    throw invalidArgument(`* GenerateContentRequest.${at}: only one of parameters and parameters_json_schema may be set\n`);
  }
  const schema = parameters === undefined ? parametersJsonSchema : toJsonSchema(parameters);
  return { name, parameters: schema ?? { type: 'object', properties: {} }, param: `${at}.parameters` };
}

function toolChoice({ toolConfig }: GenerateRequest, tools: readonly Tool[]): ToolChoice {
  if (toolConfig?.retrievalConfig !== undefined) throw unsupported('toolConfig.retrievalConfig');
  const { mode = 'AUTO', allowedFunctionNames: allowed = [] } = toolConfig?.functionCallingConfig ?? {};
  const must = mode === 'ANY';
  if (allowed.length > 0 && !must && mode !== 'VALIDATED') {
    throw invalidArgument('Function calling config: allowed_function_names may only be set when the mode is ANY or VALIDATED.');
  }
  const unknown = allowed.find((name) => !tools.some((each) => each.name === name));
  if (unknown !== undefined) throw invalidArgument(`Function calling config: '${unknown}' in allowed_function_names is not declared.`);
  if (mode === 'NONE') return 'none';
  if (tools.length === 0) {
    if (must) throw invalidArgument('Function calling config is set without function_declarations.');
    return 'none';
  }
  if (!must) return 'auto';
  return allowed[0] === undefined ? 'required' : { name: allowed[0] };
}

function formatOf({ responseMimeType = '', responseSchema, responseJsonSchema }: GenerationConfig): Format {
  const json = responseMimeType === 'application/json';
  if (!json && responseMimeType !== '' && responseMimeType !== 'text/plain') {
    throw invalidArgument(
      '* GenerateContentRequest.generation_config.response_mime_type: allowed mimetypes are `text/plain` and `application/json`.\n',
    );
  }
  if (responseSchema === undefined && responseJsonSchema === undefined) return { type: json ? 'json_object' : 'text' };
  if (!json) {
    throw invalidArgument('* GenerateContentRequest.generation_config.response_schema: needs the response_mime_type `application/json`\n');
  }
  if (responseSchema === undefined)
    return { type: 'json_schema', schema: responseJsonSchema, param: 'generation_config.response_json_schema' };
  if (responseJsonSchema !== undefined) {
    throw invalidArgument('* GenerateContentRequest.generation_config: only one of response_schema and response_json_schema may be set\n');
  }
  return { type: 'json_schema', schema: toJsonSchema(responseSchema), param: 'generation_config.response_schema' };
}

/** A function's result comes in a user's turn too, but then it is the model's turn to speak. */
function userSpokeLast({ contents = [] }: GenerateRequest): boolean {
  const last = contents.at(-1);
  return last !== undefined && last.role !== 'model' && !last.parts?.some(({ functionResponse }) => functionResponse !== undefined);
}

/** The generation config that {@link generateAsk} put into an {@link Ask}. */
export function configOf(ask: Ask): GenerationConfig {
  return ask.body as GenerationConfig;
}

/** Whether the answer shows what it was thinking. */
export function showsThoughts(ask: Ask): boolean {
  const thinking = configOf(ask).thinkingConfig;
  return isObject(thinking) && thinking.includeThoughts === true;
}
