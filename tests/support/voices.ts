/** How each dialect says the same things: what a caller asks, and what an upstream answers, frame by frame. */

export type VoiceName = 'chat' | 'responses' | 'messages' | 'generate';
type Json = Readonly<Record<string, unknown>>;
export type Question = { readonly model: string; readonly stream: boolean; readonly max?: number; readonly content: string };

export type Voice = {
  readonly name: VoiceName;
  /** The provider whose own rules apply; the sandbox takes all of them. */
  readonly provider: 'openai-compatible' | 'anthropic' | 'google';
  /** The gateway's path, and the body that an SDK would send. */
  path(model: string, stream: boolean): string;
  body(ask: Question): Json;
  /** A usage report. @param total left out where the dialect has none. */
  usage(input: unknown, output: unknown, more?: Json): Json;
  /** A report whose own numbers cannot all be true. */
  readonly contradiction: Json;
  /** A whole JSON answer; without `usage` it has none. */
  json(text: string, usage?: unknown): string;
  /** Frames: how a stream begins, what it says, a report in its midst, its stop with the last report, its end marker. */
  open(usage?: unknown): string;
  /** @param usage a report in the very frame, for those that do that. */
  text(text: string, usage?: unknown): string;
  report(usage: unknown): string;
  stop(usage?: unknown): string;
  readonly end: string;
  readonly errorFrame: string;
  errorBody(code: string, message?: string): string;
  /** Our code in an error of this dialect; null where the JSON is none, or has another shape. */
  codeOf(error: Json): string | null;
};

const object = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {});
const named = (name: string, data: Json): string => `event: ${name}\ndata: ${JSON.stringify({ type: name, ...data })}\n\n`;
const data = (value: Json): string => `data: ${JSON.stringify(value)}\n\n`;
const maybe = (name: string, value: unknown): Json => (value === undefined ? {} : { [name]: value });

const chatChunk = (choices: readonly Json[], usage: unknown = null) =>
  data({ id: 'chatcmpl-raw', object: 'chat.completion.chunk', created: 1, model: 'raw', choices, usage });
const openAiError = (code: string, message: string) => ({ error: { message, type: code, param: null, code } });

function openAiCode(json: Json): string | null {
  const { code, message, type } = object(json['error']);
  return typeof code === 'string' && typeof message === 'string' && typeof type === 'string' ? code : null;
}

const chat: Voice = {
  name: 'chat',
  provider: 'openai-compatible',
  path: () => '/v1/chat/completions',
  body: ({ model, stream, max, content }) => ({
    model,
    ...(stream ? { stream } : {}),
    ...maybe('max_completion_tokens', max),
    messages: [{ role: 'user', content }],
  }),
  usage: (input, output, more = {}) => ({
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: Number(input) + Number(output),
    ...more,
  }),
  contradiction: { prompt_tokens: 4, completion_tokens: 3, total_tokens: 2 },
  json: (text, usage) =>
    JSON.stringify({
      id: 'chatcmpl-raw',
      object: 'chat.completion',
      created: 1,
      model: 'raw',
      choices: [{ index: 0, message: { role: 'assistant', content: text, refusal: null }, finish_reason: 'stop' }],
      ...maybe('usage', usage),
    }),
  open: (usage) => chatChunk([{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }], usage),
  text: (text, usage) => chatChunk([{ index: 0, delta: { content: text }, finish_reason: null }], usage),
  report: (usage) => chatChunk([], usage),
  stop: (usage) => chatChunk([{ index: 0, delta: {}, finish_reason: 'stop' }]) + (usage === undefined ? '' : chatChunk([], usage)),
  end: 'data: [DONE]\n\n',
  errorFrame: data(openAiError('server_error', 'bad key sk-raw')),
  errorBody: (code, message = 'no') => JSON.stringify(openAiError(code, message)),
  codeOf: openAiCode,
};

const response = (status: string, usage: unknown, more: Json = {}) => ({
  response: { id: 'resp_raw', object: 'response', created_at: 1, model: 'raw', status, error: null, output: [], usage, ...more },
});

const responses: Voice = {
  name: 'responses',
  provider: 'openai-compatible',
  path: () => '/v1/responses',
  body: ({ model, stream, max, content }) => ({
    model,
    ...(stream ? { stream } : {}),
    ...maybe('max_output_tokens', max),
    input: content,
  }),
  usage: (input, output, more = {}) => ({
    input_tokens: input,
    output_tokens: output,
    total_tokens: Number(input) + Number(output),
    ...more,
  }),
  contradiction: { input_tokens: 4, output_tokens: 3, total_tokens: 2 },
  json: (text, usage) => {
    const output = [{ type: 'message', id: 'msg_1', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text }] }];
    return JSON.stringify(response('completed', usage, { output }).response);
  },
  open: (usage = null) => named('response.created', response('in_progress', usage)),
  text: (text) => named('response.output_text.delta', { item_id: 'msg_1', output_index: 0, content_index: 0, delta: text }),
  report: (usage) => named('response.in_progress', response('in_progress', usage)),
  stop: (usage) => named('response.completed', response('completed', usage)),
  end: '',
  errorFrame: named('error', { code: 'server_error', message: 'bad key sk-raw', param: null }),
  errorBody: (code, message = 'no') => JSON.stringify(openAiError(code, message)),
  codeOf: openAiCode,
};

