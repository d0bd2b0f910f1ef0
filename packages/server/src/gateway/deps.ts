import type { Clock } from '#ground/clock';
import type { Log } from '#ground/log';
import type { Metrics } from '#ground/metrics';
import type { Ledger } from '#ledger';
import type { Vault } from '#vault';
import type { Principals } from './principals.ts';
import type { Replays } from './replays.ts';
import type { Sources } from './sources.ts';

export type GatewayLimits = {
  readonly bodyBytesMax: number;
  /** All bodies in memory together. */
  readonly bodiesBytesMax: number;
  readonly bodyTimeoutMs: number;
  readonly answerBytesMax: number;
  readonly callsMax: number;
  readonly callDeadlineMs: number;
  readonly readerStallMs: number;
  /** Further attempts after one that was provably not billed. */
  readonly retriesMax: number;
  readonly retryWaitMaxMs: number;
  /** Tokens. */
  readonly outputDefault: bigint;
};

export type GatewayKeys = { readonly idempotency: Buffer };

/** What the gateway is given; it makes none of it itself. */
export type GatewayDeps = {
  readonly ledger: Ledger;
  readonly vault: Pick<Vault, 'open'>;
  readonly principals: Principals;
  readonly sources: Sources;
  readonly replays: Replays;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly limits: GatewayLimits;
  readonly keys: GatewayKeys;
  /** A receipt was committed and waits for its signature. */
  readonly onReceipt: () => void;
  /** A call with an idempotency key has ended, and its answer is kept where it is to be; for processes that are asked for the same key. */
  readonly onKeyedCallOver?: (callId: string) => void;
};
