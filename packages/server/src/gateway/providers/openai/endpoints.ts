import type { Endpoint, ModelFacts, UsageDialect } from '@tallystick/core';
import type { ObjectNode } from '../../body/schema.ts';
import { splice } from '../../body/splice.ts';
import { walkBody } from '../../body/walk.ts';
import type { WalkedBody } from '../../body/walked.ts';
import type { StreamScanner } from '../../stream/events.ts';
import { OpenAiChatScanner } from '../../stream/openai-chat.ts';
import { OpenAiResponsesScanner } from '../../stream/openai-responses.ts';
import { CHAT_FIELDS } from './chat-fields.ts';
import { EMBEDDINGS_FIELDS } from './embeddings-fields.ts';
import { RESPONSES_FIELDS } from './responses-fields.ts';

/** One route of the dialect, as data: what it takes, how its output is limited, how its answer is metered. */
export type EndpointSpec = {
  readonly endpoint: Endpoint;
  readonly route: string;
  /** Under the source's base URL. */
  readonly upstreamPath: string;
  readonly fields: ObjectNode;
  /** The fields that limit output, the first being the one that is sent; empty where there is no output. */
  readonly outputFields: readonly string[];
  readonly usage: UsageDialect;
  scanner(plan: Plan): StreamScanner;
};

/** What one walk over the body has told. */
export type Plan = {
  readonly body: Buffer;
  readonly walked: WalkedBody;
  readonly model: string;
  readonly stream: boolean;
  /** Whether the caller wants the usage frame of a chat stream. */
  readonly usageAsked: boolean;
  /** Output limit per choice that the caller named, tokens; null where none. */
  readonly outputAsked: bigint | null;
  readonly choices: number;
  readonly messages: number;
  readonly tools: number;
  readonly inputs: number;
};

const chat: EndpointSpec = {
  endpoint: 'chat',
  route: '/v1/chat/completions',
  upstreamPath: '/chat/completions',
  fields: CHAT_FIELDS,
  outputFields: ['max_completion_tokens', 'max_tokens'],
  usage: 'openai-chat',
  scanner: (plan) => new OpenAiChatScanner({ usageAsked: plan.usageAsked }),
};

const responses: EndpointSpec = {
  endpoint: 'responses',
  route: '/v1/responses',
  upstreamPath: '/responses',
  fields: RESPONSES_FIELDS,
  outputFields: ['max_output_tokens'],
  usage: 'openai-responses',
  scanner: () => new OpenAiResponsesScanner({}),
};

const embeddings: EndpointSpec = {
  endpoint: 'embeddings',
  route: '/v1/embeddings',
  upstreamPath: '/embeddings',
  fields: EMBEDDINGS_FIELDS,
  outputFields: [],
  usage: 'openai-embeddings',
  scanner: () => new OpenAiResponsesScanner({}),
};

export const OPENAI_ENDPOINTS: readonly EndpointSpec[] = [chat, responses, embeddings];

/** Walks the body once. @throws BODY_INVALID, FIELD_NOT_ALLOWED, FIELD_INVALID, BODY_TOO_LARGE. */
export function planCall(spec: EndpointSpec, body: Buffer, bytesMax: number): Plan {
  const walked = walkBody(body, spec.fields, { bytesMax });
  const { captured, counts } = walked;
  const limits = spec.outputFields.flatMap((name) => {
    const value = captured.get(name);
    return typeof value === 'number' ? [BigInt(value)] : [];
  });
  const n = captured.get('n');
  return {
    body,
    walked,
    model: String(captured.get('model')),
    stream: captured.get('stream') === true,
    usageAsked: captured.get('include_usage') === true,
    outputAsked: limits.length === 0 ? null : limits.reduce((a, b) => (a < b ? a : b)),
    choices: typeof n === 'number' ? n : 1,
    messages: counts.get('messages') ?? 0,
    tools: counts.get('tools') ?? 0,
    inputs: counts.get('inputs') ?? 0,
  };
}

/**
 * The bytes that are sent: the caller's own, but for the fields that policy owns.
 * Servers that only speak the dialect know `max_tokens` and may ignore the newer name, so they are sent the older one.
 */
export function bodyToSend(spec: EndpointSpec, plan: Plan, output: bigint, older: boolean): Buffer {
  const edits: { path: readonly [string] | readonly [string, string]; json: string | null }[] = [];
  const sent = older && spec.endpoint === 'chat' ? 'max_tokens' : spec.outputFields[0];
  for (const name of spec.outputFields) {
    const value = plan.walked.captured.get(name);
    const wanted = name === sent ? output : null;
    if (wanted === null && plan.walked.top.members.some(({ key }) => key === name)) edits.push({ path: [name], json: null });
    if (wanted !== null && value !== Number(wanted)) edits.push({ path: [name], json: String(wanted) });
  }
  if (spec.endpoint === 'chat' && plan.stream && !plan.usageAsked) edits.push({ path: ['stream_options', 'include_usage'], json: 'true' });
  if (edits.length === 0) return plan.body;
  const bytes = splice(plan.body, plan.walked, edits);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Output limit per choice: what was asked, or the default, never more than the model can emit. */
export function outputLimit(plan: Plan, facts: ModelFacts, byDefault: bigint): bigint {
  const wanted = plan.outputAsked ?? byDefault;
  return wanted < facts.maxOutput.value ? wanted : facts.maxOutput.value;
}
