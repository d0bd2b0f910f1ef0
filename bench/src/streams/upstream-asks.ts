import type { Pace } from './stream-out.ts';

/** What the upstream is asked between measurements; its answer comes after it was done. */
export type UpstreamAsk = { readonly pace?: Pace; readonly release?: true };

export type Told = {
  /** Held streams that are open now. */
  readonly held: number;
  /** The least that were open when a probe came in, since it was last asked; 0 where none came. */
  readonly heldLeast: number;
  /** Since it started. */
  readonly framesSent: number;
  /** Calls billed since it started, by the provider's key. */
  readonly served: Readonly<Record<string, number>>;
};
