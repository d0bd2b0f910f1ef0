import { createHash } from 'node:crypto';
import type { Body } from '../ask.ts';
import { ApiError, badParam } from '../errors.ts';
import type { SandboxModel } from '../models.ts';
import { randomOf } from '../reply.ts';
import { countText } from '../tokens.ts';
import { integerField, refuseUnknown, tooLong, wrongType } from './fields.ts';

const KNOWN = new Set(['dimensions', 'encoding_format', 'input', 'model', 'user']);
const INPUTS_MAX = 2_048;
/** All inputs of one request together, tokens, as the real API has it. */
const REQUEST_TOKENS_MAX = 300_000;
const DIMENSIONS = 256;
const DIMENSIONS_MAX = 1_536;
const TOKEN_ID_MAX = 200_018;

type Input = string | readonly number[];

/** A checked embeddings request: `input` tokens are what it bills, `body` is made after it was billed. */
export type Embeddings = { readonly input: number; readonly body: () => string };

/** @throws ApiError 400 as the real API does */
export function planEmbeddings(body: Body, model: SandboxModel): Embeddings {
  refuseUnknown(body, KNOWN);
  const format = body.encoding_format ?? 'float';
  if (format !== 'float' && format !== 'base64') {
    throw badParam('encoding_format', 'invalid_value', `Invalid value: '${String(format)}'. Supported values are: 'float' and 'base64'.`);
  }
  const dimensions = integerField(body, 'dimensions', 1, DIMENSIONS_MAX) ?? DIMENSIONS;
  const inputs = inputList(body.input);
  const tokens = inputs.reduce((total, input) => total + inputTokens(input, model), 0);
  if (tokens > REQUEST_TOKENS_MAX) {
    throw new ApiError(400, `Invalid 'input': the maximum is ${REQUEST_TOKENS_MAX} tokens per request.`, {
      param: 'input',
      code: 'max_tokens_per_request',
    });
  }
  const made = () =>
    inputs.map((input, index) => {
      const vector = embed(input, dimensions);
      const embedding = format === 'float' ? Array.from(vector) : Buffer.from(vector.buffer).toString('base64');
      return { object: 'embedding', index, embedding };
    });
  const usage = { prompt_tokens: tokens, total_tokens: tokens };
  return { input: tokens, body: () => JSON.stringify({ object: 'list', data: made(), model: model.id, usage }) };
}

function inputTokens(input: Input, model: SandboxModel): number {
  const tokens = typeof input === 'string' ? countText(input, model.window) : input.length;
  if (tokens > model.window) throw tooLong(model, 'input');
  return tokens;
}

function inputList(input: unknown): Input[] {
  if (input === undefined || input === null) throw badParam('input', 'missing_required_parameter', "Missing required parameter: 'input'.");
  if (typeof input === 'string') return [one(input, 'input')];
  if (!Array.isArray(input)) throw wrongType('input', 'one of a string or array', input);
  if (input.length === 0) throw badParam('input', 'empty_array', "Invalid 'input': empty array.");
  if (input.every((each) => typeof each === 'number')) return [one(input, 'input')];
  if (input.length > INPUTS_MAX) throw badParam('input', 'array_above_max_length', `Invalid 'input': at most ${INPUTS_MAX} are allowed.`);
  return input.map((each, index) => one(each, `input[${index}]`));
}

function one(each: unknown, param: string): Input {
  if (typeof each === 'string') {
    if (each === '') throw badParam(param, 'invalid_value', `Invalid '${param}': input cannot be an empty string.`);
    return each;
  }
  const isToken = (id: unknown) => typeof id === 'number' && Number.isInteger(id) && id >= 0 && id <= TOKEN_ID_MAX;
  if (!Array.isArray(each) || each.length === 0 || !each.every(isToken)) throw wrongType(param, 'one of a string or array of tokens', each);
  return each;
}

/** A unit vector from the input's hash: the same input, the same vector; nothing else is meant by it. */
export function embed(input: Input, dimensions: number): Float32Array {
  const said = typeof input === 'string' ? input : JSON.stringify(input);
  const random = randomOf(createHash('sha256').update(said).digest().readUInt32BE(0));
  const vector = Float32Array.from({ length: dimensions }, () => random() / 2 ** 31 - 1);
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}
