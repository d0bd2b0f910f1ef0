import { type Dialect, type StreamKind, sse } from './dialect.ts';
import { ANSWER, ANSWER_ID, OUTPUT_MAX, PROMPT, SYSTEM, streamPrompt, TOKENS } from './text.ts';

const MODEL = 'gemini-3.1-flash-lite';
const PATH = `/v1beta/models/${MODEL}`;

function request(prompt: string, maxOutputTokens: number): string {
  return JSON.stringify({
    systemInstruction: { parts: [{ text: SYSTEM }] },
    contents: [{ role: 'user', parts: [{ text: prompt }] }],
    generationConfig: { temperature: 0.2, maxOutputTokens },
  });
}

function answer(text: string, output: number, finish: object): object {
  return {
    candidates: [{ content: { parts: [{ text }], role: 'model' }, ...finish, index: 0 }],
    usageMetadata: { promptTokenCount: TOKENS.input, candidatesTokenCount: output, totalTokenCount: TOKENS.input + output },
    modelVersion: MODEL,
    responseId: ANSWER_ID,
  };
}

const CLOSING = sse(answer('', TOKENS.output, { finishReason: 'STOP' }));

export const GOOGLE: Dialect = {
  name: 'google',
  base: '/v1beta',
  declared: {},
  keyHeader: (key) => ({ 'x-goog-api-key': key }),
  json: {
    path: `${PATH}:generateContent`,
    body: request(PROMPT, OUTPUT_MAX.json),
    answer: JSON.stringify(answer(ANSWER, TOKENS.output, { finishReason: 'STOP' })),
  },
  stream: {
    path: `${PATH}:streamGenerateContent?alt=sse`,
    body: (kind: StreamKind) => request(streamPrompt(kind), OUTPUT_MAX.stream),
    opening: '',
    // Every frame tells what it has come to so far.
    frame: (seq, text) => sse(answer(text, Math.min(seq + 1, TOKENS.output), {})),
    closing: () => CLOSING,
    end: CLOSING,
  },
};
