/** How the upstream streams: time between two frames of a held stream, and frames of one in a rush. */
export type Pace = { readonly ms: number; readonly rushFrames: number };

/** What the upstream is asked between measurements; its answer comes after it was done. */
export type UpstreamAsk = {
  readonly pace?: Pace;
  /** Ends all held streams. */
  readonly release?: true;
};

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
