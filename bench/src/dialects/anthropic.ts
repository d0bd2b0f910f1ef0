import { type Dialect, type StreamKind, sse } from './dialect.ts';
import { ANSWER, ANSWER_ID, OUTPUT_MAX, PROMPT, SYSTEM, streamPrompt, TOKENS } from './text.ts';

/**
 * The tokenizer of Anthropic's models is not public, so a call is held at its model's whole window: a thousand streams of a real one at
 * once (200,000 tokens each) are beyond the largest cap. The source declares a model with a window that they fit in.
 */
const MODEL = 'claude-bench';
const WINDOW = 65_536;
const PATH = '/v1/messages';
const ID = `msg_${ANSWER_ID}`;

function request(prompt: string, more: object): string {
  return JSON.stringify({ model: MODEL, system: SYSTEM, messages: [{ role: 'user', content: prompt }], temperature: 0.2, ...more });
}

function usage(output: number) {
  return { input_tokens: TOKENS.input, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: output };
}

const MESSAGE = { id: ID, type: 'message', role: 'assistant', model: MODEL };

const event = (data: { readonly type: string; readonly [name: string]: unknown }) => sse(data, data.type);

const OPENING = [
  { type: 'message_start', message: { ...MESSAGE, content: [], stop_reason: null, stop_sequence: null, usage: usage(1) } },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  { type: 'ping' },
];
const CLOSING = [
  { type: 'content_block_stop', index: 0 },
  { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: usage(TOKENS.output) },
  { type: 'message_stop' },
];

export const ANTHROPIC: Dialect = {
  name: 'anthropic',
  base: '/v1',
  declared: { [MODEL]: { window: WINDOW, maxOutput: WINDOW / 2, endpoints: ['messages'] } },
  keyHeader: (key) => ({ 'x-api-key': key, 'anthropic-version': '2023-06-01' }),
  json: {
    path: PATH,
    body: request(PROMPT, { max_tokens: OUTPUT_MAX.json }),
    answer: JSON.stringify({
      ...MESSAGE,
      content: [{ type: 'text', text: ANSWER }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: usage(TOKENS.output),
    }),
  },
  stream: {
    path: PATH,
    body: (kind: StreamKind) => request(streamPrompt(kind), { max_tokens: OUTPUT_MAX.stream, stream: true }),
    opening: OPENING.map(event).join(''),
    frame: (_seq, text) => event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }),
    closing: () => CLOSING.map(event).join(''),
    end: event({ type: 'message_stop' }),
  },
};