const anthropicError = (type: string, message: string) => ({ type: 'error', error: { type, message } });

const messages: Voice = {
  name: 'messages',
  provider: 'anthropic',
  path: () => '/v1/messages',
  body: ({ model, stream, max, content }) => ({
    model,
    ...(stream ? { stream } : {}),
    ...maybe('max_tokens', max),
    messages: [{ role: 'user', content }],
  }),
  usage: (input, output, more = {}) => ({ input_tokens: input, output_tokens: output, ...more }),
  contradiction: { input_tokens: 4, output_tokens: 3, output_tokens_details: { thinking_tokens: 9 } },
  json: (text, usage) =>
    JSON.stringify({
      id: 'msg_raw',
      type: 'message',
      role: 'assistant',
      model: 'raw',
      content: [{ type: 'text', text }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      ...maybe('usage', usage),
    }),
  open: (usage) =>
    named('message_start', {
      message: { id: 'msg_raw', type: 'message', role: 'assistant', model: 'raw', content: [], ...maybe('usage', usage) },
    }) + named('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
  text: (text) => named('content_block_delta', { index: 0, delta: { type: 'text_delta', text } }),
  report: (usage) => named('message_delta', { delta: { stop_reason: null, stop_sequence: null }, usage }),
  stop: (usage) =>
    named('content_block_stop', { index: 0 }) +
    named('message_delta', { delta: { stop_reason: 'end_turn', stop_sequence: null }, ...maybe('usage', usage) }),
  end: named('message_stop', {}),
  errorFrame: named('error', { error: { type: 'overloaded_error', message: 'bad key sk-raw' } }),
  errorBody: (type, message = 'no') => JSON.stringify(anthropicError(type, message)),
  codeOf: (json) => {
    const { code, message, type } = object(json['error']);
    if (json['type'] !== 'error' || typeof message !== 'string' || typeof type !== 'string') return null;
    return typeof code === 'string' ? code : null;
  },
};

const part = (text: string, more: Json = {}) => ({ index: 0, content: { role: 'model', parts: [{ text }] }, ...more });
const googleChunk = (candidates: readonly Json[], usage?: unknown) => ({
  ...(candidates.length === 0 ? {} : { candidates }),
  ...maybe('usageMetadata', usage),
  modelVersion: 'raw',
  responseId: 'raw',
});
const googleError = (status: string, message: string) => ({ error: { code: 503, message, status, details: [] } });

const generate: Voice = {
  name: 'generate',
  provider: 'google',
  path: (model, stream) => `/v1beta/models/${model}:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
  body: ({ max, content }) => ({
    contents: [{ role: 'user', parts: [{ text: content }] }],
    ...(max === undefined ? {} : { generationConfig: { maxOutputTokens: max } }),
  }),
  usage: (input, output, more = {}) => ({
    promptTokenCount: input,
    candidatesTokenCount: output,
    totalTokenCount: Number(input) + Number(output),
    ...more,
  }),
  contradiction: { promptTokenCount: 4, candidatesTokenCount: 3, totalTokenCount: 2 },
  json: (text, usage) => JSON.stringify(googleChunk([part(text, { finishReason: 'STOP' })], usage)),
  open: (usage) => data(googleChunk([part('')], usage)),
  text: (text, usage) => data(googleChunk([part(text)], usage)),
  report: (usage) => data(googleChunk([], usage)),
  stop: (usage) => data(googleChunk([{ index: 0, finishReason: 'STOP' }], usage)),
  end: '',
  errorFrame: data(googleError('UNAVAILABLE', 'bad key sk-raw')),
  errorBody: (status, message = 'no') => JSON.stringify(googleError(status, message)),
  codeOf: (json) => {
    const { code, status, details } = object(json['error']);
    if (typeof code !== 'number' || typeof status !== 'string' || !Array.isArray(details)) return null;
    const { reason } = object(details[0]);
    return typeof reason === 'string' ? reason : null;
  },
};

export const VOICES: Readonly<Record<VoiceName, Voice>> = { chat, responses, messages, generate };
export const ALL_VOICES: readonly Voice[] = [chat, responses, messages, generate];

/** A whole stream as it should be: it begins, says something, stops with its report, and ends. */
export function stream(voice: Voice, text: string, usage?: unknown): string {
  return voice.open() + voice.text(text) + voice.stop(usage) + voice.end;
}
