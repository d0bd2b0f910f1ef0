import type { Grade } from '../bounds/proof.ts';

/** A fact with where it comes from, when that was read, and how well it is known. */
export type Fact<T> = { readonly value: T; readonly source: string; readonly date: string; readonly grade: Grade };

export type Endpoint = 'chat' | 'responses' | 'embeddings';

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
  /** The most that the model can emit in one choice, tokens (0 for embeddings). */
  readonly maxOutput: Fact<bigint>;
  readonly tokenizer: Fact<Tokenizer>;
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
