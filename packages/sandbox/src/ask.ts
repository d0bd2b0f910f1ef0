import type { Countable } from './count.ts';
import { ApiError, badParam, unsupported, wrongType } from './errors.ts';
import type { SandboxModel } from './models.ts';

export type Body = Readonly<Record<string, unknown>>;

/** A function tool, the same from either dialect. */
export type Tool = { readonly name: string; readonly parameters: unknown };
export type ToolChoice = 'none' | 'auto' | 'required' | { readonly name: string };
export type Format =
  | { readonly type: 'text' }
  | { readonly type: 'json_object' }
  | { readonly type: 'json_schema'; readonly schema: unknown; readonly param: string };

/** A valid request, the same from either dialect. */
export type Ask = {
  readonly model: SandboxModel;
  readonly body: Body;
  readonly stream: boolean;
  /** Chat only: the caller asked for the usage frame. */
  readonly includeUsage: boolean;
  readonly choices: number;
  /** The output limit that was sent, tokens per choice; absent when none was. */
  readonly limit: number | undefined;
  readonly stop: readonly string[];
  readonly tools: readonly Tool[];
  readonly toolChoice: ToolChoice;
  readonly parallelTools: boolean;
  readonly format: Format;
  /** The last message is a user's, so that a model with tools would now call one. */
  readonly userSpokeLast: boolean;
  /** What is billed as input. */
  readonly counted: Countable;
};

/** Limits of the real API. */
const TOOLS_MAX = 128;
const NAME = /^[a-zA-Z0-9_-]{1,64}$/;

export function isObject(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Refuses a field that the real API does not know, as it does. */
export function refuseUnknown(body: Body, known: ReadonlySet<string>): void {
  for (const name of Object.keys(body)) {
    if (!known.has(name)) throw badParam(name, 'unknown_parameter', `Unknown parameter: '${name}'.`);
  }
}

/** Absent and null are the same to the API. */
function given(value: unknown): boolean {
  return value !== undefined && value !== null;
}

export function refuseGiven(body: Body, name: string, why: string): void {
  if (given(body[name])) throw unsupported(name, why);
}

export function booleanField(body: Body, name: string): boolean | undefined {
  const value = body[name];
  if (!given(value)) return undefined;
  if (typeof value !== 'boolean') throw wrongType(name, 'a boolean', value);
  return value;
}

export function stringField(body: Body, name: string, param: string): string {
  const value = body[name];
  if (typeof value !== 'string') throw wrongType(param, 'a string', value);
  return value;
}

export function integerField(body: Body, name: string, least: number, most: number): number | undefined {
  const value = body[name];
  if (!given(value)) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value)) throw wrongType(name, 'an integer', value);
  if (value < least) {
    const wanted = `Expected a value >= ${least}, but got ${value} instead.`;
    throw badParam(name, 'integer_below_min_value', `Invalid '${name}': integer below minimum value. ${wanted}`);
  }
  if (value > most) {
    const wanted = `Expected a value <= ${most}, but got ${value} instead.`;
    throw badParam(name, 'integer_above_max_value', `Invalid '${name}': integer above maximum value. ${wanted}`);
  }
  return value;
}

/** An output limit, refused above what the model can emit, in the words of the real API. */
export function limitField(body: Body, name: string, model: SandboxModel): number | undefined {
  const value = integerField(body, name, 1, Number.MAX_VALUE);
  if (value !== undefined && value > model.maxOutput) {
    const said = `${name} is too large: ${value}. This model supports at most ${model.maxOutput} completion tokens`;
    throw badParam(name, 'invalid_value', `${said}, whereas you provided ${value}.`);
  }
  return value;
}

/** Temperature and the like: checked, then without effect. */
export function numberField(body: Body, name: string, least: number, most: number): void {
  const value = body[name];
  if (!given(value)) return;
  if (typeof value !== 'number') throw wrongType(name, 'a decimal', value);
  if (value < least || value > most) {
    throw badParam(name, 'invalid_value', `Invalid '${name}': ${value} is not between ${least} and ${most}.`);
  }
}

