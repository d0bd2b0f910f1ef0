import { normaliseUsage, ZERO_USAGE } from '@tallystick/core';
import { GoogleScanner } from '../../stream/google.ts';
import { asArray, asObject, type Json, parseObject } from '../../stream/json.ts';
import type { EndpointSpec, FieldPath, Plan } from '../endpoint.ts';
import { readCount } from '../read-count.ts';
import { COUNT_FIELDS } from './count-fields.ts';
import { GOOGLE } from './dialect.ts';
import { BATCH_EMBED_FIELDS, EMBED_FIELDS } from './embed-fields.ts';
import { GENERATE_FIELDS } from './generate-fields.ts';

const OUTPUT: readonly FieldPath[] = [['generationConfig', 'maxOutputTokens']];
const scanner = ({ choices }: Plan) => new GoogleScanner({ choices });
const pathOf = (verb: string) => (plan: Plan) => `/models/${encodeURIComponent(plan.model)}:${verb}`;

const counter = {
  path: pathOf('countTokens'),
  body: countBody,
  read: ({ totalTokens }: Json) => readCount(totalTokens),
};

const generate: EndpointSpec = {
  dialect: GOOGLE,
  endpoint: 'generate',
  name: 'generate',
  route: '/v1beta/models/{model}:generateContent',
  isFree: false,
  upstreamPath: pathOf('generateContent'),
  fields: GENERATE_FIELDS,
  outputFields: OUTPUT,
  usage: ({ usageMetadata }) => normaliseUsage('google', usageMetadata),
  scanner,
  counter,
};

const stream: EndpointSpec = {
  ...generate,
  route: '/v1beta/models/{model}:streamGenerateContent',
  upstreamPath: pathOf('streamGenerateContent?alt=sse'),
};

const countTokens: EndpointSpec = {
  ...generate,
  name: 'count',
  route: '/v1beta/models/{model}:countTokens',
  isFree: true,
  upstreamPath: pathOf('countTokens'),
  fields: COUNT_FIELDS,
  outputFields: [],
  usage: () => ZERO_USAGE,
  counter: null,
};

const embed: EndpointSpec = {
  ...generate,
  endpoint: 'embed',
  name: 'embed',
  route: '/v1beta/models/{model}:embedContent',
  upstreamPath: pathOf('embedContent'),
  fields: EMBED_FIELDS,
  outputFields: [],
  usage: ({ usageMetadata }) => normaliseUsage('google-embeddings', usageMetadata),
  counter: { ...counter, body: embedCountBody },
};

const batchEmbed: EndpointSpec = {
  ...embed,
  route: '/v1beta/models/{model}:batchEmbedContents',
  upstreamPath: pathOf('batchEmbedContents'),
  fields: BATCH_EMBED_FIELDS,
};

/** By the verb that follows the model's name in the path. */
export const GOOGLE_ENDPOINTS: Readonly<Record<string, EndpointSpec>> = {
  generateContent: generate,
  streamGenerateContent: stream,
  countTokens,
  embedContent: embed,
  batchEmbedContents: batchEmbed,
};

/** The contents that are embedded, written anew: only their number of tokens is asked for. */
function embedCountBody(_plan: Plan, body: Buffer): Buffer {
  const given = parseObject(body) ?? {};
  const requests = given['requests'] === undefined ? [given] : asArray(given['requests']);
  const contents = requests.flatMap((request) => {
    const { content, title } = asObject(request) ?? {};
    // Whether titles are billed is not documented, so they are counted.
    return typeof title === 'string' ? [content, { parts: [{ text: title }] }] : [content];
  });
  return Buffer.from(JSON.stringify({ contents }));
}

/** The whole request, with its instructions and tools, as the count endpoint takes it. */
function countBody(plan: Plan, body: Buffer): Buffer {
  const from = plan.walked.top.open + 1;
  const head = `{"generateContentRequest":{"model":${JSON.stringify(`models/${plan.model}`)},`;
  return Buffer.concat([Buffer.from(head), body.subarray(from), Buffer.from('}')]);
}
