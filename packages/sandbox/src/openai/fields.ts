import { type Body, type Format, given, isObject, type Tool, type ToolChoice } from '../ask.ts';
import { ApiError, article, badParam } from '../errors.ts';
import { isImageUrl } from '../media.ts';
import type { SandboxModel } from '../models.ts';

/** Limits of the real API. */
const TOOLS_MAX = 128;
const NAME = /^[a-zA-Z0-9_-]{1,64}$/;

/** Refuses a field that the real API does not know, as it does. */
export function refuseUnknown(body: Body, known: ReadonlySet<string>): void {
  for (const name of Object.keys(body)) {
    if (!known.has(name)) throw badParam(name, 'unknown_parameter', `Unknown parameter: '${name}'.`);
  }
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

export type Parts = { readonly texts: string[]; readonly images: number };

/** What is in a content: a string, or an array of parts of the `types` allowed; images only with their data in them. */
export function contentParts(content: unknown, types: readonly string[], param: string): Parts {
  if (typeof content === 'string') return { texts: [content], images: 0 };
  if (!Array.isArray(content)) throw wrongType(param, 'one of a string or array of objects', content);
  const texts: string[] = [];
  let images = 0;
  content.forEach((part: unknown, index) => {
    const at = `${param}[${index}]`;
    if (!isObject(part)) throw wrongType(at, 'an object', part);
    if (typeof part.type !== 'string' || !types.includes(part.type)) {
      const message = `Invalid value: '${String(part.type)}'. Sandbox models take here: ${types.map((type) => `'${type}'`).join(', ')}.`;
      throw badParam(`${at}.type`, 'invalid_value', message);
    }
    if (part.type === 'image_url' || part.type === 'input_image') {
      checkImage(part, at);
      images += 1;
      return;
    }
    const field = part.type === 'refusal' ? 'refusal' : 'text';
    texts.push(stringField(part, field, `${at}.${field}`));
  });
  return { texts, images };
}

/** Chat has the URL in an object, responses have it in the part. */
function checkImage(part: Body, at: string): void {
  const held = part.image_url;
  const [url, param] = isObject(held) ? [held.url, `${at}.image_url.url`] : [held, `${at}.image_url`];
  if (given(part.file_id) || typeof url !== 'string')
    throw badParam(param, 'invalid_value', 'The sandbox keeps no files: send a data URL.');
  if (isImageUrl(url)) return;
  const message = 'The sandbox fetches no images: send a data URL of PNG, JPEG, GIF or WebP in base64.';
  throw badParam(param, 'invalid_image_url', message);
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
    const param = nested ? `${at}.function.parameters` : `${at}.parameters`;
    return { name, parameters: definition.parameters ?? { type: 'object', properties: {} }, param };
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

/** A 400 because a parameter has the wrong JSON type; `expected` with its article, for example `an integer`. */
export function wrongType(param: string, expected: string, got: unknown): ApiError {
  return badParam(param, 'invalid_type', `Invalid type for '${param}': expected ${expected}, but got ${article(got)} instead.`);
}

/** A 400 because the sandbox does not do what the real API might. */
export function unsupported(param: string, why: string): ApiError {
  return badParam(param, 'unsupported_parameter', `Unsupported parameter: '${param}' ${why} (tallystick sandbox).`);
}
