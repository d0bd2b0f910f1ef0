/**
 * The sandbox's models, as data: the well-behaved first, then those that cost an exact amount, then the badly behaved.
 * No import stands here, so that others can read the table without loading a tokenizer.
 */

/** In the words of the three dialects: OpenAI's chat, responses and embeddings, Anthropic's messages, Google's generate and embed. */
export type SandboxEndpoint = 'chat' | 'responses' | 'embeddings' | 'messages' | 'generate' | 'embed';

/** What a model does beside answering; `well` is a plain good answer. */
export type Behaviour =
  | 'well'
  | 'reasoning'
  | 'cached'
  | 'long'
  | 'embed'
  | 'fixed'
  | 'slow'
  | 'slow-bytes'
  | 'undercount'
  | 'cut'
  | 'reset'
  | 'hang'
  | 'stall'
  | 'lie-low'
  | 'lie-zero'
  | 'no-usage'
  | 'bad-usage'
  | 'refuse'
  | 'refuse-rate'
  | 'refuse-auth'
  | 'error'
  | 'overrun'
  | 'endless'
  | 'twice'
  | 'garbage'
  | 'html'
  | 'huge'
  | 'redirect';

export type SandboxModel = {
  readonly id: string;
  /** One sentence: what a call to it does, and what it bills where that differs from what it says. */
  readonly description: string;
  readonly behaviour: Behaviour;
  readonly endpoints: readonly SandboxEndpoint[];
  /** Context window, tokens: input and output of one choice together. For embeddings: the limit per input. */
  readonly window: number;
  /** The most that one choice can emit, tokens; 0 for embeddings. */
  readonly maxOutput: number;
  /** Keeps its word: bills no more than the limit it was sent, and reports what it bills. */
  readonly wellBehaved: boolean;
  /** Bills exactly this, whatever is sent, tokens. */
  readonly fixed?: { readonly input: number; readonly output: number };
  /** Bills this many tokens for one o200k token of what is written in a request: its tokenizer is its own. */
  readonly tokensPerToken?: number;
};

/** What every text model bills for an image, whatever its size. */
export const TOKENS_PER_IMAGE = 256;

const TEXT: readonly SandboxEndpoint[] = ['chat', 'responses', 'messages', 'generate'];

function good(id: string, behaviour: Behaviour, description: string, window = 8_192, maxOutput = 2_048): SandboxModel {
  return { id, description, behaviour, endpoints: TEXT, window, maxOutput, wellBehaved: true };
}

function fixed(id: string, input: number, output: number): SandboxModel {
  const description = `Bills exactly ${input + output} tokens (${input} in, ${output} out), whatever is sent.`;
  return { ...good(id, 'fixed', description), fixed: { input, output } };
}

function bad(id: string, behaviour: Behaviour, description: string): SandboxModel {
  return { ...good(id, behaviour, description), wellBehaved: false };
}

export const SANDBOX_MODELS: readonly SandboxModel[] = [
  good('sandbox-small', 'well', 'A small, well-behaved model: short answers, exact counts.'),
  good('sandbox-large', 'well', 'A well-behaved model with a large window.', 131_072, 16_384),
  good('sandbox-reasoning', 'reasoning', 'Reports 16 to 64 hidden reasoning tokens inside its output count.', 131_072, 16_384),
  good(
    'sandbox-cached',
    'cached',
    'Reports half of its input as read from a prompt cache, and writes to it where it is asked to.',
    131_072,
    16_384,
  ),
  good('sandbox-long', 'long', 'Writes until the output limit that it was sent, or else until its own.', 131_072, 16_384),
  {
    ...good('sandbox-embed', 'embed', 'Embeddings of up to 1,536 dimensions (256 unless asked), 8,192 tokens per input.', 8_192, 0),
    endpoints: ['embeddings', 'embed'],
  },
  fixed('sandbox-fixed-5', 2, 3),
  fixed('sandbox-fixed-100', 40, 60),
  good('sandbox-slow', 'slow', 'First byte after 300 ms, then one frame every 20 ms.'),
  good('sandbox-slow-bytes', 'slow-bytes', 'Sends its answer in bits of 1 to 7 bytes, split inside characters and frames.'),
  {
    ...good(
      'sandbox-closed',
      'well',
      'Its tokenizer is not public: bills 3 tokens for each o200k token of text, and counts them so.',
      200_000,
      8_192,
    ),
    tokensPerToken: 3,
  },

  {
    ...bad('sandbox-undercount', 'undercount', 'Counts a request at half of what it bills for it; reports what it bills.'),
    window: 200_000,
    maxOutput: 8_192,
  },
  bad('sandbox-cut', 'cut', 'Cuts the connection in the middle of its answer; bills the whole answer.'),
  bad('sandbox-reset', 'reset', 'Resets the connection before any byte of its answer; bills the whole answer.'),
  bad('sandbox-hang', 'hang', 'Accepts the call and never answers; bills the whole answer.'),
  bad('sandbox-stall', 'stall', 'Sends half of its answer, then nothing more; bills the whole answer.'),
  bad('sandbox-lie-low', 'lie-low', 'Reports half of what it bills.'),
  bad('sandbox-lie-zero', 'lie-zero', 'Reports a usage of zeros; bills what it emitted.'),
  bad('sandbox-no-usage', 'no-usage', 'Never reports its usage; bills what it emitted.'),
  bad(
    'sandbox-bad-usage',
    'bad-usage',
    'Reports a usage that no meter may believe: negative, or fraction, string, huge, null or mismatch where the request has that word.',
  ),
  bad('sandbox-refuse', 'refuse', 'Refuses with 400 before generating; bills nothing.'),
  bad('sandbox-refuse-rate', 'refuse-rate', 'Refuses with 429 and retry-after; bills nothing.'),
  bad('sandbox-refuse-auth', 'refuse-auth', 'Refuses with 401 and shows part of the key in the message; bills nothing.'),
  bad(
    'sandbox-error',
    'error',
    'Fails with 500 after generating, or in mid-stream where the dialect can; overloaded where the request has that word. Bills the whole answer.',
  ),
  bad('sandbox-overrun', 'overrun', 'Emits, bills and reports 64 tokens more than the limit that it was sent.'),
  bad('sandbox-endless', 'endless', 'Writes on and on, past any limit; bills what it has sent until the caller leaves.'),
  bad('sandbox-twice', 'twice', 'Repeats its closing frames, or answers a second time on the same socket; bills once.'),
  bad('sandbox-garbage', 'garbage', 'Answers 200 with broken JSON, or a stream of junk; bills the whole answer.'),
  bad('sandbox-html', 'html', 'Answers 200 with an HTML page; bills the whole answer.'),
  bad('sandbox-huge', 'huge', 'Answers with a body of 64 MiB, in a stream with one endless line; bills its output limit.'),
  bad('sandbox-redirect', 'redirect', 'Answers 307 to another path: bills nothing, and the whole answer if the redirect is followed.'),
];

const BY_ID: ReadonlyMap<string, SandboxModel> = new Map(SANDBOX_MODELS.map((model) => [model.id, model]));

/** @returns the model of that exact id, or undefined. */
export function findModel(id: string): SandboxModel | undefined {
  return BY_ID.get(id);
}
