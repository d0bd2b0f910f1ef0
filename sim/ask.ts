import { seedFor } from './dice.ts';

export type Voice = 'openai' | 'anthropic' | 'google';

/** What an upstream reads in a request: which answer it wants, and what it will come to. */
export type Ask = {
  readonly voice: Voice;
  readonly isCount: boolean;
  readonly isStream: boolean;
  readonly model: string;
  /** Output limit per choice; what a provider takes where none was sent. */
  readonly limit: number;
  readonly choices: number;
  /** What the input really comes to, tokens. */
  readonly input: number;
  /** The most output that there is room for, all choices together. */
  readonly outputMax: number;
  /** The most that a provider which keeps its word could bill for these bytes. */
  readonly billMax: number;
  /** What its count endpoint tells: a little less than the truth, within the margin that is promised for it. */
  readonly counted: number;
};

/** What providers make of a request that names no limit. */
const LIMIT_BY_DEFAULT = 16_384;
/** Tokens by which a count may be short of the bill. */
const COUNT_SHORT_MAX = 500;
const FRAME_TOKENS_MAX = 8;
/** Models whose tokenizer nobody knows: bytes say little of their tokens. */
const CLOSED = /closed|claude/;
/** Prompt and answer share it. */
const WINDOWS: Readonly<Record<string, number>> = {
  'sandbox-small': 8_192,
  'sandbox-large': 131_072,
  'sandbox-closed': 200_000,
  'gpt-4o-mini': 128_000,
  'claude-haiku-4-5': 200_000,
};

type Body = Readonly<Record<string, unknown>>;

/** @param path under the source's base URL. */
export function readAsk(path: string, bytes: Buffer, isStream: boolean): Ask {
  const sent = JSON.parse(bytes.toString()) as Body;
  const body = (sent['generateContentRequest'] ?? sent) as Body;
  const isGoogle = path.startsWith('/models/');
  const voice: Voice = isGoogle ? 'google' : path.startsWith('/messages') ? 'anthropic' : 'openai';
  const model = isGoogle ? decodeURIComponent(/^\/models\/([^:]+):/.exec(path)?.[1] ?? '') : String(body['model']);
  const texts = isGoogle ? googleTexts(body) : (body['messages'] as { content: string }[]).map(({ content }) => content);
  const config = (body['generationConfig'] ?? {}) as Body;
  const limit = wholeOr(isGoogle ? config['maxOutputTokens'] : (body['max_completion_tokens'] ?? body['max_tokens']), LIMIT_BY_DEFAULT);
  const choices = wholeOr(isGoogle ? config['candidateCount'] : body['n'], 1);
  const { input, inputMax, counted } = inputOf(texts, CLOSED.test(model));
  const window = WINDOWS[model] ?? 0;
  const outputFor = (tokens: number) => choices * Math.max(0, Math.min(limit, window - tokens));
  // Beyond that a longer prompt leaves less room for each answer.
  const worst = Math.min(inputMax, Math.max(input, window - limit));
  const isCount = /count_?tokens/i.test(path);
  return {
    voice,
    isCount,
    isStream: isStream && !isCount,
    model,
    limit,
    choices,
    input,
    counted,
    outputMax: outputFor(input),
    billMax: isCount ? 0 : worst + outputFor(worst),
  };
}

function wholeOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}

function googleTexts(body: Body): readonly string[] {
  return (body['contents'] as { parts: { text: string }[] }[]).flatMap(({ parts }) => parts.map(({ text }) => text));
}

/** The same text always comes to the same number of tokens. */
function inputOf(texts: readonly string[], isClosed: boolean): { input: number; inputMax: number; counted: number } {
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  const chance = seedFor(bytes, texts.join('\n'));
  const share = 0.2 + ((chance % 1_000) / 1_000) * (isClosed ? 1.4 : 0.8);
  const input = Math.floor(bytes * share) + 1 + texts.length * (chance % FRAME_TOKENS_MAX);
  const most = bytes + (texts.length + 1) * FRAME_TOKENS_MAX;
  return { input, inputMax: isClosed ? input : most, counted: Math.max(0, input - ((chance >>> 10) % COUNT_SHORT_MAX)) };
}
