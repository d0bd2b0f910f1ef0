import type { Latency } from '../house/stats.ts';

/** One phase for the load generator. It fails on any answer but the upstream's own, which is known by what it holds. */
export type LoadJob = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly expected: string;
  readonly connections: number;
  readonly requests: number;
};

export type LoadResult = { readonly requestsPerSecond: number; readonly latency: Latency };
