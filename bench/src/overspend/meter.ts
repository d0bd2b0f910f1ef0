/**
 * What the counting upstream bills, as pure arithmetic. One word of a message is one token of input, so no tokenizer in use counts fewer;
 * one word of the answer is one token of output. The prompt says how much the model has to say: `write 400`.
 */
export type Call = {
  readonly model: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Why the answer ends. */
  readonly finish: 'length' | 'stop';
  readonly isStream: boolean;
  readonly isUsageAsked: boolean;
};

export const MODEL_WINDOW_TOKENS = 8192;
/** The most that the model writes, whatever it is asked. */
export const MODEL_OUTPUT_TOKENS_MAX = 4096;
/** What it has to say where the prompt does not tell. */
const NATURAL_TOKENS = 64;

type Body = {
  readonly model?: unknown;
  readonly messages?: readonly { readonly content?: unknown }[];
  readonly max_tokens?: unknown;
  readonly max_completion_tokens?: unknown;
  readonly stream?: unknown;
  readonly stream_options?: { readonly include_usage?: unknown } | null;
};

/** @throws SyntaxError on what is not JSON. */
export function readCall(text: string): Call {
  const body = JSON.parse(text) as Body;
  const words = (body.messages ?? []).flatMap(({ content }) => wordsOf(content));
  const limit = count(body.max_completion_tokens) ?? count(body.max_tokens) ?? MODEL_OUTPUT_TOKENS_MAX;
  const natural = naturalTokens(words);
  const outputTokens = Math.min(natural, limit, MODEL_OUTPUT_TOKENS_MAX);
  return {
    model: String(body.model),
    inputTokens: words.length,
    outputTokens,
    finish: outputTokens < natural ? 'length' : 'stop',
    isStream: body.stream === true,
    isUsageAsked: body.stream_options?.include_usage === true,
  };
}

function wordsOf(content: unknown): string[] {
  if (Array.isArray(content)) return content.flatMap((part: { readonly text?: unknown }) => wordsOf(part.text));
  return typeof content === 'string' ? content.split(/\s+/).filter((word) => word !== '') : [];
}

function naturalTokens(words: readonly string[]): number {
  const at = words.indexOf('write');
  const told = at === -1 ? Number.NaN : Number(words[at + 1]);
  return Number.isSafeInteger(told) && told > 0 ? told : NATURAL_TOKENS;
}

function count(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null;
}

/** A prompt of so many tokens, most of them the same word, that has the model write so many. */
export function promptOf(tokens: number, write: number, word: string): string {
  return ['write', String(write), ...Array.from({ length: tokens - 2 }, () => word)].join(' ');
}
