import type { Ask, Voice } from './ask.ts';

export type Reported = { readonly input: number; readonly output: number };

/** A frame of a stream, and what it reports where it does. */
export type Frame = { readonly bytes: Buffer; readonly reports?: Reported };

/** What is said: text in pieces, and a usage report; `interim`: reports with every piece, where the dialect has room for them. */
export type Said = { readonly texts: readonly string[]; readonly reported: Reported; readonly interim: boolean };

type Speaker = {
  stream(ask: Ask, said: Said): readonly Frame[];
  /** A whole answer. @param usage what stands in place of the report: absent, or rubbish. */
  whole(ask: Ask, said: Said): Readonly<Record<string, unknown>>;
  readonly usageField: string;
  error(status: number, code: string): Readonly<Record<string, unknown>>;
};

const frame = (data: unknown, reports?: Reported, event?: string): Frame => ({
  bytes: Buffer.from(
    `${event === undefined ? '' : `event: ${event}\n`}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`,
  ),
  ...(reports === undefined ? {} : { reports }),
});

/** What has come after so many of the pieces. */
function partly({ texts, reported }: Said, pieces: number): Reported {
  return { input: reported.input, output: Math.floor((reported.output * pieces) / (texts.length + 1)) };
}

const openAiUsage = ({ input, output }: Reported) => ({ prompt_tokens: input, completion_tokens: output, total_tokens: input + output });
const googleUsage = ({ input, output }: Reported) => ({
  promptTokenCount: input,
  candidatesTokenCount: output,
  totalTokenCount: input + output,
});
const all = (count: number) => Array.from({ length: count }, (_, index) => index);

const openai: Speaker = {
  stream: ({ model, choices }, said) => {
    const chunk = (more: unknown[], usage: unknown) => ({ id: 'c', object: 'chat.completion.chunk', model, choices: more, usage });
    const pieces = said.texts.map((content, i) => {
      const soFar = partly(said, i + 1);
      const delta = [{ index: i % choices, delta: { content }, finish_reason: null }];
      return said.interim ? frame(chunk(delta, openAiUsage(soFar)), soFar) : frame(chunk(delta, null));
    });
    const ends = all(choices).map((index) => frame(chunk([{ index, delta: {}, finish_reason: 'stop' }], null)));
    return [...pieces, ...ends, frame(chunk([], openAiUsage(said.reported)), said.reported), frame('[DONE]')];
  },
  whole: ({ model, choices }, { texts, reported }) => ({
    id: 'c',
    object: 'chat.completion',
    model,
    choices: all(choices).map((index) => ({ index, message: { role: 'assistant', content: texts.join('') }, finish_reason: 'stop' })),
    usage: openAiUsage(reported),
  }),
  usageField: 'usage',
  error: (_status, code) => ({ error: { message: 'refused', type: code, param: null, code } }),
};

const anthropic: Speaker = {
  stream: ({ model }, said) => {
    const { input, output } = said.reported;
    const start = { id: 'm', type: 'message', role: 'assistant', model, content: [], usage: { input_tokens: input, output_tokens: 1 } };
    const pieces = said.texts.map((text) =>
      frame({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }, undefined, 'content_block_delta'),
    );
    const delta = { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: output } };
    return [
      frame({ type: 'message_start', message: start }, { input, output: 1 }, 'message_start'),
      frame({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }, undefined, 'content_block_start'),
      ...pieces,
      frame({ type: 'content_block_stop', index: 0 }, undefined, 'content_block_stop'),
      frame(delta, said.reported, 'message_delta'),
      frame({ type: 'message_stop' }, undefined, 'message_stop'),
    ];
  },
  whole: ({ model }, { texts, reported: { input, output } }) => ({
    id: 'm',
    type: 'message',
    role: 'assistant',
    model,
    content: [{ type: 'text', text: texts.join('') }],
    stop_reason: 'end_turn',
    usage: { input_tokens: input, output_tokens: output },
  }),
  usageField: 'usage',
  error: (_status, code) => ({ type: 'error', error: { type: code, message: 'refused' } }),
};

const google: Speaker = {
  stream: ({ choices, model }, said) => {
    const chunk = (candidates: unknown[], reported: Reported) => ({
      candidates,
      usageMetadata: googleUsage(reported),
      modelVersion: model,
    });
    const pieces = said.texts.map((text, i) => {
      const soFar = partly(said, i + 1);
      return frame(chunk([{ index: i % choices, content: { role: 'model', parts: [{ text }] } }], soFar), soFar);
    });
    const ends = all(choices).map((index) => ({ index, finishReason: 'STOP' }));
    return [...pieces, frame(chunk(ends, said.reported), said.reported)];
  },
  whole: ({ choices }, { texts, reported }) => ({
    candidates: all(choices).map((index) => ({ index, content: { parts: [{ text: texts.join('') }] }, finishReason: 'STOP' })),
    usageMetadata: googleUsage(reported),
  }),
  usageField: 'usageMetadata',
  error: (status, code) => ({ error: { code: status, status: code, message: 'refused' } }),
};

export const VOICES: Readonly<Record<Voice, Speaker>> = { openai, anthropic, google };
