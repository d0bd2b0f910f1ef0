export const DIALECT_NAMES = ['openai', 'anthropic', 'google'] as const;
export type DialectName = (typeof DIALECT_NAMES)[number];

/** How the upstream answers a stream: `probe` ends at once, `held` goes on at a fixed pace until it is told to end, `rush` never waits. */
export const STREAM_KINDS = ['probe', 'held', 'rush'] as const;
export type StreamKind = (typeof STREAM_KINDS)[number];

/** One dialect's requests and answers: the same bytes for every subject. A path carries its query. */
export type Dialect = {
  readonly name: DialectName;
  /** Where the provider's paths begin: what a source's `base_url` ends with. */
  readonly base: '/v1' | '/v1beta';
  /** What Tallystick's source must be told of the model; empty where the built-in facts know it. */
  readonly declared: Readonly<Record<string, unknown>>;
  /** The header that the official SDK sends its key in. */
  keyHeader(key: string): Readonly<Record<string, string>>;
  readonly json: { readonly path: string; readonly body: string; readonly answer: string };
  readonly stream: {
    readonly path: string;
    body(kind: StreamKind): string;
    /** What comes before the first text; may be empty. */
    readonly opening: string;
    /** The frame with the text numbered `seq`. @param isAsked whether the request asked for usage, where a dialect has such a thing. */
    frame(seq: number, text: string, isAsked: boolean): string;
    closing(isAsked: boolean): string;
    /** The last bytes of a whole stream. */
    readonly end: string;
  };
};

/** One frame of a server-sent-events stream. */
export function sse(data: unknown, event?: string): string {
  const named = event === undefined ? '' : `event: ${event}\n`;
  return `${named}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
}
