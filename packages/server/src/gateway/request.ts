import type { Hex } from '@tallystick/core';
import type { PoolHeaders } from './pool-headers.ts';
import type { Principal } from './principals.ts';
import type { EndpointSpec, Plan } from './providers/endpoint.ts';
import type { BillableBytes } from './text-bytes.ts';

/** One caller's request, read and understood; what all its attempts have in common. */
export type CallRequest = {
  /** UUIDv7. */
  readonly callId: string;
  readonly spec: EndpointSpec;
  readonly principal: Principal;
  readonly plan: Plan;
  readonly requestHash: Hex;
  readonly responseSalt: Uint8Array;
  readonly idempotencyKey: string | undefined;
  readonly pool: PoolHeaders;
  /** See `billableBytes`: found once, however many sources are tried. */
  readonly billableBytes: BillableBytes;
  /** Monotonic ms. */
  readonly arrivedAt: number;
};
