/**
 * One member of an object, as byte offsets into the body: `start` is the key's opening quote, `end` is one past the value
 * (and equals `valueEnd`). Whitespace and commas around it belong to no span.
 */
export type Span = {
  readonly key: string;
  readonly start: number;
  readonly end: number;
  readonly valueStart: number;
  readonly valueEnd: number;
};

/** An object whose members were recorded: `open` is the offset of `{`, `close` that of `}`. */
export type ObjectSpans = { readonly open: number; readonly close: number; readonly members: readonly Span[] };

/** A captured value: strings unescaped, integers and numbers as checked doubles. */
export type Scalar = string | number | boolean | null;

/** What one pass over a body has found. */
export type WalkedBody = {
  readonly top: ObjectSpans;
  /** By key: the top-level fields whose node asked for `spans` and whose value is an object. */
  readonly nested: ReadonlyMap<string, ObjectSpans>;
  readonly captured: ReadonlyMap<string, Scalar>;
  /** Start and end of each value whose node says `media`, quotes included, in order. */
  readonly media: readonly { readonly start: number; readonly end: number }[];
  /** `count` and `tally` of the schema; a name that never matched is absent. */
  readonly counts: ReadonlyMap<string, number>;
  /**
   * Digits that a re-printing of the numbers with an exponent could add (`1e20` may be sent to the model as 21 digits).
   * Add it to the text bytes of a `bytes` bound.
   */
  readonly numberExpansion: number;
};

export type WalkLimits = { readonly bytesMax: number; readonly depthMax: number; readonly membersMax: number };

/** `bytesMax`: 8 MiB; `depthMax`: 64 nested containers; `membersMax`: 16,384 keys in one object. */
export const WALK_LIMITS: WalkLimits = { bytesMax: 8 * 1024 * 1024, depthMax: 64, membersMax: 16_384 };
