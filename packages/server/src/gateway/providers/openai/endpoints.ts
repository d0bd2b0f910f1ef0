import { normaliseUsage } from '@tallystick/core';
import { OpenAiChatScanner } from '../../stream/openai-chat.ts';
import { OpenAiResponsesScanner } from '../../stream/openai-responses.ts';
import type { EndpointSpec } from '../endpoint.ts';
import { CHAT_FIELDS } from './chat-fields.ts';
import { OPENAI } from './dialect.ts';
import { EMBEDDINGS_FIELDS } from './embeddings-fields.ts';
import { RESPONSES_FIELDS } from './responses-fields.ts';

const chat: EndpointSpec = {
  dialect: OPENAI,
  endpoint: 'chat',
  name: 'chat',
  route: '/v1/chat/completions',
  isFree: false,
  upstreamPath: () => '/chat/completions',
  fields: CHAT_FIELDS,
  outputFields: [['max_completion_tokens'], ['max_tokens']],
  // Servers that only speak the dialect know `max_tokens` and may ignore the newer name, so they are sent the older one.
  outputField: (provider) => (provider === 'openai-compatible' ? ['max_tokens'] : ['max_completion_tokens']),
  edits: ({ stream, usageAsked }) => (stream && !usageAsked ? [{ path: ['stream_options', 'include_usage'], json: 'true' }] : []),
  usage: ({ usage }) => normaliseUsage('openai-chat', usage),
  scanner: ({ usageAsked, choices }) => new OpenAiChatScanner({ usageAsked, choices }),
  counter: null,
};

const responses: EndpointSpec = {
  dialect: OPENAI,
  endpoint: 'responses',
  name: 'responses',
  route: '/v1/responses',
  isFree: false,
  upstreamPath: () => '/responses',
  fields: RESPONSES_FIELDS,
  outputFields: [['max_output_tokens']],
  usage: ({ usage }) => normaliseUsage('openai-responses', usage),
  scanner: () => new OpenAiResponsesScanner({}),
  counter: null,
};

const embeddings: EndpointSpec = {
  dialect: OPENAI,
  endpoint: 'embeddings',
  name: 'embeddings',
  route: '/v1/embeddings',
  isFree: false,
  upstreamPath: () => '/embeddings',
  fields: EMBEDDINGS_FIELDS,
  outputFields: [],
  usage: ({ usage }) => normaliseUsage('openai-embeddings', usage),
  scanner: () => new OpenAiResponsesScanner({}),
  counter: null,
};

export const OPENAI_ENDPOINTS: readonly EndpointSpec[] = [chat, responses, embeddings];
