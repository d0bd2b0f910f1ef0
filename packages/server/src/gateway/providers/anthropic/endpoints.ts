import { normaliseUsage, ZERO_USAGE } from '@tallystick/core';
import { splice } from '../../body/splice.ts';
import { walkBody } from '../../body/walk.ts';
import { AnthropicScanner } from '../../stream/anthropic.ts';
import type { Json } from '../../stream/json.ts';
import type { EndpointSpec, Plan } from '../endpoint.ts';
import { readCount } from '../read-count.ts';
import { ANTHROPIC } from './dialect.ts';
import { COUNT_TOKENS_FIELDS, MESSAGES_FIELDS } from './messages-fields.ts';

const COUNT_PATH = '/messages/count_tokens';

const messages: EndpointSpec = {
  dialect: ANTHROPIC,
  endpoint: 'messages',
  name: 'messages',
  route: '/v1/messages',
  isFree: false,
  upstreamPath: () => '/messages',
  fields: MESSAGES_FIELDS,
  outputFields: [['max_tokens']],
  usage: ({ usage }) => normaliseUsage('anthropic', usage),
  scanner: () => new AnthropicScanner(),
  counter: { path: () => COUNT_PATH, body: countBody, read: ({ input_tokens }: Json) => readCount(input_tokens) },
};

const countTokens: EndpointSpec = {
  dialect: ANTHROPIC,
  endpoint: 'messages',
  name: 'count',
  route: '/v1/messages/count_tokens',
  isFree: true,
  upstreamPath: () => COUNT_PATH,
  fields: COUNT_TOKENS_FIELDS,
  outputFields: [],
  usage: () => ZERO_USAGE,
  scanner: () => new AnthropicScanner(),
  counter: null,
};

export const ANTHROPIC_ENDPOINTS: readonly EndpointSpec[] = [messages, countTokens];

/** The request without what only says how to answer: the count endpoint refuses fields that it does not know. */
function countBody(_plan: Plan, body: Buffer): Buffer {
  const walked = walkBody(body, MESSAGES_FIELDS, { bytesMax: body.length });
  const dropped = walked.top.members.filter(({ key }) => !Object.hasOwn(COUNT_TOKENS_FIELDS.fields, key));
  return Buffer.from(
    splice(
      body,
      walked,
      dropped.map(({ key }) => ({ path: [key], json: null })),
    ),
  );
}
