import type { Latency } from '../house/stats.ts';

/** One stream as a caller asks for it. */
export type StreamRequest = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** What a whole stream ends with. */
  readonly end: string;
};

/** What the callers are asked to do, one thing at a time. */
export type CallerAsk =
  /** Opens held streams until there are `upTo`; answers when each has had its first frame. */
  | { readonly do: 'hold'; readonly request: StreamRequest; readonly upTo: number }
  /** Takes the time of every frame of the held streams for a while. */
  | { readonly do: 'watch'; readonly ms: number }
  /** One short stream after the other. */
  | { readonly do: 'probe'; readonly request: StreamRequest; readonly count: number }
  /** Streams that never wait, at once. */
  | { readonly do: 'rush'; readonly request: StreamRequest; readonly streams: number }
  /** Waits for the end of all held streams. */
  | { readonly do: 'drain' };

export type Watched = { readonly frames: number; readonly latency: Latency | null };
export type Rushed = { readonly frames: number; readonly elapsedMs: number };
/** `frames`: all that ever came, in all streams. */
export type Drained = { readonly frames: number };
