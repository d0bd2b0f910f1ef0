import { type Dialect, type StreamKind, sse } from './dialect.ts';
import { ANSWER, ANSWER_ID, OUTPUT_MAX, PROMPT, SYSTEM, streamPrompt, TOKENS } from './text.ts';

const MODEL = 'gpt-4o-mini';
const PATH = '/v1/chat/completions';

const USAGE = {
  prompt_tokens: TOKENS.input,
  completion_tokens: TOKENS.output,
  total_tokens: TOKENS.total,
  prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 },
};

const ABOUT = { created: 1_795_219_200, model: MODEL, service_tier: 'default', system_fingerprint: 'fp_bench' };
const ID = `chatcmpl-${ANSWER_ID}`;

function request(prompt: string, more: object): string {
  const messages = [
    { role: 'system', content: SYSTEM },
    { role: 'user', content: prompt },
  ];
  return JSON.stringify({ model: MODEL, messages, temperature: 0.2, ...more });
}

/** Where usage was asked for, every chunk but the last carries an empty one. */
function chunk(choices: readonly unknown[], isAsked: boolean, usage: unknown = null): string {
  return sse({ id: ID, object: 'chat.completion.chunk', ...ABOUT, choices, ...(isAsked ? { usage } : {}) });
}

function choice(delta: object, finish: string | null) {
  return [{ index: 0, delta, logprobs: null, finish_reason: finish }];
}

export const OPENAI: Dialect = {
  name: 'openai',
  base: '/v1',
  declared: {},
  keyHeader: (key) => ({ authorization: `Bearer ${key}` }),
  json: {
    path: PATH,
    body: request(PROMPT, { max_tokens: OUTPUT_MAX.json }),
    answer: JSON.stringify({
      id: ID,
      object: 'chat.completion',
      ...ABOUT,
      choices: [{ index: 0, message: { role: 'assistant', content: ANSWER, refusal: null }, logprobs: null, finish_reason: 'stop' }],
      usage: USAGE,
    }),
  },
  stream: {
    path: PATH,
    // As the SDK sends it by default: without asking for usage, which the gateway then has to ask for and to take out again.
    body: (kind: StreamKind) => request(streamPrompt(kind), { max_tokens: OUTPUT_MAX.stream, stream: true }),
    opening: '',
    frame: (seq, text, isAsked) => chunk(choice(seq === 0 ? { role: 'assistant', content: text } : { content: text }, null), isAsked),
    closing: (isAsked) => `${chunk(choice({}, 'stop'), isAsked)}${isAsked ? chunk([], true, USAGE) : ''}${sse('[DONE]')}`,
    end: sse('[DONE]'),
  },
};
