/** The gateway: callers' routes, admission, metering, streaming. */
export type { GatewayDeps, GatewayKeys, GatewayLimits } from './deps.ts';
export { Gateway } from './gateway.ts';
export { KeyLookup } from './key-lookup.ts';
export { Principals } from './principals.ts';
export { Replays } from './replays.ts';
export { SANDBOX_URL, Sources } from './sources.ts';
