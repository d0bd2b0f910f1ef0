import type { Body } from '../ask.ts';
import type { SandboxModel } from '../models.ts';
import { embed as unitVector } from '../openai/embeddings.ts';
import { countText } from '../tokens.ts';
import { invalidArgument, unsupported } from './errors.ts';
import { refuseModel } from './generate-ask.ts';
import { BATCH_EMBED_REQUEST, EMBED_REQUEST } from './messages.ts';
import { type Read, readMessage } from './proto.ts';
import { tooLong } from './voice.ts';

/** Limits of the real API. */
const REQUESTS_MAX = 100;
const DIMENSIONS = 256;
const DIMENSIONS_MAX = 1_536;

type Planned = { readonly input: number; readonly body: () => string };
type One = { readonly text: string; readonly tokens: number; readonly dimensions: number };

/** `:embedContent`. @throws ApiError 400 as the real API does */
export function planEmbed(body: Body, model: SandboxModel): Planned {
  const one = planOne(readMessage(body, EMBED_REQUEST), model, 'EmbedContentRequest');
  return { input: one.tokens, body: () => JSON.stringify({ embedding: made(one), usageMetadata: usage(one.tokens) }) };
}

/** `:batchEmbedContents`: what the official client calls for one content too. @throws ApiError 400 as the real API does */
export function planBatchEmbed(body: Body, model: SandboxModel): Planned {
  const request = readMessage(body, BATCH_EMBED_REQUEST);
  refuseModel(request.model, model);
  const { requests = [] } = request;
  if (requests.length === 0) throw invalidArgument('* BatchEmbedContentsRequest.requests: requests is not specified\n');
  if (requests.length > REQUESTS_MAX) {
    throw invalidArgument(`* BatchEmbedContentsRequest.requests: at most ${REQUESTS_MAX} requests can be in one batch\n`);
  }
  const all = requests.map((each, index) => {
    if (each.model === undefined) throw invalidArgument(`* BatchEmbedContentsRequest.requests[${index}].model: model is not specified\n`);
    return planOne(each, model, `BatchEmbedContentsRequest.requests[${index}]`);
  });
  const input = all.reduce((total, { tokens }) => total + tokens, 0);
  return { input, body: () => JSON.stringify({ embeddings: all.map(made), usageMetadata: usage(input) }) };
}

function planOne({ model: named, content, outputDimensionality }: Read<typeof EMBED_REQUEST>, model: SandboxModel, at: string): One {
  refuseModel(named, model);
  const dimensions = outputDimensionality ?? DIMENSIONS;
  if (dimensions < 1 || dimensions > DIMENSIONS_MAX) {
    throw invalidArgument(`* ${at}.output_dimensionality: must be from 1 to ${DIMENSIONS_MAX}, and is ${dimensions}\n`);
  }
  const { parts = [] } = content ?? {};
  if (parts.length === 0) throw invalidArgument(`* ${at}.content: contents is not specified\n`);
  const texts = parts.map(({ text, ...rest }) => {
    if (text === undefined || Object.keys(rest).length > 0) throw unsupported(`${at}.content.parts`, 'takes text only');
    return text;
  });
  const tokens = texts.reduce((total, text) => total + countText(text, model.window - total), 0);
  if (tokens > model.window) throw tooLong(model);
  return { text: texts.join('\n'), tokens, dimensions };
}

function made({ text, dimensions }: One) {
  return { values: Array.from(unitVector(text, dimensions)) };
}

function usage(tokens: number) {
  return { promptTokenCount: tokens, promptTokenDetails: [{ modality: 'TEXT', tokenCount: tokens }] };
}