/** The texts of a content: a string, or an array of text parts of the `types` allowed. */
export function contentTexts(content: unknown, types: readonly string[], param: string): string[] {
  if (typeof content === 'string') return [content];
  if (!Array.isArray(content)) throw wrongType(param, 'one of a string or array of objects', content);
  return content.map((part: unknown, index) => {
    const at = `${param}[${index}]`;
    if (!isObject(part)) throw wrongType(at, 'an object', part);
    if (typeof part.type !== 'string' || !types.includes(part.type)) {
      const message = `Invalid value: '${String(part.type)}'. Sandbox models take text only: ${types.map((type) => `'${type}'`).join(', ')}.`;
      throw badParam(`${at}.type`, 'invalid_value', message);
    }
    const field = part.type === 'refusal' ? 'refusal' : 'text';
    return stringField(part, field, `${at}.${field}`);
  });
}

/** Function tools of either dialect; `nested` where the definition stands under `function`. */
export function toolList(body: Body, nested: boolean): { tools: Tool[]; counted: unknown[] } {
  const list = body.tools;
  if (!given(list)) return { tools: [], counted: [] };
  if (!Array.isArray(list)) throw wrongType('tools', 'an array of objects', list);
  if (list.length > TOOLS_MAX) throw badParam('tools', 'array_above_max_length', `Invalid 'tools': at most ${TOOLS_MAX} are allowed.`);
  const counted: unknown[] = [];
  const tools = list.map((each: unknown, index) => {
    const at = `tools[${index}]`;
    if (!isObject(each)) throw wrongType(at, 'an object', each);
    if (each.type !== 'function') throw badParam(`${at}.type`, 'invalid_value', 'Sandbox models take function tools only.');
    const definition = nested ? each.function : each;
    if (!isObject(definition)) throw wrongType(`${at}.function`, 'an object', definition);
    const name = stringField(definition, 'name', nested ? `${at}.function.name` : `${at}.name`);
    if (!NAME.test(name)) throw badParam(`${at}.name`, 'invalid_value', `Invalid '${at}.name': it does not match ${NAME.source}.`);
    counted.push(definition);
    return { name, parameters: definition.parameters ?? { type: 'object', properties: {} } };
  });
  return { tools, counted };
}

export function toolChoice(body: Body, tools: readonly Tool[], nested: boolean): ToolChoice {
  const choice = body.tool_choice;
  if (!given(choice)) return tools.length === 0 ? 'none' : 'auto';
  if (choice === 'none') return 'none';
  if (tools.length === 0) {
    throw badParam('tool_choice', null, "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.");
  }
  if (choice === 'auto' || choice === 'required') return choice;
  if (!isObject(choice) || choice.type !== 'function') throw badParam('tool_choice', 'invalid_value', "Invalid value for 'tool_choice'.");
  const holder = nested ? choice.function : choice;
  const name = isObject(holder) ? holder.name : undefined;
  if (typeof name !== 'string' || !tools.some((tool) => tool.name === name)) {
    throw badParam('tool_choice', 'invalid_value', `Tool choice '${String(name)}' not found in 'tools' parameter.`);
  }
  return { name };
}

/** The format of the answer; `holder` has `type` and, in chat, the schema under `json_schema`. */
export function formatOf(holder: unknown, param: string, nested: boolean, texts: () => string): Format {
  if (!given(holder)) return { type: 'text' };
  if (!isObject(holder)) throw wrongType(param, 'an object', holder);
  if (holder.type === 'text') return { type: 'text' };
  if (holder.type === 'json_object') {
    if (texts().toLowerCase().includes('json')) return { type: 'json_object' };
    throw badParam(param, null, `'messages' must contain the word 'json' in some form, to use '${param}' of type 'json_object'.`);
  }
  if (holder.type !== 'json_schema') throw badParam(`${param}.type`, 'invalid_value', `Invalid value: '${String(holder.type)}'.`);
  const at = nested ? `${param}.json_schema` : param;
  const definition = nested ? holder.json_schema : holder;
  if (!isObject(definition)) throw wrongType(at, 'an object', definition);
  stringField(definition, 'name', `${at}.name`);
  if (!isObject(definition.schema)) throw wrongType(`${at}.schema`, 'an object', definition.schema);
  return { type: 'json_schema', schema: definition.schema, param: `${at}.schema` };
}

/** The 400 of an input that does not fit the window. */
export function tooLong(model: SandboxModel, param: string): ApiError {
  const message = `This model's maximum context length is ${model.window} tokens. However, your request resulted in more. Please reduce its length.`;
  return new ApiError(400, message, { param, code: 'context_length_exceeded' });
}
