/** How an upper bound of billed units was derived; recorded in every hold and receipt. */
export type ProofKind = 'exact' | 'bytes' | 'window' | 'count';

/**
 * How well a fact is known. Only `proved`, `documented` and `declared` (by the source's own operator) count as proof. `evidence`: the
 * provider's own count, right so far; `canary`: seen in trials.
 */
export type Grade = 'proved' | 'documented' | 'declared' | 'evidence' | 'canary';

/** The most that a call can be billed, known before it is sent. All in tokens. */
export type Bound = {
  readonly proof: ProofKind;
  readonly grade: Grade;
  /** Upper bound of billed input. */
  readonly input: bigint;
  /** Upper bound of billed output, all choices together. */
  readonly output: bigint;
  /** `input + output`, or the window where that is smaller: what is held. */
  readonly total: bigint;
};
