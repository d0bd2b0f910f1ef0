/** How the played upstream says one answer in each dialect, and what it hears. */
export type Heard = {
  readonly model: string;
  readonly limit: number;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
};

export type PlayedVoice = {
  /** @returns null for what is no stream of an answer: a count, or a call that tries a key. */
  hear(path: string, body: Record<string, unknown>): Heard | null;
  /** What answers that. */
  count(path: string): unknown;
  open: string;
  piece(text: string): string;
  close(stop: 'stop' | 'length', input: number, output: number): string;
};

type Json = Record<string, unknown>;
const data = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`;
const named = (type: string, value: Json) => `event: ${type}\n${data({ type, ...value })}`;
const list = (value: unknown) => (Array.isArray(value) ? (value as Json[]) : []);
const words = (parts: unknown) =>
  list(parts)
    .map(({ text }) => String(text ?? ''))
    .join('');

const chunk = (choices: readonly unknown[], usage: unknown = null) =>
  data({ id: 'x', object: 'chat.completion.chunk', created: 1, model: 'm', choices, usage });

const openai: PlayedVoice = {
  hear: (_, body) => {
    const messages = list(body['messages']).map(({ role, content }) => ({ role: String(role), content: String(content) }));
    const limit = Number(body['max_completion_tokens'] ?? body['max_tokens']);
    return body['stream'] === true ? { model: String(body['model']), limit, messages } : null;
  },
  count: () => {
    const usage = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };
    const choices = [{ index: 0, message: { role: 'assistant', content: 'x' }, finish_reason: 'stop' }];
    return { id: 'x', object: 'chat.completion', choices, usage };
  },
  open: '',
  piece: (content) => chunk([{ index: 0, delta: { content }, finish_reason: null }]),
  close: (stop, input, output) => {
    const usage = { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
    return `${chunk([{ index: 0, delta: {}, finish_reason: stop }])}${chunk([], usage)}data: [DONE]\n\n`;
  },
};

const anthropic: PlayedVoice = {
  hear: (_, body) => {
    const messages = list(body['messages']).map(({ role, content }) => ({ role: String(role), content: String(content) }));
    return body['stream'] === true ? { model: String(body['model']), limit: Number(body['max_tokens']), messages } : null;
  },
  count: () => ({ input_tokens: 120 }),
  open:
    named('message_start', {
      message: { id: 'msg_x', type: 'message', role: 'assistant', content: [], usage: { input_tokens: 0, output_tokens: 1 } },
    }) + named('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
  piece: (text) => named('content_block_delta', { index: 0, delta: { type: 'text_delta', text } }),
  close: (stop, input, output) =>
    named('content_block_stop', { index: 0 }) +
    named('message_delta', {
      delta: { stop_reason: stop === 'stop' ? 'end_turn' : 'max_tokens', stop_sequence: null },
      usage: { input_tokens: input, output_tokens: output },
    }) +
    named('message_stop', {}),
};

const generated = (parts: readonly unknown[], more: Json = {}) =>
  data({ candidates: [{ content: { role: 'model', parts }, index: 0, ...more }] });

const google: PlayedVoice = {
  hear: (path, body) => {
    const model = /models\/([^:]+):streamGenerateContent/.exec(path)?.[1];
    const messages = list(body['contents']).map(({ role, parts }) => ({ role: String(role), content: words(parts) }));
    const { maxOutputTokens } = (body['generationConfig'] ?? {}) as { maxOutputTokens?: number };
    return model === undefined ? null : { model, limit: Number(maxOutputTokens), messages };
  },
  count: () => ({ totalTokens: 120 }),
  open: '',
  piece: (text) => generated([{ text }]),
  close: (stop, input, output) => {
    const usageMetadata = { promptTokenCount: input, candidatesTokenCount: output, totalTokenCount: input + output };
    const finishReason = stop === 'stop' ? 'STOP' : 'MAX_TOKENS';
    const parts = [{ text: '', thoughtSignature: 'c2lnbmF0dXJl' }];
    return data({ candidates: [{ content: { role: 'model', parts }, finishReason, index: 0 }], usageMetadata });
  },
};

/** By the path that was asked for. */
export function playedVoice(path: string): PlayedVoice {
  if (path.includes('/messages')) return anthropic;
  return path.includes('/models/') ? google : openai;
}
