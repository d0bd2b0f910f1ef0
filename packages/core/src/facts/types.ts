import type { Grade } from '../bounds/proof.ts';

/** A fact with where it comes from, when that was read, and how well it is known. */
export type Fact<T> = { readonly value: T; readonly source: string; readonly date: string; readonly grade: Grade };

/**
 * What a model can be asked for, in the words of the three dialects. OpenAI: `chat`, `responses`, `embeddings`; Anthropic: `messages`;
 * Google: `generate` (generateContent and its stream), `embed` (embedContent and batchEmbedContents).
 */
export const ENDPOINTS = ['chat', 'responses', 'embeddings', 'messages', 'generate', 'embed'] as const;
export type Endpoint = (typeof ENDPOINTS)[number];

/**
 * What is known of a model's tokenizer. `byte_bpe`: byte-level BPE, so tokens never exceed UTF-8 bytes.
 * `unknown` leaves only the `window` proof.
 */
export type Tokenizer = 'byte_bpe' | 'unknown';

/** Price of one unit class: `price` credit base units per `per` units, rounded up. */
export type PriceFact = { readonly unit: number; readonly price: bigint; readonly per: bigint };

export type ModelFacts = {
  readonly id: string;
  readonly endpoints: readonly Endpoint[];
  /** Context window: input and output of a single pass together, tokens. For embeddings: the limit per input. */
  readonly window: Fact<bigint>;
  /** Where input and output have limits of their own: the input's, tokens; `window` then is the sum of the two. */
  readonly inputLimit?: Fact<bigint>;
  /** The most that the model can emit in one choice, tokens (0 for embeddings). */
  readonly maxOutput: Fact<bigint>;
  readonly tokenizer: Fact<Tokenizer>;
  /** The most that the server's own template adds to a call, tokens. Absent: what the providers of the built-in facts add at most. */
  readonly callFrame?: Fact<bigint>;
  /**
   * Whether hidden reasoning stays within the output limit that is sent. Absent: it does. Where it is false, or its grade is no proof,
   * a choice is bounded by `maxOutput` whatever limit is sent.
   */
  readonly limitCoversReasoning?: Fact<boolean>;
  /** The most that one image is billed, tokens, whatever its size and detail. Absent: images leave only the window or a count. */
  readonly imageTokens?: Fact<bigint>;
  /** Images are billed at a multiple of the tokens that the model sees, so the window alone does not bound them. */
  readonly imagesBilledBeyondWindow?: boolean;
  /** The provider counts a request's input before it is sent, and bills nothing for it. Absent: it does not. */
  readonly countable?: Fact<boolean>;
  /** The exact cost of any call, tokens: a model made for tests. */
  readonly fixedCost?: Fact<bigint>;
  readonly prices?: Fact<readonly PriceFact[]>;
};

/** A refusal that the provider is known not to bill: a hold may be released on it, and on nothing else. */
export type UnbilledRefusal = {
  readonly host: string;
  readonly status: number;
  /** The provider's error code; `*` only where the whole status is documented as unbilled. */
  readonly code: string;
  readonly source: string;
  readonly date: string;
  readonly grade: Grade;
};
