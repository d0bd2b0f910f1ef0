import type { Endpoint, ModelFacts } from '../facts/types.ts';

/** What a bound is computed from: all of it known before the call is sent, all of it over the bytes that are really sent. */
export type BoundInputs = {
  readonly facts: ModelFacts;
  readonly endpoint: Endpoint;
  /** UTF-8 bytes of the body, already the maximum over raw, NFC and NFKC (`utf8BytesMax`). */
  readonly textBytes: number;
  /** Messages or input items, each framed by the provider with a few tokens of its own. */
  readonly messages: number;
  /** Tool and function definitions, which the provider rewrites into its own prompt syntax. */
  readonly tools: number;
  /** The output limit that is sent upstream, per choice, in tokens (0 for embeddings). */
  readonly maxOutputPerChoice: bigint;
  /** `n`: how many answers are sampled from one prompt (1 where the endpoint has no such field). */
  readonly choices: number;
  /** Embeddings: how many inputs the call carries. Ignored elsewhere. */
  readonly inputs: number;
  /** Images in the body; their data is not part of `textBytes`. */
  readonly images: number;
  /** Whether the body holds what neither bytes nor an image price bounds (a PDF, audio, video): its data is not part of `textBytes`. */
  readonly opaque: boolean;
};
